"""Notebooks of the repository, executed as an analyst does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
_PLOTLY = "application/vnd.plotly.v1+json"


@dataclass(frozen=True)
class Executed:
    """What the cells of a notebook put out."""

    outputs: list[dict[str, Any]]

    @property
    def drawn(self) -> list[Any]:
        """The data of the charts, in order."""
        return [found["data"][_PLOTLY]["data"] for found in self.outputs if _PLOTLY in found.get("data", {})]

    @property
    def tables(self) -> list[str]:
        """The tables, as HTML."""
        found = [output.get("data", {}) for output in self.outputs]
        return [data["text/html"] for data in found if "text/html" in data and _PLOTLY not in data]

    @property
    def words(self) -> str:
        """All that was put out as plain text."""
        return " ".join(str(output.get("data", {}).get("text/plain", "")) for output in self.outputs)


def executed(name: str) -> Executed:
    """Execute a notebook in its folder, with the environment of the test; raises what a cell raised."""
    notebook: Any = nbformat.read(FOLDER / name, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(FOLDER)}}).execute()
    return Executed([output for cell in notebook.cells for output in cell.get("outputs", [])])
