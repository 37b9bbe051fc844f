"""A letter as a page that needs nothing but itself, for the store's files."""

from __future__ import annotations

import base64
from html import escape

from include.reporting.letter import PICTURE, Letter

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_FILES = (
    '<div class="files" style="max-width:680px;margin:0 auto;padding:0 24px 24px;font:14px Arial">{}</div>'
)
_FILE = '<a class="muted" style="color:#5b6b5f" download="{}" href="data:{};base64,{}">{}</a>'


def as_page(letter: Letter) -> bytes:
    """The page: the mail's HTML with its pictures inside, and its files as links."""
    pictures = {
        image.name: f'src="data:image/{image.kind};base64,{_encoded(image.content)}"'
        for image in letter.images
    }
    page = PICTURE.sub(lambda found: pictures[found[1]], letter.html)
    page = page.replace(
        "<head>", f'<head>\n<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">', 1
    )
    links = [
        _FILE.format(escape(file.name), escape(file.content_type), _encoded(file.content), escape(file.name))
        for file in letter.attachments
    ]
    before, end, after = page.rpartition("</body>")
    files = _FILES.format(" · ".join(links)) if links else ""
    return f"{before}{files}{end}{after}".encode()


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
