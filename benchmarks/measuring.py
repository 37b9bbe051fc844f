"""How benchmarks measure, show and store."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]


def in_own_process(work: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    """Run `work` in a fresh process; returns its answer, its wall seconds and its peak memory in MB.

    `base_mb` is the peak before `work` began, so that the difference is what the work itself needed.
    """
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        found: dict[str, Any] = pool.apply(_measured, (work, arguments))
    return found


def _measured(work: Callable[..., Any], arguments: tuple[Any, ...]) -> dict[str, Any]:
    prepared = work(*arguments)
    base, started = _peak_mb(), time.perf_counter()
    answer = prepared()
    return {
        "answer": answer,
        "seconds": time.perf_counter() - started,
        "base_mb": base,
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> float:
    # ru_maxrss would include the peak of the process that this one was forked from.
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def show_and_store(name: str, rows: list[dict[str, Any]], notes: list[str]) -> None:
    """Print a table and write `var/bench/<name>.json` with the machine it was measured on."""
    table = Table(title=name)
    for column in rows[0]:
        table.add_column(column)
    for row in rows:
        table.add_row(*(f"{v:.2f}" if isinstance(v, float) else str(v) for v in row.values()))
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table)
    for note in notes:
        console.print(note)
    folder = Path(os.environ.get("RETAIL_OPS_VAR") or ROOT / "var") / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "system": platform.platform()}
    content = {
        "name": name,
        "at": datetime.now(UTC).isoformat(),
        "machine": machine,
        "rows": rows,
        "notes": notes,
    }
    (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
