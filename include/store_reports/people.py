"""Last week's sales reps and wholesale customers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from include.counterpoint.items import folded
from include.store_reports import queries
from include.store_reports.figures import Figures
from include.store_reports.queries import exact
from include.store_reports.sections import Column, Row, Section, Table, share
from include.store_reports.words import span

REPS, WHOLESALE = "Sales reps", "Wholesale"


def sales_reps(figures: Figures) -> Section:
    """Who sold most at the tills last week."""
    week, settings = figures.days.last_week, figures.settings
    names = {folded(row.USR_ID): (row.NAM or "").strip() for row in figures.read(queries.users())}
    found = _by_amount(figures.read(queries.sales_by_rep(week, settings.till_stores)), "rep")
    rows: list[Row] = [
        [names.get(rep) or rep or "(nobody)", tickets, amount, amount / tickets if tickets else None]
        for rep, tickets, amount in found
    ]
    columns = (
        Column("Sales rep"),
        Column("Tickets", "count"),
        Column("Revenue", "money"),
        Column("Each ticket", "money"),
    )
    table = Table(
        "Sales reps", "", columns, rows[: settings.sales_reps], note=_others(rows, settings.sales_reps)
    )
    return Section(REPS, (table,), notes=(f"Tills, {span(week)}.",))


def wholesale(figures: Figures) -> Section:
    """What the best wholesale customers, and all of them, bought last week."""
    week, settings = figures.days.last_week, figures.settings
    known = {folded(row.CUST_NO): row for row in figures.read(queries.companies(settings.wholesale_category))}
    found = _by_amount(figures.read(queries.sales_by_company(week, settings.wholesale_category)), "customer")
    most = settings.wholesale_customers
    rows: list[Row] = []
    for number, tickets, amount in found[:most]:
        who = known.get(number)
        name, phone, mail = (
            ((getattr(who, field) or "").strip() for field in ("NAM", "PHONE_1", "EMAIL_ADRS_1"))
            if who is not None
            else ("", "", "")
        )
        shown = who.CUST_NO.strip() if who is not None else number
        rows.append([name or shown, phone, tickets, amount, mail])
    columns = (
        Column("Customer"),
        Column("Phone"),
        Column("Tickets", "count"),
        Column("Revenue", "money"),
        Column("Mail", mail=False),
    )
    best, all_ = sum((one[2] for one in found[:most]), Decimal(0)), sum((one[2] for one in found), Decimal(0))
    totals = Table(
        "Wholesale totals",
        "",
        (Column(""), Column("Customers", "count"), Column("Revenue", "money"), Column("Share", "percent")),
        [
            [f"Best {most}", len(found[:most]), best, share(best, all_)],
            ["All wholesale customers", len(found), all_, share(all_, all_)],
        ],
    )
    customers = Table("Wholesale customers", f"Best {most} customers", columns, rows)
    return Section(
        WHOLESALE, (totals, customers) if rows else (totals,), notes=(f"All channels, {span(week)}.",)
    )


def _by_amount(rows: Iterable[Any], key: str) -> list[tuple[str, int, Decimal]]:
    """Keys with tickets and net sales, the largest first; different spellings of a key are one."""
    found: dict[str, tuple[int, Decimal]] = {}
    for row in rows:
        name = folded(getattr(row, key))
        tickets, amount = found.get(name, (0, Decimal(0)))
        found[name] = tickets + int(row.tickets or 0), amount + exact(row.amount)
    ordered = sorted(found.items(), key=lambda one: (-one[1][1], one[0]))
    return [(name, tickets, amount) for name, (tickets, amount) in ordered]


def _others(rows: list[Row], shown: int) -> str:
    return f"{len(rows) - shown} others sold less." if len(rows) > shown else ""
