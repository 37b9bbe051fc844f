"""A worker process that answers stock requests; `main` is what it runs, `start` starts it.

The order is a line of JSON; connections and folders are in the environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def start(order: Mapping[str, Any], log: Path) -> subprocess.Popen[str]:
    """A worker that runs; `order` has files (a folder) and run_id."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"}
    command = [sys.executable, __file__, json.dumps(order)]
    with log.open("a") as file:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file, text=True)


def main(order: Mapping[str, Any]) -> None:
    from include.settings import store_settings
    from include.storedb.runs import RunContext
    from retail_ops.stock_notifications import answer_requests, plan_notices

    def file(*parts: str) -> Path:
        path = Path(order["files"]).joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    task_run: Any = SimpleNamespace(
        run=RunContext("stock_notifications", order["run_id"], "notices.apply", -1),
        params={"mail_again": order.get("mail_again", False)},
        dry_run=False,
        was_cleared=False,
        when=datetime(2026, 11, 20, 11, 30, tzinfo=store_settings().zone),
        file=file,
    )
    for results in answer_requests(task_run, plan_notices(task_run)):
        for result in results:
            sys.stdout.write(f"{result.change.key} {result.status} {result.message}\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
