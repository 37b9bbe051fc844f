"""What every DAG of the house must fulfil, found without a database."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.dag_docs import TARGET, load_dags, render

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "dags").glob("*.py"))
HEAVY = {
    "pandas",
    "numpy",
    "PIL",
    "matplotlib",
    "prophet",
    "sklearn",
    "selenium",
    "twilio",
    "sqlalchemy.dialects.mssql.pymssql",
}
TAG_KEYS = {"area", "system", "writes", "reaches"}
LONGEST_FILE = 150
# Files that build several DAGs from a table of the store's.
FACTORIES = {"sms_campaigns"}


@pytest.fixture(scope="module")
def dags() -> dict[str, Any]:
    return load_dags()


def test_a_dag_is_found_under_the_name_of_its_file(dags: dict[str, Any]) -> None:
    built = {Path(dag.fileloc).stem for dag in dags.values()}
    assert built == {file.stem for file in FILES}
    single = {dag_id: Path(dag.fileloc).stem for dag_id, dag in dags.items()}
    assert all(dag_id == stem for dag_id, stem in single.items() if stem not in FACTORIES)


def test_every_dag_says_what_to_do_when_it_fails(dags: dict[str, Any]) -> None:
    for dag_id, dag in dags.items():
        for heading in ("**What:**", "**When:**", "**If it fails:**", "**Backfill:**", "**Owner:**"):
            assert heading in (dag.doc_md or ""), f"{dag_id} has no {heading}"


def test_tags_are_complete(dags: dict[str, Any]) -> None:
    for dag_id, dag in dags.items():
        assert {tag.partition(":")[0] for tag in dag.tags} == TAG_KEYS, dag_id


def test_every_task_has_an_owner_a_time_limit_and_retries(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        for task in dag.tasks:
            assert task.owner != "airflow", task
            assert task.execution_timeout is not None, task
            assert task.retries >= 1, task
            assert task.retry_policy is not None, task


def test_every_pool_in_use_exists(dags: dict[str, Any]) -> None:
    pools = set(json.loads((ROOT / "config" / "pools.json").read_text())) | {"default_pool"}
    used = {task.pool for dag in dags.values() for task in dag.tasks}
    assert used <= pools


def test_a_dag_that_writes_never_overlaps_itself(dags: dict[str, Any]) -> None:
    writers = [dag for dag in dags.values() if "writes:yes" in dag.tags]
    assert writers
    for dag in writers:
        assert dag.max_active_runs == 1, dag.dag_id
        assert "dry_run" in dag.params, dag.dag_id


def test_a_failed_run_sends_one_alert(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        assert dag.on_failure_callback, dag.dag_id
        assert not any(task.on_failure_callback for task in dag.tasks), dag.dag_id


def test_no_dag_repeats_the_past_by_itself(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        assert dag.catchup is False, dag.dag_id
        assert dag.start_date is None, f"{dag.dag_id}: with a start date, unpausing it would run it at once"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dag_file_is_short(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_reading_a_dag_file_loads_no_heavy_library(file: Path) -> None:
    code = (
        "import json, runpy, sys; import airflow.sdk; before = set(sys.modules)\n"
        f"runpy.run_path({str(file)!r}); print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(json.loads(answer.stdout.splitlines()[-1]))
    assert loaded & HEAVY == set()


def test_the_generated_page_is_fresh(dags: dict[str, Any]) -> None:
    assert TARGET.read_text(encoding="utf-8") == render(dags), "run make docs"


def _imports(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return names | {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }


def test_the_business_knows_neither_airflow_nor_the_sandbox() -> None:
    for file in (ROOT / "include").rglob("*.py"):
        imports = _imports(file)
        assert not any(name.split(".")[0] in ("airflow", "retail_ops", "dags") for name in imports), file
        if "sandbox" not in file.relative_to(ROOT).parts:
            assert not any(name.startswith("include.sandbox") for name in imports), file


def test_the_areas_of_the_business_do_not_know_each_other() -> None:
    shared = {
        "assets",
        "changes",
        "counterpoint",
        "csv_logs",
        "database",
        "errors",
        "files",
        "periods",
        "privacy",
        "publishing",
        "reporting",
        "settings",
        "spreadsheets",
        "storedb",
    }
    for folder in (ROOT / "include").iterdir():
        if not folder.is_dir() or folder.name in shared | {"sandbox", "__pycache__"}:
            continue
        for file in folder.rglob("*.py"):
            areas = {name.split(".")[1] for name in _imports(file) if name.startswith("include.")}
            assert areas <= shared | {folder.name}, f"{file} imports {areas - shared}"


def test_no_module_of_the_provider_takes_the_name_of_a_library() -> None:
    installed = set(sys.stdlib_module_names) | {
        "airflow",
        "requests",
        "sqlalchemy",
        "twilio",
        "pandas",
        "jinja2",
    }
    stems = {file.stem for file in (ROOT / "plugins").rglob("*.py")} - {"__init__"}
    assert not stems & installed
    assert "retail_ops/" in (ROOT / "plugins" / ".airflowignore").read_text().splitlines()
