"""Tasks of `lgs_warehouse_load`: find deliveries, stage, publish, announce."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from include.changes import Reject, Summary
from include.errors import InvalidRequest
from include.settings import store_settings
from retail_ops.task_run import TaskRun, store_files

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.gift_shop.settings import GiftShopSettings
    from include.periods import Period

log = logging.getLogger(__name__)

WAREHOUSE = "lgs_warehouse"
DELIVERIES, GROUP, ANNOUNCE = "deliveries", "delivery", "announce"


def find_deliveries(task_run: TaskRun) -> list[dict[str, Any]]:
    """The deliveries to load, in the order in which they came.

    Skips when there is nothing to load. A file that cannot be read is set aside and makes the run red.
    """
    from include.files import local_copy
    from include.gift_shop import deliveries
    from include.gift_shop.reading import is_delivery
    from include.gift_shop.tables import create_tables

    started, settings, engine = time.monotonic(), gift_shop_settings(), warehouse()
    create_tables(engine)
    with engine.begin() as connection:
        deliveries.drop_left_over(connection)
    folder = store_files() / settings.deliveries.folder
    files = sorted(file for file in folder.iterdir() if is_delivery(file.name)) if folder.exists() else []
    if not files:
        task_run.skip(f"no transaction file lies in {folder}")
    found, rejects = [], []
    for file in files:
        try:
            with local_copy(file) as local:
                contents = deliveries.contents_of(local, together=settings.deliveries.parts == "together")
        except InvalidRequest as error:
            rejects.append(Reject(file.name, str(error)))
            log.warning("Set aside: %s", error)
            continue
        found += [
            (one, file.name) for one in deliveries.register(engine, file.name, contents, _now(task_run))
        ]
    names = {one.number: name for one, name in found}
    month = month_of(task_run)
    waiting = deliveries.waiting([one for one, _ in found], month.first if month else None)
    details = {"files": len(files), "month": f"{month.first:%Y-%m}" if month else "all"}
    if path := task_run.write_rejects(rejects):
        details["rejects"] = path
    if not waiting and not rejects:
        task_run.skip(f"nothing to change: what lies in {folder} is in the warehouse already")
    seconds = round(time.monotonic() - started, 3)
    task_run.leave(Summary(failed=len(rejects), seconds=seconds, details=details))
    return [
        {"number": one.number, "content": one.content, "file": names[one.number], "part": one.part}
        for one in waiting
    ]


def stage_delivery(task_run: TaskRun, one: dict[str, Any]) -> int:
    """Stage one delivery; returns the number of the load. Skips when it has nothing of the wanted month."""
    from include.files import local_copy
    from include.gift_shop.deliveries import Delivery
    from include.gift_shop.reading import frames
    from include.gift_shop.staging import stage

    started, settings, month = time.monotonic(), gift_shop_settings().deliveries, month_of(task_run)
    delivery = Delivery(one["number"], one["content"], one["file"], one["part"], None)
    with local_copy(store_files() / settings.folder / delivery.file) as local:
        staged = stage(
            warehouse(),
            delivery,
            frames(local, delivery.part),
            run_id=task_run.run.run_id,
            day_first=settings.day_first,
            month=month,
        )
    if month and not staged.lines:
        task_run.skip(f"{delivery.name} has no invoices of {month.first:%Y-%m}")
    log.info("%s: %d lines staged, %d set aside", delivery.name, staged.lines, len(staged.rejects))
    details: dict[str, Any] = {"delivery": delivery.name, "lines": staged.lines, "mils": staged.amount_mils}
    rejects = [Reject(f"{delivery.name}, line {line}", reason) for line, reason in staged.rejects]
    if path := task_run.write_rejects(rejects):
        details["rejects"] = path
    seconds = round(time.monotonic() - started, 3)
    task_run.leave(Summary(rejected=len(rejects), seconds=seconds, details=details))
    return staged.load_no


def publish_load(task_run: TaskRun, load_no: int) -> None:
    """Let a staged and checked load count; a dry run drops it instead."""
    from include.gift_shop.deliveries import drop_staged
    from include.gift_shop.publishing import publish
    from include.gift_shop.tables import LOAD

    started, engine = time.monotonic(), warehouse()
    if task_run.dry_run:
        with engine.begin() as connection:
            drop_staged(connection, LOAD.c.load_no == load_no)
        task_run.skip("dry run: the delivery was staged and checked, and dropped again")
    done = publish(engine, load_no, _continents(gift_shop_settings()))
    log.info("%d new invoices, %d replaced, %d stayed as they were", done.new, done.replaced, done.stayed)
    changed = done.new + done.replaced
    task_run.leave(
        Summary(
            planned=changed + done.stayed,
            applied=changed,
            skipped=done.stayed,
            seconds=round(time.monotonic() - started, 3),
            details={"new": done.new, "replaced": done.replaced, "lines": done.lines},
        )
    )


def announce(task_run: TaskRun) -> dict[str, Any]:
    """What this run published, for those who follow the sales; skips when it was nothing."""
    from sqlalchemy import func, select

    from include.gift_shop.deliveries import PUBLISHED
    from include.gift_shop.tables import LOAD

    ours = (LOAD.c.run_id == task_run.run.run_id, LOAD.c.state == PUBLISHED)
    with warehouse().connect() as connection:
        loads, lines = connection.execute(
            select(func.count(), func.coalesce(func.sum(LOAD.c.line_count), 0)).where(*ours)
        ).one()
    if not loads:
        task_run.skip("nothing to change: this run published no delivery")
    return {"loads": int(loads), "lines": int(lines)}


def month_of(task_run: TaskRun) -> Period | None:
    """The month that the run loads again; None for all that is waiting."""
    from include.gift_shop.deliveries import month_to_load

    start = task_run.context.get("data_interval_start")
    first = month_to_load(
        str(getattr(task_run.context["dag_run"], "run_type", "")).rpartition(".")[2].lower(),
        start.astimezone(store_settings().zone) if isinstance(start, datetime) else None,
        task_run.params.get("month"),
    )
    return whole_month(first) if first else None


def whole_month(first: date) -> Period:
    """The month that begins with `first`."""
    from datetime import timedelta

    from include.periods import Period

    after = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return Period(first, after - timedelta(days=1))


def warehouse() -> Engine:
    """The warehouse's engine; raises `InvalidRequest` for a database that it is not made for."""
    from retail_ops.hooks.databases import LgsWarehouseHook

    engine = LgsWarehouseHook().engine
    if engine.dialect.name not in ("postgresql", "sqlite"):
        raise InvalidRequest(
            f"the connection {WAREHOUSE} is a {engine.dialect.name} database; the warehouse is kept on "
            "PostgreSQL, or on SQLite for a trial"
        )
    return engine


def gift_shop_settings() -> GiftShopSettings:
    """The settings of `gift_shop.yaml`."""
    from include.gift_shop import settings

    return settings.gift_shop_settings()


def _continents(settings: GiftShopSettings) -> Callable[[str], str]:
    from include.gift_shop.settings import UNKNOWN

    named = {country for countries in settings.continents.values() for country in countries}

    def continent(country: str) -> str:
        if country not in named:
            log.warning("gift_shop.yaml has no continent for %r; it counts to %s", country, UNKNOWN)
        return settings.continent(country)

    return continent


def _now(task_run: TaskRun) -> datetime:
    return task_run.when.replace(tzinfo=None)
