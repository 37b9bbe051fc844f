"""`lgs_warehouse_load` and `lgs_rfm` as a whole, run twice, with good and bad deliveries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from include.database.engines import engine_for
from include.gift_shop.settings import gift_shop_settings
from include.gift_shop.tables import ANALYSIS, INVOICE, LINE, LOAD, MONTH, REJECT, RFM
from include.reporting.plotly_script import script_of
from include.sandbox.gift_shop_delivery import FILES, FOLDER, fill_gift_shop_deliveries
from tests.databases import fresh_database
from tests.integration.conftest import Sandbox

RunDag = Callable[..., Any]
LOADING, FIGURES = "lgs_warehouse_load", "lgs_rfm"


ON_BOTH = pytest.mark.parametrize("warehouse", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def warehouse(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    kind = getattr(request, "param", "sqlite")
    with fresh_database(kind, tmp_path) as url:
        fields: dict[str, Any] = {"conn_type": "sqlite", "host": url.database}
        if kind == "postgresql":
            fields = {"conn_type": "postgres", "host": url.host, "port": url.port, "login": url.username,
                      "password": url.password, "schema": url.database}  # fmt: skip
        monkeypatch.setenv("AIRFLOW_CONN_LGS_WAREHOUSE", json.dumps(fields))
        gift_shop_settings.cache_clear()
        yield engine_for(url)
        gift_shop_settings.cache_clear()


def states(run: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for ti in sorted(run.get_task_instances(), key=lambda ti: (ti.task_id, ti.map_index)):
        found.setdefault(ti.task_id, []).append(str(ti.state))
    return found


def total(run: Any) -> dict[str, Any]:
    return dict(pulled(run, "report", "summary"))


def pulled(run: Any, task: str, key: str) -> Any:
    (report,) = (ti for ti in run.get_task_instances() if ti.task_id == "report")
    return report.xcom_pull(task_ids=task, key=key)


def count(engine: Engine, table: Any) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def everything(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return [
            list(connection.execute(select(table).order_by(*table.primary_key.columns)))
            for table in (INVOICE, MONTH, RFM, ANALYSIS)
        ]


def files(sandbox: Sandbox) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in (sandbox.files / "reports").rglob("*") if file.is_file()}


@ON_BOTH
def test_both_dags_run_and_find_nothing_to_change_the_second_time(
    run_dag: RunDag, sandbox: Sandbox, warehouse: Engine
) -> None:
    fill_gift_shop_deliveries(sandbox.files)
    run = run_dag(LOADING)
    assert str(run.state) == "success", states(run)
    assert states(run)["delivery.publish"] == ["success", "success"]
    done = total(run)
    assert done["rejected"] == 4
    assert len(done["rejects"]) == 1
    rejected = Path(done["rejects"][0].removeprefix("file://")).read_text()
    assert "the price is missing or no number" in rejected
    assert f"{FILES[0]}, line " in rejected
    assert count(warehouse, INVOICE) > 1000
    assert count(warehouse, REJECT) == 4

    figures = run_dag(FIGURES)
    assert str(figures.state) == "success", states(figures)
    assert total(figures)["applied"] > 50
    pages = {Path(name).name for name in files(sandbox)}
    assert {
        "latest.html",
        "next_purchase.csv",
        "sales.png",
        "segments.png",
        "countries.png",
        "continents.png",
    } <= pages
    page = (sandbox.files / "reports" / FIGURES / "latest.html").read_text()
    assert "Champions" in page
    assert 'src="http' not in page, "the page needs no network"
    assert page.count('class="plotly-graph-div"') == 9
    script = script_of(page.encode())
    assert script is not None
    assert (sandbox.files / "reports" / script).stat().st_size > 1e6
    for task in ("page", "report"):
        assert pulled(figures, task, "page_link").startswith(f"retail-ops/pages/{FIGURES}/2011-"), task

    before, written = everything(warehouse), files(sandbox)
    for dag_id in (LOADING, FIGURES):
        again = run_dag(dag_id)
        assert str(again.state) == "success"
        worked = {state for task, found in states(again).items() if task != "report" for state in found}
        assert worked == {"skipped"}, states(again)
        assert any("nothing to change" in reason for reason in total(again)["reasons"])
    assert everything(warehouse) == before
    assert files(sandbox) == written


def test_a_bad_delivery_replaces_nothing_and_leaves_the_good_one_of_the_same_run(
    run_dag: RunDag, sandbox: Sandbox, warehouse: Engine
) -> None:
    fill_gift_shop_deliveries(sandbox.files)
    assert str(run_dag(LOADING).state) == "success"
    with warehouse.connect() as connection:
        before = list(connection.execute(select(INVOICE).order_by(INVOICE.c.invoice_no)))
    folder = sandbox.files / FOLDER
    lines = (folder / FILES[0]).read_text().splitlines()
    heading, known = lines[0], [line for line in lines[1:] if line.startswith(("48943", "48944"))]
    kept = {line.split(",")[0]: line for line in known}
    (folder / "a_cut.csv").write_text("\n".join([heading, *kept.values()]))
    slipped = "700001,22423,CAKESTAND,1,2010-01-04 10:00:00,1275000,12346,EIRE"
    (folder / "b_slipped.csv").write_text("\n".join([heading, slipped]))
    (folder / "c_garbled.csv").write_text(
        "\n".join([heading, *known[:5], *[f"x{line}" for line in known[5:9]]])
    )
    future = "700002,22423,CAKESTAND,1,2099-01-04 10:00:00,12.75,12346,EIRE"
    (folder / "d_future.csv").write_text("\n".join([heading, future]))
    mixed = [f"700003,22423,CAKESTAND,1,2010-01-04 10:00:00,12.75,{customer},EIRE" for customer in (1, 2)]
    (folder / "e_mixed.csv").write_text("\n".join([heading, *mixed]))
    (folder / "f_good.csv").write_text(
        "\n".join([heading, "700004,22423,CAKESTAND,1,2010-01-04 10:00:00,12.75,12346,EIRE"])
    )
    (folder / "g.parquet").write_text("no parquet")
    run = run_dag(LOADING)
    found = states(run)
    assert str(run.state) == "failed"
    assert found["delivery.check_numbers"] == [
        "success",
        "failed",
        "success",
        "success",
        "success",
        "success",
    ]
    assert found["delivery.check_delivery"] == ["failed", "success", "failed", "failed", "failed", "success"]
    assert found["delivery.publish"] == ["upstream_failed"] * 5 + ["success"]
    assert found["announce"] == ["success"]
    assert any("deliveries" in path for path in total(run)["rejects"]), "the file that is no Parquet"
    with warehouse.connect() as connection:
        after = list(connection.execute(select(INVOICE).order_by(INVOICE.c.invoice_no)))
    assert [row for row in after if row.invoice_no != "700004"] == before
    assert len(after) == len(before) + 1


def test_a_dry_run_checks_and_keeps_nothing(run_dag: RunDag, sandbox: Sandbox, warehouse: Engine) -> None:
    fill_gift_shop_deliveries(sandbox.files)
    run = run_dag(LOADING, dry_run=True)
    assert states(run)["delivery.check_delivery"] == ["success", "success"]
    assert states(run)["delivery.publish"] == ["skipped", "skipped"]
    assert states(run)["announce"] == ["skipped"]
    assert count(warehouse, LINE) == count(warehouse, INVOICE) == 0
    run_dag(LOADING)
    figures = run_dag(FIGURES, dry_run=True)
    assert str(figures.state) == "success"
    assert count(warehouse, RFM) == count(warehouse, MONTH) == 0
    folder = sandbox.files / "reports" / "preview" / FIGURES
    assert (folder / "latest.html").exists()
    assert not (sandbox.files / "reports" / FIGURES).exists()


def test_a_month_is_loaded_again_from_all_files(run_dag: RunDag, sandbox: Sandbox, warehouse: Engine) -> None:
    fill_gift_shop_deliveries(sandbox.files)
    run_dag(LOADING)
    month = INVOICE.c.sold_on.between("2010-01-01", "2010-01-31")
    with warehouse.begin() as connection:
        before = list(
            connection.execute(
                select(INVOICE.c.invoice_no, INVOICE.c.amount_mils).order_by(INVOICE.c.invoice_no)
            )
        )
        connection.execute(INVOICE.delete().where(month))
    assert count(warehouse, INVOICE) < len(before)
    run = run_dag(LOADING, month="2010-01")
    assert str(run.state) == "success", states(run)
    assert states(run)["delivery.stage"] == ["success", "skipped"], "the second file begins in summer"
    with warehouse.connect() as connection:
        after = list(
            connection.execute(
                select(INVOICE.c.invoice_no, INVOICE.c.amount_mils).order_by(INVOICE.c.invoice_no)
            )
        )
        months = set(connection.scalars(select(LOAD.c.month).where(LOAD.c.month.is_not(None))))
    assert after == before
    assert [str(one) for one in months] == ["2010-01-01"]


def test_a_reference_date_adds_that_day_s_segments(
    run_dag: RunDag, sandbox: Sandbox, warehouse: Engine
) -> None:
    fill_gift_shop_deliveries(sandbox.files)
    run_dag(LOADING)
    run_dag(FIGURES)
    folder = sandbox.files / "reports" / FIGURES
    latest = (folder / "latest.html").read_bytes()
    assert str(run_dag(FIGURES, reference_date="2010-06-15").state) == "success"
    with warehouse.connect() as connection:
        days = [str(day) for day in connection.scalars(select(ANALYSIS.c.as_of).order_by(ANALYSIS.c.as_of))]
        last = connection.scalar(select(func.max(MONTH.c.month)))
    assert "2010-06-15" in days
    assert (folder / "2010-06-15.html").exists()
    assert (folder / "latest.html").read_bytes() == latest, "an earlier day's page is not the latest"
    assert str(last) == "2010-06-01"
    too_early = run_dag(FIGURES, reference_date="2001-01-01")
    assert states(too_early)["figures"] == ["failed"]


def test_without_files_and_sales_the_runs_say_so(
    run_dag: RunDag, sandbox: Sandbox, warehouse: Engine
) -> None:
    assert any("no transaction file lies in" in reason for reason in total(run_dag(LOADING))["reasons"])
    assert any("has no sales yet" in reason for reason in total(run_dag(FIGURES))["reasons"])
