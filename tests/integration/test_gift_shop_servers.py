"""The gift shop's warehouse on SQLite and PostgreSQL: both give the same, and the published figures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine, func, inspect, select, text

from include.database.engines import engine_for
from include.errors import InvalidRequest
from include.gift_shop import analysis, deliveries, metrics, rfm
from include.gift_shop.invoices import read_invoices
from include.gift_shop.next_purchase import outlook
from include.gift_shop.publishing import Published, publish
from include.gift_shop.reading import frames
from include.gift_shop.settings import gift_shop_settings
from include.gift_shop.staging import stage
from include.gift_shop.tables import COUNTRY, DAY, INVOICE, LINE, MONTH, PRODUCT, RFM, create_tables
from include.sandbox.gift_shop_delivery import FILES, FOLDER, fill_gift_shop_deliveries
from tests.databases import fresh_database

DATA = Path(os.environ.get("RETAIL_DATA_DIR") or Path(__file__).parents[3] / "shared" / "data")
RETAIL = DATA / "online_retail_II.parquet"
AT = datetime(2026, 11, 20, 15)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path) as url:
        create_tables(engine_for(url))
        yield engine_for(url)


def load(engine: Engine, path: Path, *, together: bool = False) -> list[Published]:
    contents = deliveries.contents_of(path, together=together)
    waiting = deliveries.waiting(deliveries.register(engine, path.name, contents, AT), None)
    done = []
    for one in waiting:
        staged = stage(engine, one, frames(path, one.part), run_id="run")
        done.append(publish(engine, staged.load_no, gift_shop_settings().continent))
    return done


def answers(engine: Engine) -> dict[str, Any]:
    """What the warehouse says, as plain values."""
    with engine.connect() as connection:
        sums = select(func.count(), func.sum(INVOICE.c.line_count), func.sum(INVOICE.c.amount_mils))
        return {
            "invoices": tuple(map(int, connection.execute(sums).one())),
            "sales": tuple(
                map(int, connection.execute(text("SELECT COUNT(*), SUM(amount_mils) FROM lgs_sale")).one())
            ),
            "products": connection.execute(select(PRODUCT).order_by(PRODUCT.c.stock_code)).all(),
            "countries": connection.execute(select(COUNTRY).order_by(COUNTRY.c.country)).all(),
            "days": connection.scalar(select(func.count()).select_from(DAY)),
            "months": connection.execute(select(MONTH).order_by(MONTH.c.month)).all(),
            "segments": connection.execute(select(RFM).order_by(RFM.c.as_of, RFM.c.customer_id)).all(),
        }


def test_a_file_that_breaks_off_is_refused_and_nothing_of_it_stays(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    heading = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
    row = "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"
    path.write_text(f"{heading}{row * 200_001}{row.strip()},one cell too many\n")
    with pytest.raises(InvalidRequest, match=r"broken\.csv cannot be read: .*saw 9"):
        load(engine, path)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(LINE)) == 0


def test_the_sandbox_s_deliveries_load_once_and_the_answers_are_the_files(
    engine: Engine, tmp_path: Path
) -> None:
    assert fill_gift_shop_deliveries(tmp_path) == 2
    assert fill_gift_shop_deliveries(tmp_path) == 0
    paths = [tmp_path / FOLDER / name for name in FILES]
    first = load(engine, paths[0])
    second = load(engine, paths[1])
    assert second[0].replaced > 0, "the files overlap"
    assert load(engine, paths[0]) == load(engine, paths[1]) == []
    create_tables(engine)
    settings = gift_shop_settings()
    as_of = analysis.day_to_count_to(engine, settings, None)
    assert as_of is not None
    made_from = analysis.basis(engine, settings)
    figures = analysis.analyse(read_invoices(engine), as_of, settings)
    written = analysis.keep(engine, figures, made_from, "run")
    assert written[-1] == as_of
    assert len(written) == 13
    assert analysis.is_done(engine, as_of, made_from)
    said = answers(engine)

    # The files by themselves, without the lines that nobody can read.
    every = pd.concat(
        pd.read_csv(path, dtype=str).set_axis(["n", "code", "d", "q", "t", "price", "c", "l"], axis=1)
        for path in paths
    )
    every = every[every["n"].notna() & ~every["n"].isin(["999001", "999002", "999003"])]
    both = every.groupby("n")["t"].apply(lambda t: t.str.contains("/").any() and t.str.contains("-").any())
    again = every["n"].isin(both[both].index) & every["t"].str.contains("-")
    once = every[~again]
    mils = (once["price"].astype(float) * 1000).round().astype(int) * once["q"].astype(int)
    assert said["sales"] == (len(once), int(mils.sum()))
    assert said["invoices"] == (once["n"].nunique(), len(once), int(mils.sum()))
    assert first[0].new + second[0].new == once["n"].nunique()
    assert sum(month.sales_mils for month in said["months"]) == int(mils.sum())

    if engine.dialect.name == "postgresql":
        assert {index["name"] for index in inspect(engine).get_indexes("lgs_line")} == {"lgs_line_blocks"}
        with fresh_database("sqlite", tmp_path) as url:
            other = engine_for(url)
            create_tables(other)
            for path in paths:
                load(other, path)
            analysis.keep(other, analysis.analyse(read_invoices(other), as_of, settings), made_from, "run")
            assert answers(other) == said


def test_what_a_day_s_run_said_of_earlier_days_stays(engine: Engine, tmp_path: Path) -> None:
    fill_gift_shop_deliveries(tmp_path)
    settings = gift_shop_settings()
    load(engine, tmp_path / FOLDER / FILES[0])
    early = analysis.day_to_count_to(engine, settings, None)
    assert early is not None
    analysis.keep(engine, analysis.analyse(read_invoices(engine), early, settings), "a", "first")
    before = analysis.segment_history(engine, early)
    load(engine, tmp_path / FOLDER / FILES[1])
    late = analysis.day_to_count_to(engine, settings, None)
    assert late is not None
    assert late > early
    written = analysis.keep(engine, analysis.analyse(read_invoices(engine), late, settings), "b", "second")
    assert not set(written) & set(before)
    after = analysis.segment_history(engine, late)
    assert list(after) == sorted(after)
    for day, segments in before.items():
        assert after[day].equals(segments)
    assert analysis.is_done(engine, early, "a")


@pytest.mark.skipif(not RETAIL.exists(), reason=f"no {RETAIL.name} (set RETAIL_DATA_DIR)")
def test_the_published_figures_come_out_to_the_digit(engine: Engine) -> None:
    """The published analyses take both overlapping sheets of the file as one."""
    (done,) = load(engine, RETAIL, together=True)
    assert done.lines == 1_067_371
    invoices = read_invoices(engine)
    assert invoices["amount_mils"].sum() == 19_287_250_568
    assert invoices["customer_id"].nunique() == 5942

    amounts = metrics.positive_amounts(invoices)
    every, usual = metrics.distribution(amounts), metrics.distribution(metrics.usual(amounts, 85))
    assert (every.count, every.minimum, every.mode, every.maximum) == (40_078, 0.19, 15.0, 168_469.6)
    assert round(every.mean, 2) == 523.30
    assert every.median == 304.315
    assert (usual.minimum, usual.mode, usual.maximum) == (0.19, 15.0, 724.25)
    assert (round(usual.mean, 2), round(usual.median, 3)) == (271.68, 256.235)

    customers = rfm.buyers(invoices, date(2012, 1, 1), "published")
    assert len(customers) == 5878
    fifths = [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert customers["recency_days"].quantile(fifths).tolist() == [22, 41, 80, 211, 432, 760]
    assert customers["frequency"].quantile(fifths).tolist() == [1, 1, 2, 4, 8, 398]
    money = (customers["monetary_mils"].quantile(fifths) / 1000).round(2).tolist()
    assert money == [2.95, 291.28, 618.23, 1248.54, 2966.69, 608821.65]
    found = rfm.scored(customers, "published")
    assert [int((found["r"] == score).sum()) for score in range(1, 6)] == [1168, 1175, 1180, 1140, 1215]
    assert [int((found["f"] == score).sum()) for score in range(1, 6)] == [1176, 1175, 1176, 1175, 1176]
    split = {
        (times, score): int(((found["frequency"] == times) & (found["f"] == score)).sum())
        for times, score in ((1, 1), (1, 2), (2, 2), (2, 3), (4, 3), (4, 4), (8, 4), (8, 5))
    }
    assert list(split.values()) == [1176, 447, 728, 216, 296, 190, 123, 49]

    countries = metrics.by_country(invoices, {str(name): "" for name in invoices["country"].unique()})
    assert len(countries) == 43
    top = {str(name): round(mils / 1000, 2) for name, mils in countries["sales_mils"].head(12).items()}
    assert top == {
        "United Kingdom": 16_382_583.90, "EIRE": 615_519.55, "Netherlands": 548_524.95, "Germany": 417_988.56,
        "France": 328_191.80, "Australia": 167_129.07, "Switzerland": 99_728.76, "Spain": 91_859.48,
        "Sweden": 87_809.42, "Denmark": 65_741.09, "Belgium": 63_574.49, "Portugal": 53_136.80,
    }  # fmt: skip
    unknown = {
        str(name) for name in countries.index if gift_shop_settings().continent(str(name)) == "Unknown"
    }
    assert unknown == {"Unspecified"}


@pytest.mark.skipif(not RETAIL.exists(), reason=f"no {RETAIL.name} (set RETAIL_DATA_DIR)")
def test_the_overlap_of_the_two_real_deliveries_counts_once(engine: Engine) -> None:
    done = load(engine, RETAIL)
    assert [(one.new, one.replaced) for one in done] == [(28_816, 0), (24_812, 1_088)]
    table = pd.read_parquet(RETAIL)
    mils = (table["Price"] * 1000).round().astype("int64") * table["Quantity"]
    first, second = (table["sheet"] == sheet for sheet in ("2009-2010", "2010-2011"))
    once = ~(first & table["Invoice"].isin(table.loc[second, "Invoice"].unique()))
    with engine.connect() as connection:
        count, total = connection.execute(text("SELECT COUNT(*), SUM(amount_mils) FROM lgs_sale")).one()
    assert (count, int(total)) == (int(once.sum()), int(mils[once].sum()))
    found = outlook(read_invoices(engine), date(2011, 12, 10))
    assert found is not None
    assert found.model.auc > 0.8 > found.recency_alone.auc
    assert found.model.brier < found.recency_alone.brier
    assert found.model.came == 2292
    assert abs(found.model.expected - found.model.came) < 0.15 * found.model.came
