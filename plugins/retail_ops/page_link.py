"""The button in the UI that opens the page of a task; see `retail_ops.api.pages`, which serves it."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

from include.storedb.runs import RunContext
from retail_ops.pages import REPORTS
from retail_ops.task_run import LEFT_BEHIND, SUMMARY, store_files

URL_PREFIX = "/retail-ops"
PAGES = "pages"

Output = TypeVar("Output")


class PageLink(BaseOperatorLink):
    """Opens the page that the task's summary names. A task without one has no button.

    Airflow asks for the link in the task's own process after the task has ended, and keeps it as an XCom.
    """

    name = "Page"

    @property
    def xcom_key(self) -> str:
        return "page_link"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002
        """The page's address, relative to Airflow's own (`[api] base_url`); "" where there is no page."""
        index = -1 if ti_key.map_index is None else ti_key.map_index
        run = RunContext(ti_key.dag_id, ti_key.run_id, ti_key.task_id, index)
        summary = LEFT_BEHIND.get((run, SUMMARY)) or {}
        return page_address(summary.get("details", {}).get("page"))


PAGE_LINK = PageLink()


def page_address(place: str | None) -> str:
    """The address of a page below `reports/` of the store's files; "" for anything else."""
    reports = f"{store_files() / REPORTS}/"
    if not place or not place.startswith(reports):
        return ""
    return f"{URL_PREFIX[1:]}/{PAGES}/{quote(place.removeprefix(reports))}"


def with_page(output: Output) -> Output:
    """Give the `@task` that was just called the button; returns what it was given."""
    output.operator.operator_extra_links = (PAGE_LINK,)  # type: ignore[attr-defined]
    return output
