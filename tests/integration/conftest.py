"""A whole sandbox for tests: a small store, running stand-ins, Airflow's database and connections."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Engine, select

from include.counterpoint.tables import IM_ITEM
from include.database.engines import engine_for
from include.sandbox.photo_folder import fill_photo_folder
from include.sandbox.seed import seed
from include.sandbox.standins.credentials import connections
from include.sandbox.standins.server import StandIns
from include.sandbox.web_shop import fill_web_shop
from include.storedb.migrate import upgrade

TODAY = date(2026, 11, 20)


@dataclass(frozen=True)
class Sandbox:
    """What a test of a whole DAG works with."""

    folder: Path
    vendors: StandIns
    counterpoint: Engine
    store_db: Engine

    @property
    def photos(self) -> Path:
        return self.folder / "photos"

    @property
    def files(self) -> Path:
        return self.folder / "store_files"


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store, its web shop and a photo folder, made once and copied by each test."""
    folder = tmp_path_factory.mktemp("seeded")
    url = URL.create("sqlite", database=str(folder / "counterpoint.db"))
    seed(url.render_as_string(), until=TODAY, scale=0.05)
    with engine_for(url).connect() as connection:
        numbers = list(connection.scalars(select(IM_ITEM.c.ITEM_NO).order_by(IM_ITEM.c.ITEM_NO).limit(60)))
    fill_web_shop(engine_for(url), folder / "vendors")
    engine_for(url).dispose()
    (folder / "photos").mkdir()
    fill_photo_folder(folder / "photos", numbers, ["B0001", "B0002"])
    return folder


@pytest.fixture
def sandbox(seeded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A store of the test's own, with its vendors running."""
    for name in ("photos", "vendors"):
        shutil.copytree(seeded / name, tmp_path / name)
    for file in seeded.glob("counterpoint.db*"):
        shutil.copy(file, tmp_path / file.name)
    databases = {
        name: URL.create("sqlite", database=str(tmp_path / f"{name}.db"))
        for name in ("counterpoint", "store_db")
    }
    upgrade(databases["store_db"])
    monkeypatch.setenv("RETAIL_OPS_STORE_FILES", (tmp_path / "store_files").as_uri())
    monkeypatch.setenv("RETAIL_OPS_PHOTO_FOLDER", str(tmp_path / "photos"))
    with StandIns(tmp_path / "vendors") as vendors:
        found: dict[str, dict[str, Any]] = connections(vendors)
        found |= {name: {"conn_type": "sqlite", "host": str(url.database)} for name, url in databases.items()}
        for name, fields in found.items():
            monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(fields))
        yield Sandbox(
            tmp_path, vendors, engine_for(databases["counterpoint"]), engine_for(databases["store_db"])
        )
    for url in databases.values():
        engine_for(url).dispose()


@pytest.fixture(scope="session")
def airflow_db() -> None:
    """Airflow's own database, migrated once for the process."""
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr[-2000:]


class RunDag:
    """Runs DAGs as `dag.test()` does, each run an hour after the one before."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 15, tzinfo=UTC)

    def __call__(self, dag_id: str, /, **conf: Any) -> Any:
        self.at += timedelta(hours=1)
        return tested(dag_id, self.at, conf)


class RunOfDay:
    """Runs a DAG for the morning of a day, at an hour of UTC, each run a minute after the one before."""

    def __init__(self, dag_id: str, hour: int) -> None:
        self.dag_id, self.hour, self.runs = dag_id, hour, 0

    def __call__(self, day: date = TODAY, **conf: Any) -> Any:
        self.runs += 1
        at = datetime(day.year, day.month, day.day, self.hour, self.runs, tzinfo=UTC)
        return tested(self.dag_id, at, conf)


def tested(dag_id: str, at: datetime, conf: dict[str, Any]) -> Any:
    """A run of a DAG as `dag.test()` makes it."""
    from scripts.dag_docs import load_dags

    dag = load_dags()[dag_id]
    for task in dag.tasks:
        # The number of retries stays; only the minutes between them are not waited for.
        task.retry_delay, task.retry_exponential_backoff = timedelta(0), 0
    return dag.test(logical_date=at, run_conf=conf)


@pytest.fixture
def run_dag(airflow_db: None, sandbox: Sandbox) -> Callable[..., Any]:
    """Run a DAG of the repository in this process against the sandbox."""
    return RunDag()


def states(run: Any) -> dict[str, str]:
    """The state of each task of a run without mapped tasks."""
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}


def make_impatient(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, connection: str, seconds: int) -> None:
    """Let a vendor's connection wait so many seconds for an answer."""
    fields = connections(sandbox.vendors)[connection]
    fields["extra"] = {**fields["extra"], "timeout_seconds": seconds}
    monkeypatch.setenv(f"AIRFLOW_CONN_{connection.upper()}", json.dumps(fields))
