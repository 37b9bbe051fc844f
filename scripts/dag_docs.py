"""Writes docs/DAGS.md from the DAGs themselves: `make docs`. A test fails when the file is stale."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import DAG

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "DAGS.md"

HEAD = """# The DAGs

What each automation does, when, and what to do when it fails. Written by `make docs` from the DAGs; do not
edit. Times are store time.

| DAG | When | Writes | Reaches | Systems | Pools | Hands on |
| --- | --- | --- | --- | --- | --- | --- |
"""


def load_dags() -> dict[str, Any]:
    """All DAGs by id; raises `RuntimeError` with Airflow's words when a file cannot be read."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(ROOT / "dags"))
    if bag.import_errors:
        raise RuntimeError("\n".join(f"{file}: {error}" for file, error in bag.import_errors.items()))
    return dict(sorted(bag.dags.items()))


def render(dags: dict[str, Any]) -> str:
    """The page's text."""
    rows = "".join(_row(dag) for dag in dags.values())
    return HEAD + rows + "".join(_section(dag) for dag in dags.values())


def _row(dag: DAG) -> str:
    tags = dict[str, list[str]]()
    for tag in sorted(dag.tags):
        key, _, value = tag.partition(":")
        tags.setdefault(key, []).append(value)
    pools = sorted({task.pool for task in dag.tasks} - {"default_pool"})
    assets = sorted({asset.name for task in dag.tasks for asset in task.outlets})
    cells = [
        f"[{dag.dag_id}](#{dag.dag_id})",
        _when(dag),
        *(", ".join(tags.get(k, [])) for k in ("writes", "reaches", "system")),
        ", ".join(pools),
        ", ".join(assets),
    ]
    return "| " + " | ".join(cells) + " |\n"


def _when(dag: DAG) -> str:
    """The schedule in words, with its cron expressions; assets by name."""
    from cron_descriptor import get_description

    table: Any = dag.schedule
    if table is None:
        return "by hand"
    crons = [t.expression for t in getattr(table, "timetables", [table]) if hasattr(t, "expression")]
    if crons:
        return "; ".join(f"{get_description(cron)} (`{cron}`)" for cron in crons)
    assets = table if isinstance(table, list) else [table]
    return "after " + ", ".join(getattr(asset, "name", str(asset)) for asset in assets)


def _section(dag: DAG) -> str:
    text = (dag.doc_md or "").strip()
    body = text.split("\n", 1)[1].strip() if text.startswith("# ") else text
    parameters = ", ".join(f"`{name}`" for name in dag.params)
    return f"\n## {dag.dag_id}\n\n{body}\n\n**Parameters:** {parameters or 'none'}\n"


def main() -> int:
    """Write the page."""
    TARGET.write_text(render(load_dags()), encoding="utf-8")
    sys.stdout.write(f"Wrote {TARGET.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
