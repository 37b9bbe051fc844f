"""Tasks of `competitor_prices` that read the sites; those that compare are in `competitor_comparison`."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.changes import Reject, Summary
from include.errors import InvalidRequest, RetailOpsError
from include.settings import store_settings
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from include.competitors.settings import CompetitorSettings, SiteSettings
    from include.competitors.tables import ListedRow
    from include.competitors.visit import Login
    from include.storedb.competitor_prices import CompetitorPrices

log = logging.getLogger(__name__)

FOLDER = "competitor_prices"
SITES, READ = "sites", "read"
NOTHING_KEPT = "nothing: dry run"


def sites_to_read(task_run: TaskRun) -> list[str]:
    """The short names of the sites of this run.

    Skips where there is no browser and where no site is enabled; raises `InvalidRequest` for a name that
    the run was asked for and that is no enabled site.
    """
    from retail_ops.browser import CHROMEDRIVER, CHROMIUM, find_programs

    enabled = list(settings_of_sites().enabled)
    wanted = list(task_run.params.get("only") or enabled)
    if unknown := [name for name in wanted if name not in enabled]:
        raise InvalidRequest(
            f"{', '.join(unknown)}: no such enabled site in competitors.yaml; there are {', '.join(enabled)}"
        )
    if not wanted:
        task_run.skip("no site is enabled in competitors.yaml")
    if find_programs() is None:
        task_run.skip(
            "no price list was read: Chromium or its driver is not on this machine (looked for chromium and "
            f"chromedriver on the path, or as {CHROMIUM} and {CHROMEDRIVER} say)"
        )
    return wanted


def read_site(task_run: TaskRun, key: str) -> dict[str, str]:
    """Read a site's list; keep it as CSV and in the price history, unless the run is dry.

    Returns site and place of the reading, for the tasks that follow. Raises `InvalidRequest` in a cleared
    run of an earlier day: a site shows its present prices only.
    """
    from include.competitors.history import as_price_on_day
    from include.competitors.reading import Reading, as_csv, as_offers, replace_if_different, write_reading

    started = time.monotonic()
    site, day = settings_of_sites().enabled[key], task_run.when.date()
    if task_run.was_cleared and day < datetime.now(store_settings().zone).date():
        raise InvalidRequest(
            f"this run is of {day}, and {site.name} shows today's prices: they would be kept as that day's. "
            "Trigger the DAG instead of clearing the old run."
        )
    offers, rejects = as_offers(_listed(task_run, key, site))
    reading = task_run.run_file(f"{key}.reading.json")
    write_reading(Reading(key, day, tuple(offers)), reading)
    details: dict[str, Any] = {"products": len(offers)}
    changed = 0
    if task_run.dry_run:
        details["kept"] = NOTHING_KEPT
        log.info("Dry run: %d products of %s were read, and nothing of them is kept", len(offers), site.name)
    else:
        file = task_run.file(FOLDER, key, f"{day.isoformat()}.csv")
        changed = replace_if_different(file, as_csv(offers))
        prices = [as_price_on_day(key, day, offer) for offer in offers]
        changed += history().keep(key, day, prices, task_run.run)
        details["file"] = str(file)
        log.info("%s: %d products, %d rows and files changed: %s", site.name, len(offers), changed, file)
    leave(task_run, changed, rejects, started, details)
    return {"site": key, "reading": str(reading)}


def _listed(task_run: TaskRun, key: str, site: SiteSettings) -> list[ListedRow]:
    from include.competitors.visit import Visit
    from retail_ops.browser import browser, find_programs

    programs, settings, login = find_programs(), settings_of_sites().browser, _login(site)
    if programs is None:
        task_run.skip("Chromium or its driver is not on this worker: the site was not read")
    with browser(programs, page_seconds=settings.page_seconds, sandbox=settings.sandbox) as driver:
        try:
            return Visit(driver, site, login).rows()
        except RetailOpsError:
            _keep_evidence(task_run, key, driver, (login.password, login.login))
            raise


def _keep_evidence(task_run: TaskRun, key: str, driver: WebDriver, secrets: Sequence[str]) -> None:
    from include.competitors.evidence import failed_page
    from include.files import write_atomically

    stem = f"{task_run.when:%Y-%m-%d}_try{task_run.context['ti'].try_number}"
    source, picture = failed_page(driver, secrets)
    kept = []
    for ending, content in (("html", source), ("png", picture)):
        if content is not None:
            file = task_run.file(FOLDER, "failures", key, f"{stem}.{ending}")
            write_atomically(file, content)
            kept.append(str(file))
    log.error("The page as it was: %s", " and ".join(kept) or "the browser could not show it any more")


def _login(site: SiteSettings) -> Login:
    """Address and login of a site's connection; raises `InvalidRequest` when there is none."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    from include.competitors.visit import Login
    from retail_ops.hooks.connection_fields import ConnectionFields

    try:
        fields = ConnectionFields(BaseHook.get_connection(site.connection))
    except AirflowNotFoundException:
        raise InvalidRequest(
            f"there is no connection {site.connection!r}; it needs the address of {site.name} as host, and "
            "the login. Add it, or set `enabled: false` for the site in competitors.yaml."
        ) from None
    needed = {step.value for step in site.steps}
    return Login(
        fields.base_url(),
        fields.required("login") if "login" in needed else fields.text("login") or "",
        fields.secret("password") if "password" in needed else "",
    )


def leave(
    task_run: TaskRun, changed: int, rejects: Sequence[Reject], started: float, details: dict[str, Any]
) -> None:
    """Leave a task's summary behind; `started` is the `time.monotonic()` at its start."""
    for reject in rejects:
        log.warning("Set aside: %s: %s", reject.key, reject.reason)
    if path := task_run.write_rejects(rejects):
        details["rejects"] = path
    seconds = round(time.monotonic() - started, 3)
    task_run.leave(
        Summary(planned=changed, applied=changed, rejected=len(rejects), seconds=seconds, details=details)
    )


def history() -> CompetitorPrices:
    """The price history."""
    from include.storedb.competitor_prices import CompetitorPrices
    from retail_ops.hooks.databases import StoreDbHook

    return CompetitorPrices(StoreDbHook().engine)


def settings_of_sites() -> CompetitorSettings:
    """The settings of `competitors.yaml`."""
    from include.competitors.settings import competitor_settings

    return competitor_settings()
