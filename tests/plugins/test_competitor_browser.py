"""The browser and its visits to the stand-in's site: what goes wrong is said clearly, and nothing stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from include.competitors.evidence import failed_page
from include.competitors.settings import SiteSettings, competitor_settings
from include.competitors.visit import Login, Visit
from include.errors import BadCredentials, InvalidRequest, RateLimited, VendorUnavailable
from include.sandbox.standins import credentials
from include.sandbox.standins.competitor import page_html, price_list
from include.sandbox.standins.server import StandIns
from retail_ops.browser import Programs, browser, find_programs
from retail_ops.competitor_prices import read_site

programs = find_programs()
pytestmark = pytest.mark.skipif(programs is None, reason="no Chromium with its driver to browse with")


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """One browser for the tests that leave it as it is; cookies are the only thing it keeps."""
    assert programs is not None
    with browser(programs, page_seconds=20, sandbox=True) as started:
        yield started


@pytest.fixture
def fresh(driver: Any, running: StandIns) -> Iterator[Any]:
    driver.get(running.competitor_url + "/login")
    driver.delete_all_cookies()
    yield driver
    running.context.faults.clear()


def site(**changes: Any) -> SiteSettings:
    values = competitor_settings().sites["greenfields"].model_dump(by_alias=True, exclude_none=True)
    return SiteSettings.model_validate({**values, "fewest_rows": 1, "wait_seconds": 3, **changes})


def login(running: StandIns, password: str = credentials.COMPETITOR_PASSWORD) -> Login:
    return Login(running.competitor_url, credentials.COMPETITOR_USER, password)


def browsers() -> set[int]:
    """Living processes; what is dead waits for somebody to ask how it ended."""
    return {
        process.pid
        for process in psutil.process_iter(["name", "status"])
        if process.info["name"].startswith("chrom") and process.info["status"] != psutil.STATUS_ZOMBIE
    }


def test_a_wrong_password_is_known_as_such(fresh: Any, running: StandIns) -> None:
    with pytest.raises(
        BadCredentials, match=r"step 5 of 7 \(wait_for .* refuses the login of the connection"
    ):
        Visit(fresh, site(), login(running, "wrong-pass&word")).rows()
    source, picture = failed_page(fresh, ("wrong-pass&word", credentials.COMPETITOR_USER))
    assert source is not None
    assert b"login-error" in source
    assert credentials.COMPETITOR_USER.encode() not in source
    assert picture is not None
    assert credentials.COMPETITOR_USER not in fresh.page_source


def test_nothing_secret_is_typed_into_a_page_of_another_host(fresh: Any, running: StandIns) -> None:
    elsewhere = login(running)
    other = Login(elsewhere.base.replace("127.0.0.1", "localhost"), elsewhere.login, elsewhere.password)
    visit = Visit(fresh, site(), other)
    visit._driver.get(running.competitor_url + "/login")
    with pytest.raises(InvalidRequest, match="nothing was typed"):
        visit._do(site().steps[1])
    assert fresh.find_element("name", "account").get_attribute("value") == ""


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"table": "#prices"}, VendorUnavailable, r"table '#prices': .* within 3 s on the page"),
        ({"columns": {"name": "Plant", "price": "Cost"}}, InvalidRequest, r"headed 'Cost'.*'Container'"),
        ({"fewest_rows": 500}, InvalidRequest, "fewest_rows in competitors.yaml expects 500"),
        ({"steps": [{"open": "/login"}, {"wait_for": "form["}]}, InvalidRequest, "understand the selector"),
        ({"steps": [{"open": "/nowhere"}]}, InvalidRequest, "step 1 of 1 .*the site answers 404"),
    ],
)  # fmt: skip
def test_what_does_not_fit_names_step_and_selector(
    fresh: Any, running: StandIns, changes: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        Visit(fresh, site(**changes), login(running)).rows()


@pytest.mark.parametrize(
    ("order", "error"),
    [
        ({"kind": "status", "status": 503}, VendorUnavailable),
        ({"kind": "status", "status": 429}, RateLimited),
        ({"kind": "drop_connection"}, VendorUnavailable),
    ],
    ids=["503", "429", "dropped"],
)
def test_a_site_in_trouble_is_tried_again_later(
    fresh: Any, running: StandIns, order: dict[str, Any], error: type[Exception]
) -> None:
    running.order_fault("competitor", match="/login", count=3, **order)
    with pytest.raises(error, match="step 1 of 7"):
        Visit(fresh, site(), login(running)).rows()


def test_a_site_that_is_not_there_is_said(fresh: Any) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(VendorUnavailable, match="step 1 of 7"):
            Visit(fresh, site(), Login(base, "a", "b")).rows()


def test_a_list_of_many_pages_is_read_to_its_end_and_within_its_bound(
    fresh: Any, running: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Visit(fresh, site(), login(running)).rows()
    for module in (price_list, page_html):
        monkeypatch.setattr(module, "PAGE", 3)
    assert Visit(fresh, site(wait_seconds=15), login(running)).rows() == whole
    two = {"next": "#next-page", "most_pages": 2}
    with pytest.raises(InvalidRequest, match=r"goes on after 2 pages; raise paging\.most_pages"):
        Visit(fresh, site(paging=two), login(running)).rows()
    wrong = {"next": "h1", "most_pages": 5}
    with pytest.raises(VendorUnavailable, match=r"page 2 of the table '#stock': .* did not change"):
        Visit(fresh, site(paging=wrong), login(running)).rows()


def test_a_slow_list_is_waited_for(fresh: Any, running: StandIns) -> None:
    running.order_fault("competitor", "slow", match="/availability/rows", seconds=2)
    assert len(Visit(fresh, site(wait_seconds=15), login(running)).rows()) > 5


def test_a_browser_that_crashes_is_a_clear_error_and_leaves_nothing(
    running: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert programs is not None
    before = browsers()
    steps = Visit._do
    done = 0

    def crash_at_the_click(visit: Visit, step: Any) -> None:
        nonlocal done
        if step.click and not done:
            done = 1
            for pid in browsers() - before:
                # The browser's helpers come and go by themselves.
                with suppress(psutil.Error, ProcessLookupError):
                    if "--headless=new" in " ".join(psutil.Process(pid).cmdline()):
                        os.kill(pid, signal.SIGKILL)
        steps(visit, step)

    monkeypatch.setattr(Visit, "_do", crash_at_the_click)
    with browser(programs, page_seconds=20, sandbox=True) as started:
        with pytest.raises(VendorUnavailable, match=r"step 4 of 7 \(click .*browser ended"):
            Visit(started, site(), login(running)).rows()
        assert failed_page(started, ("x",)) == (None, None)
    assert browsers() <= before
    with browser(programs, page_seconds=20, sandbox=True) as again:
        assert Visit(again, site(wait_seconds=15), login(running)).rows()
    assert browsers() <= before


def test_the_browser_of_a_killed_worker_is_ended_by_the_next(running: StandIns) -> None:
    assert programs is not None
    before = browsers()
    kept = set(Path(tempfile.gettempdir()).glob("retail-ops-browser-*"))
    code = (
        "import sys; from retail_ops.browser import browser, find_programs\n"
        "with browser(find_programs(), page_seconds=20, sandbox=True):\n"
        "    print('up', flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    worker = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"up\n"
    worker.kill()
    worker.wait()
    left = browsers() - before
    profiles = set(Path(tempfile.gettempdir()).glob("retail-ops-browser-*"))
    assert left
    assert profiles - kept
    with browser(programs, page_seconds=20, sandbox=True):
        assert not left & browsers()
        assert not any(profile.exists() for profile in profiles - kept)
    assert browsers() <= before


def test_a_chromium_that_does_not_start_is_said(tmp_path: Any) -> None:
    assert programs is not None
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    with (
        pytest.raises(VendorUnavailable, match="did not start"),
        browser(Programs(str(broken), programs.chromedriver), page_seconds=5, sandbox=True),
    ):
        pass


def test_a_run_of_a_past_day_that_is_cleared_does_not_keep_todays_prices_as_that_day_s() -> None:
    old: Any = SimpleNamespace(when=datetime(2020, 1, 7, 2, 30, tzinfo=UTC), was_cleared=True)
    with pytest.raises(InvalidRequest, match=r"2020-01-07.*shows today's prices"):
        read_site(old, next(iter(competitor_settings().enabled)))
