"""The script that draws a page's charts: one file for all pages, one level above them.

A page refers to it by its version, so that a page of last year finds the script that it was made for.
"""

from __future__ import annotations

import re

_USED = re.compile(rb'<script src="\.\./(plotly-[0-9][0-9.]*\.min\.js)">')
SCRIPT_NAME = re.compile(r"plotly-[0-9][0-9.]{0,30}\.min\.js")


def script_name() -> str:
    """The file's name, such as plotly-4.1.1.min.js."""
    from plotly.offline import get_plotlyjs_version

    return f"plotly-{get_plotlyjs_version()}.min.js"


def script_of(page: bytes) -> str | None:
    """The name of the script that a page needs beside its folder; None when it needs none."""
    found = _USED.search(page)
    return found[1].decode() if found else None


def script_content() -> bytes:
    """The script itself, 5 MB."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).encode()
