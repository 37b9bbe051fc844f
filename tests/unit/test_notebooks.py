"""What holds for every notebook that is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebooks import FOLDER


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_kept_notebook_has_no_outputs(path: Path) -> None:
    notebook: Any = nbformat.read(path, as_version=4)
    assert [cell["id"] for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")] == []
