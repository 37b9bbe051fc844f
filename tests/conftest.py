"""What all tests share. Airflow's home is a folder of this test process; nothing here imports Airflow."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOME = Path(tempfile.mkdtemp(prefix="retail-ops-tests-"))


def _remove_home(owner: int = os.getpid()) -> None:
    # A forked child that ends by itself runs this, too, and must leave its parent's home alone.
    if os.getpid() == owner:
        shutil.rmtree(HOME, ignore_errors=True)


atexit.register(_remove_home)

for name in [name for name in os.environ if name.startswith(("AIRFLOW", "RETAIL_OPS"))]:
    del os.environ[name]
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__CORE__FERNET_KEY": "",
    "AIRFLOW__DAG_PROCESSOR__DAG_VERSION_INFLATION_CHECK_LEVEL": "error",
    "AIRFLOW__API_AUTH__JWT_SECRET": "only-for-tests-" * 8,
    "PYTHONPATH": str(ROOT),
    "RETAIL_OPS_STORE_FILES": (HOME / "store_files").as_uri(),
}


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


def specs_folder() -> Path:
    """Where the vendors' specifications are kept, on machines that have them."""
    return Path(os.environ.get("VENDOR_SPECS_DIR") or ROOT.parent / "shared" / "specs")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what was skipped, once for each reason."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in reports)
    if reasons:
        terminalreporter.section("skipped, and why")
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count:4d}  {reason}")
