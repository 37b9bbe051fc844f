"""A headless Chromium for one visit: a profile of its own, and certainly ended afterwards."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from include.errors import VendorUnavailable

if TYPE_CHECKING:
    import psutil
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.remote.webdriver import WebDriver

log = logging.getLogger(__name__)

CHROMIUM, CHROMEDRIVER = "RETAIL_OPS_CHROMIUM", "RETAIL_OPS_CHROMEDRIVER"
_NAMES = {
    CHROMIUM: ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    CHROMEDRIVER: ("chromedriver", "chromium.chromedriver"),
}
# In the environment of every process of a browser: who started it. So what a killed worker left is known.
_MARK = "RETAIL_OPS_BROWSER_OF"
_PROFILES = "retail-ops-browser-"
_ANSWER_SECONDS = 30
_FLAGS = (
    "--headless=new",
    "--window-size=1400,1000",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-breakpad",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
    "--disable-features=Translate,MediaRouter,OptimizationHints,AutofillServerCommunication",
)
# Nothing is saved on this machine: no download, no password, no file of a page.
_PREFERENCES = {
    "download_restrictions": 3,
    "credentials_enable_service": False,
    "profile.password_manager_enabled": False,
    "profile.default_content_setting_values.notifications": 2,
}


@dataclass(frozen=True)
class Programs:
    """Where Chromium and its driver are on this machine."""

    chromium: str
    chromedriver: str


def find_programs() -> Programs | None:
    """The two programs: as RETAIL_OPS_CHROMIUM and RETAIL_OPS_CHROMEDRIVER say, else as found on the path.

    None when one of them is missing; nothing is ever downloaded.
    """
    found = {variable: _program(variable) for variable in _NAMES}
    chromium, driver = found[CHROMIUM], found[CHROMEDRIVER]
    return Programs(chromium, driver) if chromium and driver else None


def _program(variable: str) -> str | None:
    if given := os.environ.get(variable):
        return shutil.which(given)
    return next((path for name in _NAMES[variable] if (path := shutil.which(name))), None)


@contextmanager
def browser(programs: Programs, *, page_seconds: float, sandbox: bool) -> Iterator[WebDriver]:
    """A browser for the block; at its end all of its processes and its profile are gone, whatever happened.

    `page_seconds` limits the loading of a page and the run of a script. Raises `VendorUnavailable` when it
    does not start.
    """
    from selenium.webdriver.chrome.service import Service

    end_leftovers()
    # Their debug lines would hold what is typed into pages.
    for name in ("selenium", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix=_PROFILES, ignore_cleanup_errors=True) as folder:
        mark = f"{_own_mark()}:{folder}"
        environment = {**os.environ, _MARK: mark, "TMPDIR": folder}
        service = Service(
            programs.chromedriver,
            log_output=subprocess.DEVNULL,
            env=environment,
            popen_kw={"start_new_session": True},
        )
        try:
            yield _started(service, _options(programs, folder, sandbox), page_seconds)
        finally:
            _end(service, mark)


def _started(service: Service, options: Options, page_seconds: float) -> WebDriver:
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver import Remote
    from selenium.webdriver.common.proxy import Proxy
    from selenium.webdriver.remote.client_config import ClientConfig
    from urllib3.exceptions import HTTPError

    try:
        service.start()
        # The driver is on this machine: no proxy, and no waiting for one that does not answer.
        client = ClientConfig(
            service.service_url,
            proxy=Proxy({"proxyType": "direct"}),
            timeout=int(page_seconds + _ANSWER_SECONDS),
        )
        driver = Remote(service.service_url, options=options, client_config=client)
        driver.set_page_load_timeout(page_seconds)
        driver.set_script_timeout(page_seconds)
    except (WebDriverException, HTTPError, OSError) as error:
        said = (getattr(error, "msg", None) or str(error)).splitlines()[0]
        raise VendorUnavailable(
            f"Chromium ({options.binary_location}) did not start: {said}. In a container, what is missing is "
            "often `browser.sandbox: false` in competitors.yaml."
        ) from None
    return driver


def _options(programs: Programs, folder: str, sandbox: bool) -> Options:
    from selenium.webdriver.chrome.options import Options

    options = Options()
    options.binary_location = programs.chromium
    flags = [*_FLAGS, f"--user-data-dir={folder}/profile", f"--disk-cache-dir={folder}/cache"]
    # Chromium refuses to start with its sandbox for root.
    if not sandbox or os.geteuid() == 0:
        flags.append("--no-sandbox")
    for flag in flags:
        options.add_argument(flag)
    options.add_experimental_option("prefs", _PREFERENCES)
    return options


def _end(service: Service, mark: str) -> None:
    # Nothing of the profile is kept, so nobody is asked first: what hangs would not listen.
    _kill(_processes_of(mark))
    if getattr(service, "process", None) is not None:
        service.stop()


def end_leftovers() -> None:
    """End browsers whose worker was killed before it could do so."""
    import psutil

    marks = {mark for process in psutil.process_iter() if (mark := _mark_of(process))}
    for mark in marks:
        if not _lives(mark.partition(":")[0]):
            log.warning("Ended a browser that a killed task had left behind")
            _kill(_processes_of(mark))
            folder = mark.partition(":")[2]
            if Path(folder).name.startswith(_PROFILES):
                shutil.rmtree(folder, ignore_errors=True)


def _processes_of(mark: str) -> list[psutil.Process]:
    """All processes of a browser: those with its mark, and those of its session, as Chromium overwrites the
    environment of some.
    """
    import psutil

    everything = list(psutil.process_iter())
    marked = [process for process in everything if _mark_of(process) == mark]
    own = os.getsid(0)
    sessions = {session for process in marked if (session := _session(process)) not in (None, own)}
    return [process for process in everything if process in marked or _session(process) in sessions]


def _session(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except OSError:
        return None


def _mark_of(process: psutil.Process) -> str:
    import psutil

    try:
        return process.environ().get(_MARK, "")
    except (psutil.Error, OSError):
        return ""


def _own_mark() -> str:
    import psutil

    return f"{os.getpid()}/{psutil.Process().create_time():.2f}"


def _lives(owner: str) -> bool:
    import psutil

    number, _, created = owner.partition("/")
    try:
        return f"{psutil.Process(int(number)).create_time():.2f}" == created
    except (psutil.Error, ValueError):
        return False


def _kill(processes: list[psutil.Process]) -> None:
    import psutil

    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=10)
