"""Keeping a day's page: what lies where, which page is the latest, and the button's address."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.definitions.context import Context
from upath import UPath

from include.changes import Summary
from include.reporting.figures_page import figures_page
from include.reporting.plotly_script import script_content, script_name
from retail_ops import page_link
from retail_ops import task_run as task_run_module
from retail_ops.page_link import PAGE_LINK, page_address
from retail_ops.pages import keep_page
from retail_ops.task_run import LEFT_BEHIND, SUMMARY, TaskRun

DAY, EARLIER, LATER = date(2026, 11, 20), date(2026, 11, 19), date(2026, 11, 21)


@pytest.fixture(params=["disk", "object storage"])
def reports(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    root: Any = ObjectStoragePath(tmp_path.as_uri())
    if request.param == "object storage":
        root = UPath(f"memory://{uuid4().hex}/files")
    for module in (task_run_module, page_link):
        monkeypatch.setattr(module, "store_files", lambda: root)
    return root / "reports"


def run(*, dry_run: bool = False) -> TaskRun:
    ti = SimpleNamespace(
        dag_id="figures", run_id="r", task_id="show", map_index=-1, xcom_push=lambda key, value: None
    )
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC)
    context = {
        "ti": ti,
        "params": {"dry_run": dry_run},
        "dag_run": SimpleNamespace(logical_date=moment, run_after=moment),
    }
    return TaskRun(cast(Context, context))


def test_page_files_and_script_lie_where_they_find_each_other(reports: Any) -> None:
    page = figures_page("Figures", "of a day", [])
    kept = keep_page(run(), DAY, page, {"sales.png": b"png", "people.csv": b"csv"})
    assert kept.place == str(reports / "figures" / "2026-11-20.html")
    assert kept.changed == 4
    folder = reports / "figures"
    assert (folder / "2026-11-20.html").read_bytes() == (folder / "latest.html").read_bytes() == page
    assert (folder / "2026-11-20" / "people.csv").read_bytes() == b"csv"
    assert f'<script src="../{script_name()}"></script>'.encode() in page
    assert (reports / script_name()).read_bytes() == script_content()
    assert len(page) < 10_000, "a page does not hold the script"

    assert keep_page(run(), DAY, page, {"sales.png": b"png", "people.csv": b"csv"}).changed == 0
    assert keep_page(run(), DAY, page, {"sales.png": b"other", "people.csv": b"csv"}).changed == 1
    # What a crash left out is made up for.
    (folder / "latest.html").unlink()
    assert keep_page(run(), DAY, page, {"sales.png": b"other", "people.csv": b"csv"}).changed == 1


def test_the_latest_page_is_that_of_the_latest_day(reports: Any) -> None:
    latest = reports / "figures" / "latest.html"
    for day, content, expected in (
        (DAY, b"day", b"day"),
        (EARLIER, b"earlier", b"day"),
        (DAY, b"day again", b"day again"),
        (LATER, b"later", b"later"),
    ):
        keep_page(run(), day, content)
        assert latest.read_bytes() == expected
    keep_page(run(), DAY, b"as said", latest=True)
    assert latest.read_bytes() == b"as said"
    keep_page(run(), LATER, b"not this one", latest=False)
    assert latest.read_bytes() == b"as said"


def test_a_dry_run_leaves_a_preview_only(reports: Any) -> None:
    page = figures_page("Figures", "of a day", [])
    kept = keep_page(run(dry_run=True), DAY, page)
    assert kept.place == str(reports / "preview" / "figures" / "2026-11-20.html")
    assert (reports / "preview" / script_name()).exists()
    assert not (reports / "figures").exists()


def test_a_page_without_charts_needs_no_script(reports: Any) -> None:
    keep_page(run(), DAY, b"<p>a letter</p>")
    assert [found.name for found in reports.iterdir()] == ["figures"]


def test_the_button_has_the_address_below_airflows_own(reports: Any) -> None:
    task_run = run()
    key: Any = task_run.context["ti"]
    assert PAGE_LINK.get_link(cast(Any, None), ti_key=key) == ""
    task_run.leave(Summary(details={"page": keep_page(task_run, DAY, b"page").place}))
    assert PAGE_LINK.get_link(cast(Any, None), ti_key=key) == "retail-ops/pages/figures/2026-11-20.html"
    task_run.leave(Summary(details={"file": "elsewhere"}))
    assert PAGE_LINK.get_link(cast(Any, None), ti_key=key) == ""
    LEFT_BEHIND.pop((task_run.run, SUMMARY))
    for elsewhere in (None, "", str(reports.parent / "rejects" / "x.csv"), f"{reports}_old/x.html"):
        assert page_address(elsewhere) == ""
