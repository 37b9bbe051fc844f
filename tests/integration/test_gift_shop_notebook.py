"""The notebook makes the charts of the gift shop's page from the warehouse."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from include.database.engines import engine_for
from include.gift_shop.analysis import analyse, basis, keep, segment_history
from include.gift_shop.bulk import insert_rows
from include.gift_shop.invoices import read_invoices
from include.gift_shop.page import as_page
from include.gift_shop.settings import gift_shop_settings
from include.gift_shop.tables import DELIVERY, INVOICE, LOAD, create_tables
from tests.databases import fresh_database
from tests.notebooks import executed

AS_OF = date(2011, 12, 10)
COUNTRIES = ("United Kingdom", "Germany", "<b>EIRE</b>")


def fill(engine: Engine) -> None:
    import pandas as pd

    create_tables(engine)
    first = date(2009, 12, 1)
    with engine.begin() as connection:
        load = {"load_no": 1, "delivery_no": 1}
        moment = pd.Timestamp(AS_OF).to_pydatetime()
        seen = {"content": "c", "file": "f", "part": "", "seen_at": moment}
        counts = {"state": "published", "run_id": "run", "line_count": 1, "reject_count": 0, "amount_mils": 1}
        connection.execute(DELIVERY.insert(), {**load, **seen})
        connection.execute(LOAD.insert(), {**load, **counts, "staged_at": datetime(2011, 1, 1)})
        dice = np.random.default_rng(3)
        rows: list[dict[str, Any]] = []
        for number in range(1200):
            day = first + timedelta(days=int(dice.integers((AS_OF - first).days)))
            mils = int(dice.gamma(2, 150_000)) + 1000
            kind = "cancelled" if number % 17 == 0 else "sale"
            rows.append(
                {
                    "invoice_no": f"{'C' if kind == 'cancelled' else ''}{500_000 + number}",
                    "load_no": 1,
                    "kind": kind,
                    "sold_at": pd.Timestamp(day) + pd.Timedelta(hours=10),
                    "sold_on": day,
                    "customer_id": 12_000 + int(dice.exponential(40)),
                    "country": COUNTRIES[number % 3],
                    "line_count": 1,
                    "amount_mils": -mils if kind == "cancelled" else mils,
                    "bought_lines": int(kind == "sale"),
                    "bought_mils": mils if kind == "sale" else 0,
                    "precedence": 1,
                }
            )
        insert_rows(connection, INVOICE, pd.DataFrame(rows))


def charts_of(page: str) -> list[Any]:
    """The data of the page's charts, in their order."""
    starts = [found.end() for found in re.finditer(r'Plotly\.newPlot\(\s*"chart-[^"]+",\s*', page)]
    return [json.JSONDecoder().raw_decode(page[start:])[0] for start in starts]


def test_the_notebook_makes_the_pages_charts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gift_shop_settings.cache_clear()
    settings = gift_shop_settings()
    with fresh_database("sqlite", tmp_path) as url:
        engine = engine_for(url)
        fill(engine)
        figures = analyse(read_invoices(engine), AS_OF, settings)
        keep(engine, figures, basis(engine, settings), "run")
        page = as_page(figures, segment_history(engine, AS_OF), settings).decode()
        connection = {"conn_type": "sqlite", "host": str(url.database)}
        monkeypatch.setenv("AIRFLOW_CONN_LGS_WAREHOUSE", json.dumps(connection))
        made_by_notebook = executed("gift_shop.ipynb")
        again = analyse(read_invoices(engine), AS_OF, settings)
        assert page == as_page(again, segment_history(engine, AS_OF), settings).decode()
        engine.dispose()
    drawn = made_by_notebook.drawn
    assert len(drawn) == 9
    assert drawn == charts_of(page)
    words = made_by_notebook.words
    assert f"{len(figures.segments):,} customers, recency counted to {AS_OF}" in words
    assert "Who buys next" in page
    # Whatever a country is called, it stays text, in tables and in charts.
    assert "&lt;b&gt;EIRE&lt;/b&gt;" in page
    assert "<b>EIRE" not in page
    assert "<b>EIRE</b>" not in json.dumps(drawn)
