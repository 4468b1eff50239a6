"""``python -m erckit``: the command line, for where the ``erckit`` script is not on the path."""

from __future__ import annotations

import sys

from erckit.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
