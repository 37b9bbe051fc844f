"""What every stand-in is given: where it keeps its things, its journal and its fault orders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from starlette.requests import Request

from include.sandbox.standins.bigcommerce.quota import Quota
from include.sandbox.standins.faults import FaultOrders
from include.sandbox.standins.journal import Journal


@dataclass(frozen=True)
class Context:
    """The parts that the stand-ins share."""

    state_dir: Path
    engine: Engine
    journal: Journal
    faults: FaultOrders
    quota: Quota
    time_zone: ZoneInfo

    @property
    def webdav_dir(self) -> Path:
        """The folder that the WebDAV server serves."""
        return self.state_dir / "webdav"

    @property
    def mail_dir(self) -> Path:
        """The folder that holds the received mails as .eml files."""
        return self.state_dir / "mails"


def context_of(request: Request) -> Context:
    """The context of the application that serves `request`."""
    context: Context = request.app.state.context
    return context
