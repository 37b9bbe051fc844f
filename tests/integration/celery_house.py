"""An Airflow with CeleryExecutor: Redis, PostgreSQL, workers to kill, and a small sandbox store."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest
from celery import Celery  # type: ignore[import-untyped]
from redis import Redis
from sqlalchemy import URL, Engine

from include.database.engines import engine_for
from include.sandbox.laptop import airflow_settings, house, processes
from include.sandbox.laptop.airflow_api import ENDED, AirflowApi
from include.sandbox.laptop.places import ROOT, Places
from include.sandbox.laptop.ports import any_free
from include.sandbox.standins.credentials import connections
from include.sandbox.standins.server import StandIns
from tests.databases import fresh_database

T = TypeVar("T")

START_SECONDS, RUN_SECONDS = 120.0, 120.0
# Asking Airflow's API all the time would keep it from its work.
BETWEEN_LOOKS = 0.25
DAG = "hourly_inventory"
WORKERS, TASKS_PER_WORKER = 2, 2

# A cluster policy: the DAG's own minute between two tries is not waited for.
CLUSTER_POLICY = """
from datetime import timedelta


def task_policy(task):
    task.retry_delay = timedelta(seconds=1)
"""


@dataclass
class CeleryHouse:
    """What runs, and how a test steers it."""

    places: Places
    vendors: StandIns
    api: AirflowApi
    variables: Mapping[str, str]
    celery: Celery
    workers: dict[str, int] = field(default_factory=dict)

    @property
    def counterpoint(self) -> Engine:
        """The sandbox's point of sale."""
        return engine_for(URL.create("sqlite", database=str(self.places.counterpoint)))

    @property
    def store_db(self) -> Engine:
        """The automations' own tables."""
        return engine_for(URL.create("sqlite", database=str(self.places.store_db)))

    def launch(self, name: str, *command: str) -> int:
        """Start an Airflow process in a session of its own; returns its process id."""
        log = self.places.logs / f"{name}.log"
        return processes.start(
            [sys.executable, "-m", "airflow", *command], log, self.variables, self.places.var, ROOT
        )

    def launch_workers(self) -> None:
        """Start the workers that are missing."""
        while len(self.workers) < WORKERS:
            name = f"celery@{uuid.uuid4().hex[:8]}"
            options = ("--celery-hostname", name, "--concurrency", str(TASKS_PER_WORKER), "--skip-serve-logs")
            alone = ("--without-mingle", "--without-gossip")
            self.workers[name] = self.launch(name, "celery", "worker", *options, *alone)

    def wait_for_workers(self) -> None:
        """Wait until all workers that were started take tasks."""
        ping = self.celery.control.inspect(destination=list(self.workers), timeout=0.5).ping
        self.until(lambda: set(ping() or ()) == set(self.workers), "workers that answer", START_SECONDS)

    def kill_worker_of(self, pid: int) -> None:
        """Kill -9 the worker in which a task's process runs, with all its children."""
        session = os.getsid(pid)
        (name,) = (name for name, leader in self.workers.items() if leader == session)
        while members := [process for process in psutil.process_iter() if _session(process) == session]:
            for process in members:
                with suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(members, timeout=1)
        del self.workers[name]

    def until(
        self,
        found: Callable[[], T],
        what: str,
        seconds: float = RUN_SECONDS,
        *,
        between: float = BETWEEN_LOOKS,
    ) -> T:
        """What `found` returns as soon as that is something; fails with the ends of all logs after a time."""
        deadline = time.monotonic() + seconds
        while not (value := found()):
            if time.monotonic() > deadline:
                pytest.fail(f"waited {seconds:.0f} s for {what}\n{self._ends_of_logs()}")
            time.sleep(between)
        return value

    def wait_for_success(self, dag_id: str, run_id: str) -> None:
        """Wait for the end of a run; fails with the states of its tasks where it did not go well."""
        state = self.until(lambda: self._end_of(dag_id, run_id), f"the end of {run_id}")
        tasks = [(t["task_id"], t["map_index"], t["state"]) for t in self.api.tasks(dag_id, run_id)]
        assert state == "success", tasks

    def _end_of(self, dag_id: str, run_id: str) -> str:
        state = str(self.api.run(dag_id, run_id)["state"])
        return state if state in ENDED else ""

    def _ends_of_logs(self) -> str:
        ends = []
        for log in sorted(self.places.logs.iterdir()):
            lines = log.read_text(errors="replace").splitlines()
            ends.append("\n".join([f"--- {log.name}", *lines[-20:]]))
        return "\n".join(ends)


def _session(process: psutil.Process) -> int | None:
    with suppress(psutil.Error, OSError):
        if process.status() != psutil.STATUS_ZOMBIE:
            return os.getsid(process.pid)
    return None


@contextmanager
def celery_house(folder: Path, seeded: Path) -> Iterator[CeleryHouse]:
    """Everything up, and `hourly_inventory` ready to run on a copy of the store in `seeded`.

    Nothing of it is left afterwards. Skips the test on a machine without Redis or PostgreSQL.
    """
    broker = os.environ.get("TEST_REDIS_URL")
    if not broker:
        pytest.skip("TEST_REDIS_URL is not set: no Redis server to queue tasks of Celery in")
    places = Places(folder)
    places.var.mkdir(parents=True, exist_ok=True)
    (port,) = any_free(1)
    prefix = f"retail-ops-{uuid.uuid4().hex[:12]}-"
    with ExitStack() as leaving:
        # A test run that is told to end leaves as it does on Ctrl-C, not with its workers running on.
        before = signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by a signal"))
        leaving.callback(signal.signal, signal.SIGTERM, before)
        database = leaving.enter_context(fresh_database("postgresql", folder))
        leaving.callback(_forget_keys, broker, prefix)
        leaving.callback(processes.stop, places.var)
        variables = _environment(places, port, database, broker, prefix)
        app = Celery(broker=broker, broker_transport_options={"global_keyprefix": prefix})
        leaving.callback(app.close)
        vendors = leaving.enter_context(StandIns(places.sandbox))
        running = CeleryHouse(places, vendors, AirflowApi(f"http://127.0.0.1:{port}"), variables, app)
        leaving.callback(running.counterpoint.dispose)
        leaving.callback(running.store_db.dispose)
        _open(running, seeded)
        yield running


def _environment(places: Places, port: int, database: URL, broker: str, prefix: str) -> dict[str, str]:
    address = database.render_as_string(hide_password=False)
    sections: dict[str, dict[str, Any]] = {
        "CORE": {"EXECUTOR": "CeleryExecutor", "PARALLELISM": 2 * WORKERS * TASKS_PER_WORKER},
        "DATABASE": {"SQL_ALCHEMY_CONN": address},
        "CELERY": {"BROKER_URL": broker, "RESULT_BACKEND": f"db+{address}"},
        "CELERY_BROKER_TRANSPORT_OPTIONS": {
            "GLOBAL_KEYPREFIX": prefix,
            # Redis hands what a dead worker had taken out again within the test, so that this is tested, too.
            "VISIBILITY_TIMEOUT": 20,
            "UNACKED_RESTORE_INTERVAL": 2,
            "UNACKED_RESTORE_THROTTLE": 1,
        },
        "OPERATORS": {"DEFAULT_QUEUE": f"{prefix}tasks"},
        "SCHEDULER": {
            "SCHEDULER_IDLE_SLEEP_TIME": 0.2,
            "TASK_INSTANCE_HEARTBEAT_TIMEOUT": 8,
            "TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 2,
            "TASK_QUEUED_TIMEOUT": 60,
            "TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": 5,
        },
        "WORKERS": {"MIN_HEARTBEAT_INTERVAL": 1},
    }
    own = {f"AIRFLOW__{s}__{key}": str(value) for s, keys in sections.items() for key, value in keys.items()}
    return airflow_settings.environment(places, port, schedules=False) | own


def _forget_keys(broker: str, prefix: str) -> None:
    with Redis.from_url(broker) as redis:
        for key in redis.scan_iter(f"{prefix}*"):
            redis.delete(key)


def _open(running: CeleryHouse, seeded: Path) -> None:
    shutil.copytree(seeded, running.places.sandbox, dirs_exist_ok=True)
    policy = running.places.airflow_home / "config" / "airflow_local_settings.py"
    policy.parent.mkdir(parents=True)
    policy.write_text(CLUSTER_POLICY)
    migration = running.launch("migrate", "db", "migrate")
    running.launch_workers()
    house.fill(running.places, lambda _words: None)
    running.places.connections.write_text(json.dumps(connections(running.vendors)))
    running.until(lambda: not processes.runs(migration), "Airflow's database", START_SECONDS)
    running.launch("api-server", "api-server")
    running.launch("scheduler", "scheduler", "--skip-serve-logs")
    running.launch("dag-processor", "dag-processor")
    running.until(lambda: _is_healthy(running.api), "Airflow", START_SECONDS)
    running.api.set_pools(airflow_settings.pools())
    running.api.set_connections(airflow_settings.connections(running.places))
    running.until(lambda: _knows(running.api, DAG), "the DAG", START_SECONDS)
    running.api.unpause(DAG)
    running.wait_for_workers()


def _knows(api: AirflowApi, dag_id: str) -> bool:
    return any(dag["dag_id"] == dag_id for dag in api.dags())


def _is_healthy(api: AirflowApi) -> bool:
    with suppress(OSError, ValueError):
        health = api.call("GET", "/monitor/health")
        parts = ("metadatabase", "scheduler", "dag_processor")
        return all((health[part] or {}).get("status") == "healthy" for part in parts)
    return False
