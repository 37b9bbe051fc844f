"""Writes a new automation that passes all checks at once: `make new-dag name=my_automation`."""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOT = Path(__file__).resolve().parents[1]
FILES = Path(__file__).parent / "new_dag_files"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def targets(root: Path, name: str) -> dict[Path, str]:
    """The files to write below `root`, each with its template."""
    return {
        root / "dags" / f"{name}.py": "dag.py.txt",
        root / "include" / name / "rule.py": "rule.py.txt",
        root / "tests" / "unit" / f"test_{name}.py": "test.py.txt",
    }


def write(root: Path, name: str) -> list[Path]:
    """Write a DAG, its rule and its test; returns the files.

    Raises `ValueError` for a name that is no lower-case identifier or is taken.
    """
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ValueError(f"{name!r} is no name for a DAG: lower-case words joined by _ are expected")
    files = targets(root, name)
    others = (root / "include" / name, root / "include" / f"{name}.py")
    taken = [file for file in (*files, *others) if file.exists()]
    if taken:
        raise ValueError(f"{name} is taken: {', '.join(str(file.relative_to(root)) for file in taken)}")
    templates = Environment(  # noqa: S701 - it writes Python, not HTML
        loader=FileSystemLoader(FILES), undefined=StrictUndefined, keep_trailing_newline=True
    )
    for file, template in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        title = name.replace("_", " ").capitalize()
        file.write_text(templates.get_template(template).render(name=name, title=title), encoding="utf-8")
    package = root / "include" / name / "__init__.py"
    package.write_text(f'"""{name.replace("_", " ").capitalize()}."""\n', encoding="utf-8")
    return [*files, package]


def main() -> int:
    """Returns 2 with a message when the name does not fit."""
    try:
        files = write(ROOT, sys.argv[1])
    except (IndexError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", *files], check=True, cwd=ROOT)
    subprocess.run([sys.executable, "-m", "scripts.dag_docs"], check=True, cwd=ROOT)
    sys.stdout.write("".join(f"Wrote {file.relative_to(ROOT)}\n" for file in files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
