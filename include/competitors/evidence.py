"""What a page looked like when a visit failed, without anything secret in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

GONE = "***"
# Before the picture is taken: nothing in a field, and no secret in a text.
_HIDE = (
    "const secrets = arguments[0];"
    "document.querySelectorAll('input, textarea').forEach(field => { field.value = ''; });"
    "const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);"
    "while (walk.nextNode()) { let text = walk.currentNode.nodeValue;"
    " for (const secret of secrets) text = text.split(secret).join('***');"
    " if (text !== walk.currentNode.nodeValue) walk.currentNode.nodeValue = text; }"
)
_SPELLINGS = (str, escape, partial(escape, quote=False), quote, quote_plus)


def failed_page(driver: WebDriver, secrets: Sequence[str]) -> tuple[bytes | None, bytes | None]:
    """The page's source and a picture of it (PNG); None for what the browser cannot give any more."""
    from selenium.common.exceptions import WebDriverException
    from urllib3.exceptions import HTTPError

    source = picture = None
    try:
        source = without_secrets(driver.page_source, secrets).encode("utf-8", "replace")
        driver.execute_script(_HIDE, [secret for secret in secrets if secret])
        picture = driver.get_screenshot_as_png()
    except (WebDriverException, HTTPError, OSError):
        pass
    return source, picture


def without_secrets(html: str, secrets: Sequence[str]) -> str:
    """A page without what fields hold, what scripts know, and the given secrets in any way of writing."""
    from bs4 import BeautifulSoup

    page = BeautifulSoup(html, "lxml")
    for field in page.find_all("input"):
        if field.get("value") and str(field.get("type", "text")).lower() not in ("submit", "button"):
            field["value"] = GONE
    for field in page.find_all("meta"):
        if "csrf" in str(field.get("name", "")).lower():
            field["content"] = GONE
    text = str(page)
    written = {form(one) for one in secrets if one for form in _SPELLINGS}
    for secret in sorted(written, key=len, reverse=True):
        text = text.replace(secret, GONE)
    return text
