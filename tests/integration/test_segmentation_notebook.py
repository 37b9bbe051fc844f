"""The notebook reproduces the page's figures from the tables."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from include.database.engines import engine_for
from include.segmentation.customers import Apart, Customer, Sorted
from include.segmentation.dividing import divide, placed, segment_figures, segmentation
from include.segmentation.figures import customers_figure, moves_figure, shares_figure, trials_figure
from include.segmentation.page import as_page
from include.segmentation.page_data import read_page
from include.segmentation.settings import SegmentationSettings, segmentation_settings
from include.storedb.customer_segments import Segmentations
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext
from tests.databases import fresh_database
from tests.notebooks import executed

TODAY = date(2026, 11, 20)
RUN = RunContext("customer_segmentation", "run", "divide")
BAD = "</script><b>x</b>"


def customers(seed: int, back: int) -> tuple[Customer, ...]:
    random = np.random.default_rng(seed)
    found = []
    for n in range(150):
        recency = int(random.integers(1, 500)) + back
        visits = 1 + int(random.pareto(1.2) * 3)
        found.append(Customer(f"{n}{BAD}", recency, visits, Decimal(visits * 20) + n))
    return tuple(found)


def test_the_notebook_makes_the_pages_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = segmentation_settings()
    known = shipped.model_dump()
    known["clusters"] |= {"starts": 3, "resamples": 3, "at_most": 4}
    settings = SegmentationSettings.model_validate(known)
    with fresh_database("sqlite", tmp_path) as url:
        upgrade(url)
        engine = engine_for(url)
        for back in (9, 0):
            apart = (Apart(BAD, 3, Decimal(5), "because"),)
            found = Sorted(customers(back, back), apart)
            division = divide(found.customers, settings, None)
            made = segmentation("uploads", TODAY - timedelta(days=back), found, division, "f" * 64)
            Segmentations(engine).keep(made, segment_figures(division, settings), placed(division), RUN)
        shown = read_page(engine, TODAY, shipped.sources)
        connection = {"conn_type": "sqlite", "host": str(url.database)}
        monkeypatch.setenv("AIRFLOW_CONN_STORE_DB", json.dumps(connection))
        made_by_notebook = executed("customer_segmentation.ipynb")
    drawn = made_by_notebook.drawn
    (one,) = shown
    figures = [shares_figure(one), customers_figure(one), trials_figure(one), moves_figure(one)]
    expected = [json.loads(figure.to_json()) for figure in figures]
    assert drawn == [figure["data"] for figure in expected]
    tables = made_by_notebook.tables
    assert len(tables) == 3
    assert all(segment.name in tables[0] for segment in one.segments)
    assert sum(one.moves.values()) == 150

    page = as_page(shown, TODAY, shipped).decode()
    assert page == as_page(shown, TODAY, shipped).decode()
    # Whatever a customer is called, it stays text.
    assert "&lt;/script&gt;&lt;b&gt;x" in page
    assert "<b>x" not in page
    assert "1 set aside" in page
