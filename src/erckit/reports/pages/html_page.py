"""A whole HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import hashlib

from erckit.reports.pages.html_text import html_text


def html_page(title: str, style: str, script: str, body: str) -> str:
    """A page that opens from disk, without network.

    Args:
        title: Plain text.
        style: The style sheet.
        script: The only script.
        body: What stands before it.
    """
    # The policy forbids every request and every script but ours, should a text ever get past the escaping.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{html_text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"{body}\n<script>{script}</script>\n</body>\n</html>\n"
    )
