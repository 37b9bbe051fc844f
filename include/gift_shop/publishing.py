"""Makes a staged load count: each of its invoices replaces the one that was there, as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, delete, exists, func, insert, select, tuple_

from include.database.dialects import insert_missing
from include.errors import InvalidRequest
from include.gift_shop.bulk import prepare
from include.gift_shop.deliveries import STAGED, mark_loaded
from include.gift_shop.tables import (
    COUNTRY,
    CUSTOMER,
    DAY,
    INVOICE,
    LINE,
    LOAD,
    PRODUCT,
    STAGED_INVOICE,
    STAGED_PRODUCT,
)

_S, _I = STAGED_INVOICE.c, INVOICE.c


@dataclass(frozen=True, slots=True)
class Published:
    """Invoices: `new` ones, those that were `replaced`, and those where a better version `stayed`."""

    new: int
    replaced: int
    stayed: int
    lines: int


def publish(engine: Engine, load_no: int, continent: Callable[[str], str]) -> Published:
    """Publish a staged load in one transaction; `continent` names a country's.

    Of two versions of an invoice the complete one counts, then that of the later delivery, in whatever order
    they are loaded. Raises `InvalidRequest` for a load that is not staged (any more).
    """
    with engine.begin() as connection:
        prepare(connection)
        state = connection.scalar(select(LOAD.c.state).where(LOAD.c.load_no == load_no))
        if state != STAGED:
            raise InvalidRequest(
                f"load {load_no} is not staged ({state or 'it is gone'}); clear its task stage"
            )
        published = _replace_invoices(connection, load_no)
        _products(connection, load_no)
        _dimensions(connection, continent)
        for table in (STAGED_INVOICE, STAGED_PRODUCT):
            connection.execute(delete(table).where(table.c.load_no == load_no))
        mark_loaded(connection, load_no)
    return published


def _replace_invoices(connection: Connection, load_no: int) -> Published:
    both = STAGED_INVOICE.join(INVOICE, _S.invoice_no == _I.invoice_no)
    staged, better = _S.load_no == load_no, _S.precedence >= _I.precedence

    def count(query: Select[Any]) -> int:
        return int(connection.scalar(query) or 0)

    every = count(select(func.count()).select_from(STAGED_INVOICE).where(staged))
    replaced = count(select(func.count()).select_from(both).where(staged, better))
    stayed = count(select(func.count()).select_from(both).where(staged, ~better))
    if stayed:
        theirs = select(_S.invoice_no).select_from(both).where(staged, ~better)
        connection.execute(delete(LINE).where(LINE.c.load_no == load_no, LINE.c.invoice_no.in_(theirs)))
        connection.execute(delete(STAGED_INVOICE).where(staged, _S.invoice_no.in_(theirs)))
    if replaced:
        old = select(_I.load_no, _I.invoice_no).select_from(both).where(staged)
        connection.execute(delete(LINE).where(tuple_(LINE.c.load_no, LINE.c.invoice_no).in_(old)))
        same = exists().where(and_(staged, _S.invoice_no == _I.invoice_no))
        connection.execute(delete(INVOICE).where(same))
    names = [column.name for column in INVOICE.columns]
    connection.execute(
        insert(INVOICE).from_select(names, select(*(_S[name] for name in names)).where(staged))
    )
    lines = count(select(func.coalesce(func.sum(_I.line_count), 0)).where(_I.load_no == load_no))
    return Published(every - replaced - stayed, replaced, stayed, lines)


def _products(connection: Connection, load_no: int) -> None:
    """The products of the load; of two descriptions the later delivery's counts."""
    of_load = select(LOAD.c.delivery_no).where(LOAD.c.load_no == load_no)
    number = connection.execute(of_load).scalar_one()
    product, staged = PRODUCT.c, STAGED_PRODUCT.c
    coming = connection.execute(
        select(staged.stock_code, staged.description).where(staged.load_no == load_no)
    )
    known = connection.execute(select(product.stock_code, product.description, product.delivery_no))
    before = {code: (description, delivery) for code, description, delivery in known}
    rows = []
    for code, description in coming:
        old, delivery = before.get(code, (None, 0))
        if old is None or (description and number >= delivery):
            rows.append(
                {
                    "stock_code": code,
                    "description": description or old,
                    "is_goods": code[:5].isdecimal() and (len(code) == 5 or code[5:].isalpha()),
                    "delivery_no": number,
                }
            )
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        connection.execute(
            delete(PRODUCT).where(PRODUCT.c.stock_code.in_([row["stock_code"] for row in part]))
        )
        connection.execute(insert(PRODUCT), part)


def _dimensions(connection: Connection, continent: Callable[[str], str]) -> None:
    """Customers and countries anew from all invoices, so that the order of loads leaves no trace."""
    connection.execute(delete(CUSTOMER))
    columns = {
        "customer_id": _I.customer_id,
        "country": func.max(_I.country),
        "first_sold_on": func.min(_I.sold_on),
        "last_sold_on": func.max(_I.sold_on),
        "invoice_count": func.count(),
    }
    of_invoices = select(*columns.values()).where(_I.customer_id.is_not(None)).group_by(_I.customer_id)
    connection.execute(insert(CUSTOMER).from_select(list(columns), of_invoices))
    countries = list(connection.scalars(select(_I.country).distinct()))
    connection.execute(delete(COUNTRY))
    if countries:
        connection.execute(
            insert(COUNTRY), [{"country": one, "continent": continent(one)} for one in sorted(countries)]
        )
    first, last = connection.execute(select(func.min(_I.sold_on), func.max(_I.sold_on))).one()
    if first is not None:
        insert_missing(connection, DAY, _days(first, last), "day")


def _days(first: date, last: date) -> list[dict[str, object]]:
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [
        {"day": day, "month": day.replace(day=1), "year": day.year, "weekday": day.isoweekday()}
        for day in days
    ]
