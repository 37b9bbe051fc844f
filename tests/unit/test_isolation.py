"""The business rules are tested without Airflow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_business_runs_where_airflow_is_not_installed() -> None:
    modules = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in (ROOT / "include").rglob("*.py")
        if "migrations" not in file.parts and file.name not in ("__main__.py", "__init__.py")
    ]
    code = (
        "import importlib, sys; sys.modules['airflow'] = None\n"
        f"for module in {modules!r}: importlib.import_module(module)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
