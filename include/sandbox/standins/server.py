"""All stand-ins in one process."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from filelock import FileLock, Timeout

from include.errors import InvalidRequest
from include.sandbox.standins.bigcommerce import app as bigcommerce_app
from include.sandbox.standins.bigcommerce import errors as bigcommerce_errors
from include.sandbox.standins.bigcommerce.quota import Quota
from include.sandbox.standins.certificate import server_context
from include.sandbox.standins.competitor import app as competitor_app
from include.sandbox.standins.context import Context
from include.sandbox.standins.controls import Controls
from include.sandbox.standins.counterpoint_api import app as counterpoint_app
from include.sandbox.standins.counterpoint_api import errors as counterpoint_errors
from include.sandbox.standins.faults import FaultOrders
from include.sandbox.standins.http_server import HttpServer
from include.sandbox.standins.journal import Journal
from include.sandbox.standins.outbox import pages
from include.sandbox.standins.ports import Ports, listen
from include.sandbox.standins.sandbox_api import router as sandbox_router
from include.sandbox.standins.smtp import SmtpServer
from include.sandbox.standins.state import open_state
from include.sandbox.standins.traffic import HttpVendor, VendorTraffic
from include.sandbox.standins.twilio import app as twilio_app
from include.sandbox.standins.twilio import errors as twilio_errors
from include.sandbox.standins.webdav import MOUNT, WebDavServer

_Part = TypeVar("_Part")

_HTTP_VENDORS = (
    HttpVendor("bigcommerce", bigcommerce_app.PREFIX, bigcommerce_errors.fault_answer),
    HttpVendor("counterpoint_api", counterpoint_app.PREFIX, counterpoint_errors.fault_answer),
    HttpVendor("twilio", twilio_app.PREFIX, twilio_errors.fault_answer),
    HttpVendor("competitor", competitor_app.PREFIX, competitor_app.fault_answer),
)


class StandIns(Controls):
    """The stand-ins of BigCommerce, Counterpoint API, Twilio, WebDAV, mail and a competitor, in threads of
    this process.

    What they received and hold is kept in `state_dir` and is there again at the next start. A port of `ports`
    that is taken is replaced by another; `replaced_ports` says so. `advertised_host` is the name by which
    others reach this machine where that is not `host`. `time_zone` is the store's.

    Raises `InvalidRequest` when another process serves the same folder.
    """

    def __init__(
        self,
        state_dir: Path,
        ports: Ports | None = None,
        *,
        host: str = "127.0.0.1",
        advertised_host: str | None = None,
        quota: Quota | None = None,
        time_zone: str = "America/New_York",
    ) -> None:
        self.state_dir = state_dir.resolve()
        self.host = host
        self.advertised_host = advertised_host or host
        self.quota = quota or Quota()
        self.replaced_ports: dict[str, tuple[int, int]] = {}
        self._ports = ports or Ports()
        self._time_zone = ZoneInfo(time_zone)
        self._started = ExitStack()
        self._context: Context | None = None
        self._http: HttpServer | None = None
        self._webdav: WebDavServer | None = None
        self._smtp: SmtpServer | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start all servers; returns when each of them answers."""
        with ExitStack() as starting:
            self._lock(starting)
            engine = open_state(self.state_dir)
            starting.callback(engine.dispose)
            context = Context(
                state_dir=self.state_dir,
                engine=engine,
                journal=Journal(engine),
                faults=FaultOrders(engine),
                quota=self.quota,
                time_zone=self._time_zone,
            )
            self._context = context
            certificate = server_context(self.state_dir)
            self._http = HttpServer(_application(context), listen(self.host, self._ports.http))
            _begin(self._http, starting)
            self._webdav = WebDavServer(context, self.host, self._ports.webdav)
            _begin(self._webdav, starting)
            self._smtp = SmtpServer(context, listen(self.host, self._ports.smtp), certificate)
            _begin(self._smtp, starting)
            self._note_replaced_ports()
            self._started = starting.pop_all()

    def stop(self) -> None:
        """Stop all servers and let go of the folder."""
        self._started.close()

    @property
    def context(self) -> Context:
        """What the stand-ins share; raises `InvalidRequest` before the start."""
        return _needed(self._context)

    @property
    def http_url(self) -> str:
        """The address of all HTTP stand-ins, without a slash at its end; also BigCommerce's base address."""
        return f"http://{self.advertised_host}:{_needed(self._http).port}"

    @property
    def counterpoint_api_url(self) -> str:
        """The base address of the Counterpoint API."""
        return self.http_url + counterpoint_app.PREFIX

    @property
    def twilio_url(self) -> str:
        """The base address of Twilio, in the place of `https://api.twilio.com`."""
        return self.http_url + twilio_app.PREFIX

    @property
    def competitor_url(self) -> str:
        """The address of the competitor's site, without a slash at its end."""
        return self.http_url + competitor_app.PREFIX

    @property
    def webdav_url(self) -> str:
        """The address of the WebDAV folder, without a slash at its end."""
        return f"http://{self.advertised_host}:{_needed(self._webdav).port}{MOUNT}"

    @property
    def webdav_dir(self) -> Path:
        """The folder on disk that WebDAV serves."""
        return self.context.webdav_dir

    @property
    def smtp_port(self) -> int:
        """The port of the mail server."""
        return _needed(self._smtp).port

    @property
    def outbox_url(self) -> str:
        """The page that shows what the vendors received."""
        return f"{self.http_url}/outbox"

    def _lock(self, starting: ExitStack) -> None:
        self.state_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.state_dir / "standins.lock")
        try:
            starting.enter_context(lock.acquire(timeout=0))
        except Timeout:
            raise InvalidRequest(f"another process already serves {self.state_dir}") from None

    def _note_replaced_ports(self) -> None:
        asked = {"http": self._ports.http, "webdav": self._ports.webdav, "smtp": self._ports.smtp}
        got = {
            "http": _needed(self._http).port,
            "webdav": _needed(self._webdav).port,
            "smtp": _needed(self._smtp).port,
        }
        self.replaced_ports = {
            name: (port, got[name]) for name, port in asked.items() if port and port != got[name]
        }


def _application(context: Context) -> VendorTraffic:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.context = context
    app.include_router(sandbox_router)
    app.include_router(pages.router)
    app.add_api_route("/", _to_outbox, include_in_schema=False)
    app.mount(bigcommerce_app.PREFIX, bigcommerce_app.build(context))
    app.mount(counterpoint_app.PREFIX, counterpoint_app.build(context))
    app.mount(twilio_app.PREFIX, twilio_app.build(context))
    app.mount(competitor_app.PREFIX, competitor_app.build(context))
    return VendorTraffic(app, context, _HTTP_VENDORS)


def _begin(server: HttpServer | WebDavServer | SmtpServer, starting: ExitStack) -> None:
    starting.callback(server.stop)
    server.start()


def _to_outbox() -> RedirectResponse:
    return RedirectResponse("/outbox")


def _needed(part: _Part | None) -> _Part:
    if part is None:
        raise InvalidRequest("the stand-ins have not been started")
    return part
