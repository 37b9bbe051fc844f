"""The demo: every DAG of the repository runs once, with progress, a table and a summary file."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from include.files import write_atomically
from include.sandbox.laptop.airflow_api import ENDED, AirflowApi
from include.sandbox.laptop.house import HouseError, Running
from include.sandbox.laptop.places import ROOT, Places

PARSE_SECONDS, RUN_SECONDS = 180, 1200
# An answer in the very moment of the question makes Airflow take the task for lost, and ask again.
THINKING_SECONDS = 4
REPORT = "report"
# Side by side, what each of these changes would be chance: the texts follow the customers, the e-mail lists
# what was replied to texts, shop and comparison the item file, and what is restored was backed up.
FIRST = (("counterpoint_customers", "customer_upkeep", "lgs_warehouse_load"),)
LAST = (
    ("text_feedback",),
    ("product_upkeep",),
    ("hourly_inventory", "nightly_bigcommerce_sync", "competitor_prices"),
    ("stock_notifications", "backup_restore_drill", "sms_campaign_report", "housekeeping"),
)
OTHERS = {"conflicted": "changed meanwhile", "failed": "failed", "rejected": "set aside"}


@dataclass(frozen=True)
class DagResult:
    """How one DAG's run went: `state` is success, skipped, failed or not run; `seconds` is wall time."""

    dag_id: str
    state: str
    seconds: float
    summary: str

    @property
    def is_well(self) -> bool:
        """Whether the demo may count it as gone well; a skip needs a reason."""
        return self.state == "success" or (self.state == "skipped" and bool(self.summary))


def demo(house: Running, places: Places, console: Console) -> list[DagResult]:
    """Run every DAG once, write `summary.json` and print the table."""
    api = AirflowApi(house.airflow_url)
    dag_ids = _known_dags(api)
    results: list[DagResult] = []
    for wave in _waves(dag_ids):
        runs = {}
        for dag_id in wave:
            if left := api.end_leftover_runs(dag_id):
                console.print(f"Ended {left} run(s) of {dag_id} that an earlier stop had left behind")
            api.unpause(dag_id)
            runs[dag_id] = api.trigger(dag_id, {})
        results += _follow(api, runs, console)
    write_summary(results, places)
    console.print(as_table(results))
    return results


def _waves(dag_ids: list[str]) -> list[list[str]]:
    """The DAGs in the order in which they run; those of one wave run side by side."""
    placed = {dag_id for wave in (*FIRST, *LAST) for dag_id in wave}
    first, last = (
        [[dag_id for dag_id in dag_ids if dag_id in wave] for wave in some] for some in (FIRST, LAST)
    )
    return [*first, [dag_id for dag_id in dag_ids if dag_id not in placed], *last]


def write_summary(results: list[DagResult], places: Places) -> None:
    """Write what the table says as JSON, for programs."""
    places.summary.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(places.summary, json.dumps({"dags": [asdict(r) for r in results]}, indent=2).encode())


def _known_dags(api: AirflowApi) -> list[str]:
    expected = {file.stem for file in (ROOT / "dags").glob("*.py") if not file.stem.startswith("_")}
    deadline = time.monotonic() + PARSE_SECONDS
    while True:
        dags = api.dags()
        missing = expected - {_file_stem(dag) for dag in dags}
        if not missing:
            return [dag["dag_id"] for dag in dags]
        if broken := [error for error in api.import_errors() if error.get("stack_trace")]:
            raise HouseError(
                "\n".join(f"{e['filename']}: {e['stack_trace'].splitlines()[-1]}" for e in broken)
            )
        if time.monotonic() > deadline:
            raise HouseError(f"Airflow did not find these DAG files: {', '.join(sorted(missing))}")
        time.sleep(1)


def _file_stem(dag: dict[str, Any]) -> str:
    return Path(dag.get("relative_fileloc") or dag["fileloc"]).stem


def _follow(api: AirflowApi, runs: dict[str, str], console: Console) -> list[DagResult]:
    results: dict[str, DagResult] = {}
    shown: dict[str, str] = {}
    waiting: dict[tuple[str, str], float] = {}
    started = time.monotonic()
    while len(results) < len(runs):
        for dag_id in runs.keys() - results.keys():
            run = api.run(dag_id, runs[dag_id])
            tasks = api.tasks(dag_id, runs[dag_id])
            for task_id in [task["task_id"] for task in tasks if task["state"] == "awaiting_input"]:
                asked = waiting.setdefault((dag_id, task_id), time.monotonic())
                if time.monotonic() - asked > THINKING_SECONDS:
                    console.print(f"{dag_id}: {task_id} waits for a person; the demo approves it")
                    api.answer(dag_id, runs[dag_id], task_id, "Approve")
            progress = _progress(tasks)
            if shown.get(dag_id) != progress:
                console.print(f"[{time.monotonic() - started:5.0f} s] {dag_id}: {progress}", highlight=False)
                shown[dag_id] = progress
            if run["state"] in ENDED:
                results[dag_id] = _result(api, run, tasks)
            elif time.monotonic() - started > RUN_SECONDS:
                results[dag_id] = DagResult(
                    dag_id, "failed", RUN_SECONDS, f"still {run['state']}: {progress}"
                )
        time.sleep(1)
    return [results[dag_id] for dag_id in runs]


def _progress(tasks: list[dict[str, Any]]) -> str:
    ended = sum(task["state"] in ("success", "skipped", "failed", "upstream_failed") for task in tasks)
    active = sorted({task["task_id"] for task in tasks if task["state"] == "running"})
    return f"{ended} of {len(tasks)} tasks done" + (f", now {', '.join(active)}" if active else "")


def _result(api: AirflowApi, run: dict[str, Any], tasks: list[dict[str, Any]]) -> DagResult:
    dag_id, run_id = run["dag_id"], run["dag_run_id"]
    start, end = (
        datetime.fromisoformat(run[name].replace("Z", "+00:00")) for name in ("start_date", "end_date")
    )
    total = api.xcom(dag_id, run_id, REPORT, "summary")
    worked = [task for task in tasks if task["task_id"] != REPORT]
    state = run["state"]
    if state == "failed":
        failed = sorted({task["task_id"] for task in tasks if task["state"] == "failed"})
        summary = f"failed: {', '.join(failed)}"
    elif worked and all(task["state"] == "skipped" for task in worked):
        state, summary = "skipped", _reasons(api, dag_id, run_id, worked)
    else:
        summary = _counts(total)
    return DagResult(dag_id, state, round((end - start).total_seconds(), 1), summary)


def _reasons(api: AirflowApi, dag_id: str, run_id: str, tasks: list[dict[str, Any]]) -> str:
    said = (api.xcom(dag_id, run_id, task["task_id"], "skipped_because", task["map_index"]) for task in tasks)
    return "; ".join(sorted({str(reason) for reason in said if reason}))


def _counts(total: Any) -> str:
    """What a run changed, by its parts, from its report's summary."""
    if not isinstance(total, dict):
        return "ran"
    changed: Counter[str] = Counter()
    for task_id, counts in total["parts"].items():
        changed[task_id.split(".")[0]] += counts.get("applied", 0)
    parts = ", ".join(f"{part} {count}" for part, count in changed.items() if count)
    others = [f"{total[name]} {words}" for name, words in OTHERS.items() if total[name]]
    return "; ".join([f"changed: {parts}" if parts else "nothing to change", *others])


def as_table(results: list[DagResult]) -> Table:
    """The results for a person: family, state, seconds, what it changed."""
    table = Table(title="Every automation, run once")
    for heading in ("Family", "State", "Seconds", "What it changed"):
        table.add_column(heading, justify="right" if heading == "Seconds" else "left")
    for result in results:
        colour = "green" if result.is_well else "red"
        table.add_row(result.dag_id, f"[{colour}]{result.state}[/]", f"{result.seconds:.1f}", result.summary)
    return table


def exit_code(results: list[DagResult]) -> int:
    """0 only when there were runs and all went well."""
    return 0 if results and all(result.is_well for result in results) else 1
