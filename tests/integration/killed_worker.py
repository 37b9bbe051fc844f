"""A worker for tests that kill it: it forks a process for each try of a task, as Airflow's own workers do.

`Worker` starts this file as a script and sends it orders, each a line of JSON. The script answers with the
process id of the try, and when that has ended with its exit code, which is negative for a signal.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
KILLED = -signal.SIGKILL
# A try that hangs must not hang the tests.
LONGEST_TRY_SECONDS = 90
PUSH = "xcom_push"
# What is announced before it is done: a part of a request that leaves, a file that takes another's place, and
# what the task tells Airflow at its end.
ANNOUNCED = frozenset({"http.client.send", "os.rename", PUSH})


class Worker:
    """The worker as a test sees it. `log` takes what the tries say, `variables` add to their environment."""

    def __init__(self, log: Path, variables: Mapping[str, str]) -> None:
        self._log = log
        self._variables = variables

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=ROOT,
            env={**os.environ, **self._variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log.open("w"),
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=LONGEST_TRY_SECONDS)

    def begin(self, job: str, *, kill_before: int = 0, **order: Any) -> int:
        """Begin a try and return its process id; it is killed before its n-th step, 0 for never."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"job": job, "kill_before": kill_before, **order}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def end(self) -> int:
        """Wait for the try's end; raises `AssertionError` with the log where it failed by itself."""
        code = self._answer()
        assert code in {0, KILLED}, self._log.read_text()[-5000:]
        return code

    def run(self, job: str, **order: Any) -> int:
        """One try from beginning to end."""
        self.begin(job, **order)
        return self.end()

    def _answer(self) -> int:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, self._log.read_text()[-5000:]
        return int(line)


def kill_before(number: int) -> None:
    """Let this process be killed before its n-th step that leaves a trace outside of it; 0 for never."""
    from sqlalchemy import Engine, event

    steps = itertools.count(1)

    def step(*_: Any) -> None:
        if next(steps) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)
    sys.addaudithook(lambda name, _arguments: step() if name in ANNOUNCED else None)


def execute(task: Any, order: Mapping[str, Any]) -> None:
    """Execute a task just as its DAG configures it, with plans that are there."""
    task.chunk = order["chunks"]
    ti = SimpleNamespace(
        dag_id=task.dag_id,
        run_id=order["run_id"],
        task_id=task.task_id,
        map_index=-1,
        try_number=order["try_number"],
        max_tries=3,
        xcom_push=lambda _key, _value: sys.audit(PUSH),
        get_task_states=lambda **_: {order["run_id"]: dict.fromkeys(task.dag.task_ids, "success")},
    )
    dag_run = SimpleNamespace(logical_date=datetime(2026, 7, 1, 6, tzinfo=UTC), run_after=None)
    task.execute({"ti": ti, "dag_run": dag_run, "params": {"dry_run": False, "only": []}})


def write(order: Mapping[str, Any]) -> None:
    """Write a plan's changes to a point of sale, `rows` in each statement, and store their outcomes."""
    from sqlalchemy import make_url

    from include.changes import read_plan
    from include.counterpoint.writer import write_changes
    from include.database.engines import engine_for

    batches = write_changes(
        engine_for(make_url(order["url"])),
        read_plan(Path(order["plan"])).changes,
        datetime.fromisoformat(order["maintained"]),
        rows_per_statement=order["rows"],
    )
    outcomes = sorted((r.change.key, r.change.field, r.status) for batch in batches for r in batch)
    Path(order["outcomes"]).write_text(json.dumps(outcomes))


def serve() -> None:
    """Carry out the orders on standard input; what all tries need is loaded once, before they are forked."""
    import retail_ops.hooks.databases  # noqa: F401
    from dags.nightly_bigcommerce_sync import nightly_bigcommerce_sync

    jobs: dict[str, Callable[[Mapping[str, Any]], None]] = {"write": write}
    for task in nightly_bigcommerce_sync().tasks:
        jobs[task.task_id] = lambda order, task=task: execute(task, order)  # type: ignore[misc]
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            _one_try(jobs[order["job"]], order)
        _say(pid)
        _say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _one_try(job: Callable[[Mapping[str, Any]], None], order: Mapping[str, Any]) -> None:
    # Airflow logs to standard output, which is for answers here.
    os.dup2(2, 1)
    signal.alarm(LONGEST_TRY_SECONDS)
    kill_before(order["kill_before"])
    code = 1
    try:
        job(order)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
