"""Bringing the laptop house up and down."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock
from sqlalchemy import URL, Engine

from include.files import write_atomically
from include.sandbox.laptop import airflow_settings, processes
from include.sandbox.laptop.airflow_api import AirflowApi
from include.sandbox.laptop.places import ROOT, Places
from include.sandbox.laptop.ports import is_free, preferred
from include.settings import store_settings

AIRFLOW_PORT, STANDINS_PORT, INBOUND_PORT = 8080, 8085, 8087
INBOUND_NEEDS = ("store_db", "twilio", "web_forms")
START_SECONDS = 240

Say = Callable[[str], None]


class HouseError(Exception):
    """The house could not be brought up; the message names the log file to read."""


@dataclass(frozen=True)
class Running:
    """What runs where."""

    airflow_url: str
    outbox_url: str
    inbound_url: str
    schedules: bool
    processes: dict[str, int]


def running(places: Places) -> Running | None:
    """The house as it runs now, or None when a part of it is missing."""
    if not places.state.exists():
        return None
    saved = json.loads(places.state.read_text())
    if saved.keys() != Running.__dataclass_fields__.keys():
        return None  # an earlier version started it
    found = Running(**saved)
    alive = all(processes.runs(pid) for pid in found.processes.values())
    return found if alive and AirflowApi(found.airflow_url).is_healthy() else None


def up(places: Places, say: Say, *, schedules: bool, scale: float = 1.0) -> Running:
    """Start what does not run yet; with everything running already, it only says so.

    Raises `HouseError` when a part does not come up in time.
    """
    places.var.mkdir(parents=True, exist_ok=True)
    with FileLock(places.var / "house.lock"):
        found = running(places)
        if found and found.schedules == schedules:
            return found
        if processes.stop(places.var):
            say("Stopped what was left of an earlier start")
        return _start(places, say, schedules, scale)


def down(places: Places) -> int:
    """Stop everything; returns the number of processes that ended."""
    ended = processes.stop(places.var)
    places.state.unlink(missing_ok=True)
    return ended


def _start(places: Places, say: Say, schedules: bool, scale: float) -> Running:
    port = preferred(AIRFLOW_PORT)
    if port != AIRFLOW_PORT:
        say(f"Port {AIRFLOW_PORT} is taken: Airflow listens on {port}")
    variables = airflow_settings.environment(places, port, schedules=schedules)

    def launch(name: str, *command: str, **more: str) -> int:
        log = places.logs / f"{name}.log"
        return processes.start([sys.executable, "-m", *command], log, variables | more, places.var, ROOT)

    say("Preparing Airflow's database")
    migration = launch("migrate", "airflow", "db", "migrate")
    fill(places, say, scale)
    places.connections.unlink(missing_ok=True)
    started = {"standins": launch("standins", *_serve(places))}
    _wait(lambda: not processes.runs(migration), None, "Airflow's database", places.logs / "migrate.log")
    say("Starting Airflow")
    # Not `airflow standalone`: its children outlive it, and its log servers listen on every interface.
    started["api-server"] = launch("api-server", "airflow", "api-server")
    started["scheduler"] = launch("scheduler", "airflow", "scheduler", "--skip-serve-logs")
    started["dag-processor"] = launch("dag-processor", "airflow", "dag-processor")
    started["triggerer"] = launch("triggerer", "airflow", "triggerer", "--skip-serve-logs")
    _wait(
        places.connections.exists, started["standins"], "the vendor stand-ins", places.logs / "standins.log"
    )
    served = json.loads((places.sandbox / "standins.json").read_text())
    inbound_port = preferred(INBOUND_PORT)
    inbound_url = f"http://127.0.0.1:{inbound_port}"
    connections = airflow_settings.connections(places, inbound_url)
    serve = ("include.inbound", "--host", "127.0.0.1", "--port", str(inbound_port))
    started["inbound"] = launch(
        "inbound", *serve, **airflow_settings.as_variables(connections, INBOUND_NEEDS)
    )
    api = AirflowApi(f"http://127.0.0.1:{port}")
    _wait(api.is_healthy, started["api-server"], "Airflow", places.logs / "api-server.log")
    _wait(
        lambda: not is_free(inbound_port),
        started["inbound"],
        "the service that Twilio calls",
        places.logs / "inbound.log",
    )
    api.set_pools(airflow_settings.pools())
    api.set_connections(connections)
    state = Running(api.url, served["outbox_url"], inbound_url, schedules, started)
    write_atomically(places.state, json.dumps(asdict(state), indent=2).encode())
    return state


def _serve(places: Places) -> list[str]:
    return [
        "include.sandbox",
        "serve",
        "--state-dir",
        str(places.sandbox),
        "--port",
        str(preferred(STANDINS_PORT)),
        "--write-connections",
        str(places.connections),
    ]


def fill(places: Places, say: Say, scale: float = 1.0) -> None:
    """Fill the sandbox store's databases, web shop and photo folder, unless they are filled."""
    from sqlalchemy import select

    from include.counterpoint.tables import IM_ITEM
    from include.database.engines import engine_for
    from include.sandbox.daily_sales_upload import fill_daily_sales
    from include.sandbox.gift_shop_delivery import fill_gift_shop_deliveries
    from include.sandbox.lead_file import FILE, fill_lead_file
    from include.sandbox.photo_folder import fill_photo_folder
    from include.sandbox.seed import is_seeded, seed
    from include.sandbox.stock_requests_file import FILE as REQUESTS
    from include.sandbox.stock_requests_file import fill_stock_requests_file
    from include.sandbox.text_past import fill_texts
    from include.sandbox.web_shop import fill_web_shop
    from include.storedb.migrate import upgrade

    for folder in (places.sandbox, places.store_files, places.photos, places.var / "offsite"):
        folder.mkdir(parents=True, exist_ok=True)
    counterpoint = URL.create("sqlite", database=str(places.counterpoint))
    address = counterpoint.render_as_string(hide_password=False)
    today, filled = datetime.now(store_settings().zone).date(), is_seeded(address)
    if filled is None:
        say("Filling the sandbox store")
        seed(address, until=today, scale=scale)
    elif filled.until < today:
        say(f"The sandbox store's last day is {filled.until}; make clean brings a fresh one")
    store_db = URL.create("sqlite", database=str(places.store_db))
    upgrade(store_db)
    fill_texts(engine_for(counterpoint), engine_for(store_db), today)
    fill_lead_file(places.store_files / FILE, today)
    fill_gift_shop_deliveries(places.store_files)
    fill_daily_sales(places.store_files / "uploads" / "daily_sales", today)
    fill_stock_requests_file(places.store_files / REQUESTS, today, _most_and_least(engine_for(counterpoint)))
    fill_web_shop(engine_for(counterpoint), places.sandbox)
    columns = select(IM_ITEM.c.ITEM_NO, IM_ITEM.c.USR_PROF_ALPHA_16).order_by(IM_ITEM.c.ITEM_NO).limit(400)
    with engine_for(counterpoint).connect() as connection:
        rows = connection.execute(columns).all()
    fill_photo_folder(places.photos, [row[0] for row in rows], sorted({row[1] for row in rows if row[1]}))


def _most_and_least(counterpoint: Engine) -> list[str]:
    """The items of which the web shop has the most and the least to sell."""
    from sqlalchemy import select

    from include.counterpoint.tables import IM_INV, IM_ITEM

    on_hand = (
        select(IM_ITEM.c.ITEM_NO)
        .join(IM_INV, IM_INV.c.ITEM_NO == IM_ITEM.c.ITEM_NO)
        .where(IM_ITEM.c.IS_ECOMM_ITEM == "Y", IM_ITEM.c.STAT == "A")
        .order_by(IM_INV.c.QTY_AVAIL.desc(), IM_ITEM.c.ITEM_NO)
    )
    with counterpoint.connect() as connection:
        items = list(connection.scalars(on_hand))
    return [items[0], items[-1]]


def _wait(ready: Callable[[], bool], pid: int | None, what: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if (pid is not None and not processes.runs(pid)) or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else ""
            raise HouseError(f"{what} did not start; the end of {log}:\n{tail}")
        time.sleep(0.5)
