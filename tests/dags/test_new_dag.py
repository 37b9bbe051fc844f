"""A DAG that `make new-dag` wrote passes every check at once, in a copy of the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.new_dag import write

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "dags",
    "include",
    "plugins",
    "scripts",
    "templates",
    "tests",
    "config",
    "docs",
    "pyproject.toml",
    ".airflowignore",
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    for part in PARTS:
        source = ROOT / part
        ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=ignore)
        else:
            shutil.copy(source, folder / part)
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'plugins'}"}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


def test_it_passes_style_types_its_own_test_and_the_checks_of_all_dags(copy: Path) -> None:
    made = run(copy, "scripts.new_dag", "reorder_seeds_before_the_spring_season")
    assert made.returncode == 0, made.stderr
    written = [
        "dags/reorder_seeds_before_the_spring_season.py",
        "include/reorder_seeds_before_the_spring_season/rule.py",
        "tests/unit/test_reorder_seeds_before_the_spring_season.py",
    ]
    assert "## reorder_seeds_before_the_spring_season" in (copy / "docs" / "DAGS.md").read_text()
    for check in (
        ("ruff", "check", *written),
        ("ruff", "format", "--check", *written),
        ("mypy", *written),
        (
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/unit/test_reorder_seeds_before_the_spring_season.py",
            "tests/dags/test_integrity.py",
        ),
    ):
        done = run(copy, *check)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name", ["Reorder", "re-order", "1st", "", "a__b", "class/../x", "hourly_inventory", "files"]
)
def test_a_name_that_does_not_fit_is_refused(copy: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"is no name for a DAG|is taken"):
        write(copy, name)


def test_a_name_of_the_language_is_refused(copy: Path) -> None:
    with pytest.raises(ValueError, match="is no name"):
        write(copy, "class")
