"""Tasks of `competitor_prices` that compare with our items and write the report."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from include.changes import Reject
from include.errors import InvalidRequest
from retail_ops.competitor_prices import FOLDER, NOTHING_KEPT, READ, SITES, history, leave, settings_of_sites
from retail_ops.mailing import Report
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.competitors.comparison import Comparison, SiteList
    from include.competitors.reading import Reading

log = logging.getLogger(__name__)

MATCHES = "matches.csv"


def compare_prices(task_run: TaskRun) -> None:
    """Put new candidates on the review list and write the comparison; skips when no list was read."""
    from include.competitors.comparison_files import as_csv, as_workbook
    from include.competitors.reading import replace_if_different
    from include.competitors.review import append_candidates

    started = time.monotonic()
    comparison, lines, rejects = _comparison(task_run)
    compared = len(comparison.rows)
    details: dict[str, Any] = {"compared": compared, "new_candidates": len(lines)}
    changed = 0
    if task_run.dry_run:
        details["kept"] = NOTHING_KEPT
        log.info("Dry run: %d items compared, %d candidates are new; nothing is kept", compared, len(lines))
    else:
        changed = append_candidates(task_run.file(FOLDER, MATCHES), lines)
        for ending, content in (("csv", as_csv(comparison)), ("xlsx", as_workbook(comparison))):
            file = task_run.file(FOLDER, "comparison", f"{comparison.day.isoformat()}.{ending}")
            changed += replace_if_different(file, content)
    leave(task_run, changed, rejects, started, details)


def compose_report(task_run: TaskRun) -> Report:
    """The letter about the comparison; skips when there is nothing new to tell."""
    from include.competitors.letter import as_letter

    comparison, _, _ = _comparison(task_run)
    if not comparison.has_news:
        task_run.skip("no price moved since the last list, so there is nothing to report")
    numbers = {"compared": len(comparison.rows), "moved": sum(len(s.moves) for s in comparison.sites)}
    return Report(as_letter(comparison), comparison.day.isoformat(), numbers)


def _comparison(task_run: TaskRun) -> tuple[Comparison, list[list[str]], list[Reject]]:
    """The comparison, the lines that the review list lacks, and what of that list cannot be used."""
    from include.competitors.comparison import compare
    from include.competitors.matching import Matcher, our_items
    from include.competitors.review import candidate_lines, read_decisions
    from retail_ops.hooks.databases import CounterpointHook

    lists = _lists(task_run)
    if not lists:
        task_run.skip("no price list was read, so there is nothing to compare")
    items = our_items(CounterpointHook().read)
    if not items:
        raise InvalidRequest("Counterpoint has no active items: is the connection `counterpoint` right?")
    decisions = read_decisions(task_run.file(FOLDER, MATCHES))
    day = task_run.when.date()
    comparison, asked = compare(day, lists, items, Matcher(items, settings_of_sites().matching), decisions)
    lines = candidate_lines(asked, decisions, day)
    numbers = {item.number for item in items}
    unknown = [
        Reject(place, f"there is no active item {number!r}")
        for place, number in decisions.by_hand.items()
        if number not in numbers
    ]
    return comparison, lines, [*decisions.rejects, *unknown]


def _lists(task_run: TaskRun) -> list[SiteList]:
    """The sites' lists of the day: of this run, or kept by an earlier run of the day."""
    from include.competitors.comparison import SiteList
    from include.competitors.history import as_price_on_day, moves
    from include.competitors.reading import as_offer

    day, prices, read = task_run.when.date(), history(), _readings(task_run)
    expected = task_run.context["ti"].xcom_pull(task_ids=SITES) or []
    found = []
    for key, site in settings_of_sites().enabled.items():
        if key in read:
            offers = read[key].offers
        else:
            kept = prices.on(key, day)
            offers = tuple(as_offer(p.name, p.size, p.available, p.price_text) for p in kept)
        if not offers and key not in expected:
            continue
        since = prices.last_day_before(key, day)
        now = [as_price_on_day(key, day, offer) for offer in offers]
        moved = moves(prices.on(key, since), now) if since and offers else []
        read_on = day if offers else since
        failed = key in expected and key not in read
        found.append(
            SiteList(key, site.name, site.compare_with, offers, read_on, since, tuple(moved), failed)
        )
    return found


def _readings(task_run: TaskRun) -> dict[str, Reading]:
    from airflow.sdk import ObjectStoragePath

    from include.competitors.reading import read_reading

    pulled = task_run.context["ti"].xcom_pull(task_ids=READ)
    several = [pulled] if isinstance(pulled, dict) else pulled or []
    return {
        one["site"]: read_reading(ObjectStoragePath(one["reading"]))
        for one in several
        if isinstance(one, dict)
    }
