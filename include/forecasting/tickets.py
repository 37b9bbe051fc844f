"""Daily sums of Counterpoint's tickets, added up by the database; returns are taken off."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, case, func, select, type_coerce

from include.counterpoint.items import Read, folded, folded_in_sql
from include.counterpoint.tables import IM_CATEG_COD, IM_ITEM, PS_TKT_HIST_LIN
from include.counterpoint.tables_base import AMOUNT
from include.database.values import in_parts
from include.periods import Period

Part = Literal["category", "item"]
Sums = dict[date, Decimal]

_LINE = PS_TKT_HIST_LIN.c
_KIND = func.upper(_LINE.LIN_TYP)
_FOURTH = Decimal("0.0001")
NO_CATEGORY = "(no category)"


def total_by_day(read: Read, period: Period, stores: Collection[str]) -> Sums:
    """Net sales of each business day with tickets."""
    query = select(_LINE.BUS_DAT, _net()).where(*_counts(period, stores)).group_by(_LINE.BUS_DAT)
    found: Sums = {}
    for day, amount in read(query):
        found[_as_day(day)] = found.get(_as_day(day), Decimal(0)) + _exact(amount)
    return found


def best_sellers(read: Read, part: Part, period: Period, stores: Collection[str], count: int) -> list[str]:
    """The codes of the categories or items that sold most in a period, the best first; equals by code."""
    code = _code(part)
    sums: dict[str, Decimal] = {}
    for found, amount in read(select(code, _net()).where(*_counts(period, stores)).group_by(code)):
        sums[folded(found)] = sums.get(folded(found), Decimal(0)) + _exact(amount)
    if part == "item":
        sums.pop("", None)
    selling = [one for one, amount in sums.items() if amount > 0]
    return sorted(selling, key=lambda one: (-sums[one], one))[:count]


def parts_by_day(
    read: Read, part: Part, period: Period, stores: Collection[str], codes: Collection[str]
) -> dict[str, Sums]:
    """Net sales of each business day of some categories or items."""
    code, found = _code(part), {one: Sums() for one in codes}
    for some in in_parts(sorted(one for one in codes if one)):
        _add_up(read, _by_code_and_day(code, period, stores, code.in_(some)), found)
    if "" in found:
        _add_up(read, _by_code_and_day(code, period, stores, func.coalesce(code, "") == ""), found)
    return found


def names(read: Read, part: Part, codes: Collection[str]) -> dict[str, str]:
    """What categories or items are called; those without a name keep their code."""
    key, name = (
        (IM_CATEG_COD.c.CATEG_COD, IM_CATEG_COD.c.DESCR)
        if part == "category"
        else (IM_ITEM.c.ITEM_NO, IM_ITEM.c.LONG_DESCR)
    )
    found = {one: one or NO_CATEGORY for one in codes}
    for some in in_parts(sorted(codes)):
        for code, words in read(select(key, name).where(folded_in_sql(key).in_(some))):
            if (words or "").strip():
                found[folded(code)] = " ".join(words.split())
    return found


def _code(part: Part) -> ColumnElement[str]:
    return folded_in_sql(_LINE.CATEG_COD if part == "category" else _LINE.ITEM_NO)


def _net() -> ColumnElement[Any]:
    sold = func.coalesce(_LINE.EXT_PRC, 0)
    # A return counts as negative, whichever sign it was written with.
    return type_coerce(func.sum(case((_KIND == "R", -func.abs(sold)), else_=sold)), AMOUNT)


def _counts(period: Period, stores: Collection[str]) -> list[ColumnElement[bool]]:
    day = _LINE.BUS_DAT
    conditions = [_KIND.in_(["S", "R"]), day >= period.first, day < period.end]
    if stores:
        conditions.append(folded_in_sql(_LINE.STR_ID).in_(sorted(stores)))
    return conditions


def _by_code_and_day(
    code: ColumnElement[str], period: Period, stores: Collection[str], chosen: ColumnElement[bool]
) -> Select[Any]:
    conditions = (*_counts(period, stores), chosen)
    return select(code, _LINE.BUS_DAT, _net()).where(*conditions).group_by(code, _LINE.BUS_DAT)


def _add_up(read: Read, query: Select[Any], found: dict[str, Sums]) -> None:
    for code, day, amount in read(query):
        of_code, at = found[folded(code)], _as_day(day)
        of_code[at] = of_code.get(at, Decimal(0)) + _exact(amount)


def _as_day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _exact(value: Any) -> Decimal:
    return Decimal(str(value or 0)).quantize(_FOURTH)
