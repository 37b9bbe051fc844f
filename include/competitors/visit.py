"""A visit to a competitor's site: the steps of `competitors.yaml`, then the pages of the price list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from include.competitors.settings import SiteSettings, Step
from include.competitors.tables import HIDDEN, ListedRow, read_table
from include.errors import BadCredentials, InvalidRequest, RateLimited, VendorUnavailable

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

T = TypeVar("T")

_POLL_SECONDS = 0.2
# A copy of the table in which everything is marked that the page's styles do not show.
_SHOWN_TABLE = (
    "const copy = arguments[0].cloneNode(true), there = arguments[0].querySelectorAll('*'),"
    " same = copy.querySelectorAll('*');"
    "there.forEach((part, i) => { const style = getComputedStyle(part);"
    " if (style.display === 'none' || style.visibility === 'hidden')"
    f" same[i].setAttribute('{HIDDEN}', ''); }});"
    "return copy.outerHTML;"
)
_STATUS = "return [(performance.getEntriesByType('navigation')[0] || {}).responseStatus || 0, location.href]"
# Where Chromium shows its own page instead of one that it could not get.
_NO_PAGE = "chrome-error:"


@dataclass(frozen=True)
class Login:
    """Where the site is (without a slash at the end), and who we are there."""

    base: str
    login: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Login({self.base!r})"


class Visit:
    """One visit with one browser; `doing` says in words what is being done."""

    def __init__(self, driver: WebDriver, site: SiteSettings, login: Login) -> None:
        self._driver, self._site, self._login = driver, site, login
        self._typed_password = False
        self.doing = "before the first step"

    def rows(self) -> list[ListedRow]:
        """Do the steps and read all pages of the list.

        Raises `BadCredentials` when the site refuses the login, `VendorUnavailable` when it or the browser
        does not do its part in time, and `InvalidRequest` when the list is not as the settings say. Messages
        name the step and the selector.
        """
        with self._clear_errors():
            for number, step in enumerate(self._site.steps, 1):
                self.doing = f"step {number} of {len(self._site.steps)} ({step})"
                self._do(step)
            rows = [row for page in self._pages() for row in page]
        if len(rows) < self._site.fewest_rows:
            raise InvalidRequest(
                f"{self._site.name}: the table {self._site.table!r} has {len(rows)} rows, fewest_rows in "
                f"competitors.yaml expects {self._site.fewest_rows} or more: has the site changed?"
            )
        return rows

    def _do(self, step: Step) -> None:
        if step.open is not None:
            self._driver.get(self._login.base + step.open)
            self._check_status()
        elif step.fill is not None and step.value is not None:
            self._check_host()
            self._fill(step.fill, step.value)
        elif step.click is not None:
            self._click(step.click)
        elif step.wait_for is not None:
            self._shown(step.wait_for)

    def _fill(self, selector: str, value: str) -> None:
        text = self._login.login if value == "login" else self._login.password
        if not text:
            raise BadCredentials(f"the connection {self._site.connection!r} has no {value}")
        field = self._shown(selector)
        field.clear()
        field.send_keys(text)
        self._typed_password = self._typed_password or value == "password"

    def _click(self, selector: str) -> None:
        from selenium.common.exceptions import WebDriverException

        def clicked() -> bool:
            part = self._first(selector)
            if part is None or not part.is_enabled():
                return False
            try:
                part.click()
            except WebDriverException as error:
                # Something lies over it still, or the page has just replaced it.
                if "intercept" in str(error.msg) or "stale" in str(error.msg):
                    return False
                raise
            return True

        self._until(clicked, f"{selector!r} cannot be clicked")

    def _pages(self) -> Iterator[list[ListedRow]]:
        seen: list[str] = []
        paging = self._site.paging
        while True:
            number = len(seen) + 1
            self.doing = f"page {number} of the table {self._site.table!r}"
            html, rows = self._settled_table(seen[-1] if seen else None)
            if html in seen:
                raise InvalidRequest(
                    f"{self._site.name}: page {number} is page {seen.index(html) + 1} again: "
                    f"is paging.next ({paging.next if paging else ''!r}) the right button?"
                )
            seen.append(html)
            yield rows
            if paging is None or not self._goes_on(paging.next):
                return
            if number >= paging.most_pages:
                raise InvalidRequest(
                    f"{self._site.name}: the list goes on after {number} pages; raise paging.most_pages in "
                    "competitors.yaml if that is right"
                )
            self.doing = f"turning to page {number + 1} with {paging.next!r}"
            self._click(paging.next)

    def _goes_on(self, selector: str) -> bool:
        part = self._first(selector)
        return (
            part is not None
            and part.is_enabled()
            and part.get_attribute("aria-disabled") != "true"
            and "disabled" not in (part.get_attribute("class") or "").split()
        )

    def _settled_table(self, before: str | None) -> tuple[str, list[ListedRow]]:
        """The table as the page shows it, once it has rows, is another than `before`, and stays as it is."""
        last = ""
        unfit: InvalidRequest | None = None

        def settled() -> tuple[str, list[ListedRow]] | None:
            nonlocal last, unfit
            part = self._first(self._site.table)
            html = str(self._driver.execute_script(_SHOWN_TABLE, part)) if part is not None else ""
            stays, last = html == last, html
            if not html or not stays or html == before:
                return None
            try:
                rows = read_table(html, self._site.columns.wanted)
            except InvalidRequest as error:
                # While a list is loading, another table often stands in its place.
                unfit = error
                return None
            return (html, rows) if rows else None

        what = "has no rows" if before is None else "did not change"
        try:
            return self._until(settled, f"the table {self._site.table!r} is not there or {what}")
        except VendorUnavailable:
            if unfit is not None and last and before is None:
                raise InvalidRequest(f"{self._site.name}, {self.doing}: {unfit}") from None
            raise

    def _shown(self, selector: str) -> WebElement:
        return self._until(lambda: self._first(selector), f"{selector!r} is not to be seen")

    def _first(self, selector: str) -> WebElement | None:
        found = self._driver.find_elements("css selector", selector)
        return next((part for part in found if part.is_displayed()), None)

    def _until(self, ready: Callable[[], T | None], complaint: str) -> T:
        from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
        from selenium.webdriver.support.wait import WebDriverWait

        def look(_driver: WebDriver) -> T | None:
            self._check_refused()
            return ready()

        seconds = self._site.wait_seconds
        wait = WebDriverWait(self._driver, seconds, _POLL_SECONDS, [StaleElementReferenceException])
        try:
            return wait.until(look)  # type: ignore[return-value]
        except TimeoutException:
            self._check_status()
            raise VendorUnavailable(
                f"{self._site.name}, {self.doing}: {complaint} within {seconds:g} s on the page "
                f"{self._driver.title!r} ({self._here()})"
            ) from None

    def _check_refused(self) -> None:
        if self._typed_password and self._site.refused and self._first(self._site.refused) is not None:
            raise BadCredentials(
                f"{self._site.name}, {self.doing}: the site refuses the login of the connection "
                f"{self._site.connection!r} (it shows {self._site.refused!r}); mend login and password there"
            )

    def _check_status(self) -> None:
        status, address = self._driver.execute_script(_STATUS)
        if str(address).startswith(_NO_PAGE):
            raise VendorUnavailable(f"{self._site.name}, {self.doing}: the site cannot be reached")
        message = f"{self._site.name}, {self.doing}: the site answers {status} at {self._here()}"
        if status == 429:
            raise RateLimited(message)
        if status >= 500:
            raise VendorUnavailable(message)
        if status >= 400:
            raise InvalidRequest(message)

    def _check_host(self) -> None:
        """Type nothing secret into a page that is not the connection's site."""
        wanted, there = urlsplit(self._login.base), urlsplit(self._driver.current_url)
        if (there.scheme, there.netloc) != (wanted.scheme, wanted.netloc):
            raise InvalidRequest(
                f"{self._site.name}, {self.doing}: the page is at {there.scheme}://{there.hostname}, not at "
                f"{wanted.scheme}://{wanted.hostname}: nothing was typed. Is the connection's host right?"
            )

    def _here(self) -> str:
        return urlsplit(self._driver.current_url).path

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        from selenium.common.exceptions import InvalidSelectorException, WebDriverException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except InvalidSelectorException:
            raise InvalidRequest(
                f"{self._site.name}, {self.doing}: the browser does not understand the selector; mend it in "
                "competitors.yaml"
            ) from None
        except (WebDriverException, HTTPError, OSError) as error:
            said = (getattr(error, "msg", None) or type(error).__name__).splitlines()[0]
            raise VendorUnavailable(
                f"{self._site.name}, {self.doing}: the page did not load or the browser ended: {said}"
            ) from None
