"""The page that the server shows: files only, nothing from elsewhere."""

from __future__ import annotations

from erckit.web.page_files import PAGE_POLICY, page_files

__all__ = ["PAGE_POLICY", "page_files"]
