"""Seconds and memory for reading all DAG files, against one empty TaskFlow DAG."""

from __future__ import annotations

import runpy
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.measuring import ROOT, in_own_process, show_and_store

REPEATS = 5
EMPTY = """from airflow.sdk import dag, task

@dag(schedule=None, catchup=False)
def empty():
    @task
    def nothing() -> None: ...
    nothing()

empty()
"""


def _parser(files: list[str]) -> Callable[[], None]:
    import airflow.sdk

    airflow.sdk.DAG  # noqa: B018 - Airflow loads its parts on first use; that is not the file's cost

    def read() -> None:
        for file in files:
            runpy.run_path(file)

    return read


def _measure(files: list[str]) -> dict[str, float]:
    runs = [in_own_process(_parser, files) for _ in range(REPEATS)]
    return {key: median(run[key] for run in runs) for key in ("seconds", "base_mb", "peak_mb")}


def main() -> None:
    """Measure the empty DAG and the repository's DAGs, each in fresh processes."""
    ours = [str(file) for file in sorted((ROOT / "dags").glob("*.py"))]
    with tempfile.TemporaryDirectory() as folder:
        empty_file = Path(folder) / "empty.py"
        empty_file.write_text(EMPTY)
        empty, all_files = _measure([str(empty_file)]), _measure(ours)
    rows = [
        {
            "what": what,
            "files": count,
            "milliseconds": found["seconds"] * 1000,
            "memory_mb": found["peak_mb"] - found["base_mb"],
        }
        for what, count, found in (("empty TaskFlow DAG", 1, empty), ("all DAG files", len(ours), all_files))
    ]
    rows[1]["ratio"] = all_files["seconds"] / empty["seconds"]
    rows[0]["ratio"] = 1.0
    show_and_store(
        "dag_parsing", rows, ["First read in a fresh process, after airflow.sdk itself is loaded."]
    )
