"""The statements behind the sections: each reads everything of its kind at once, added up by the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, or_, select, type_coerce

from include.counterpoint.items import folded, folded_in_sql
from include.counterpoint.tables import (
    AR_CUST,
    EC_CATEG_ITEM,
    EC_ITEM_DESCR,
    IM_CATEG_COD,
    IM_ITEM,
    PS_DOC_PMT,
    PS_STR,
    PS_TKT_HIST,
    PS_TKT_HIST_LIN,
    SY_GFC,
    SY_USR,
    VI_TKT_HIST_PAY_COD,
)
from include.counterpoint.tables_base import AMOUNT
from include.counterpoint.tables_customers import WALK_IN
from include.periods import Period

_LINE, _TICKET = PS_TKT_HIST_LIN.c, PS_TKT_HIST.c
_FOURTH = Decimal("0.0001")


def exact(value: Any) -> Decimal:
    """A sum as databases give it, without what binary numbers add behind the fourth decimal."""
    return Decimal(str(value or 0)).quantize(_FOURTH)


def total(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """A sum in the precision of Counterpoint's amounts."""
    return type_coerce(func.sum(value), AMOUNT)


def within(day: ColumnElement[Any], periods: Iterable[Period]) -> ColumnElement[bool]:
    """Whether a column, with or without a time of day, falls into one of the periods."""
    return or_(*(and_(day >= one.first, day < one.end) for one in merged(periods)))


def merged(periods: Iterable[Period]) -> list[Period]:
    """The same days without overlaps."""
    found: list[Period] = []
    for one in sorted(periods, key=lambda period: period.first):
        if found and one.first <= found[-1].end:
            found[-1] = Period(found[-1].first, max(found[-1].last, one.last))
        else:
            found.append(one)
    return found


def first_day() -> Select[Any]:
    """The first business day of the tickets' history."""
    return select(func.min(_TICKET.BUS_DAT))


def sales_by_day(period: Period, channels: Sequence[Collection[str]]) -> Select[Any]:
    """Net sales (`amount`) and cost of each business day, of all stores and of each channel (`amount_0` and
    so on), which are given as the spellings of their stores.

    Grouped by nothing but the day, so that a database that reads by day needs not sort millions of lines.
    """
    values = (("amount", _LINE.EXT_PRC), ("cost", _LINE.EXT_COST))
    sums = [total(_net(value)).label(name) for name, value in values]
    for place, stores in enumerate(channels):
        for name, value in values:
            here = case((_LINE.STR_ID.in_(sorted(stores)), _net(value)), else_=0)
            sums.append(total(here).label(f"{name}_{place}"))
    return (
        select(_LINE.BUS_DAT, *sums)
        .where(_is_sale(), within(_LINE.BUS_DAT, [period]))
        .group_by(_LINE.BUS_DAT)
    )


def tickets_by_day(period: Period, wholesale: str) -> Select[Any]:
    """How many tickets each business day and store had, and how many of them were wholesale customers'."""
    companies = _companies(wholesale)
    return (
        select(
            _TICKET.BUS_DAT,
            _TICKET.STR_ID,
            func.count().label("tickets"),
            func.count(companies.c.customer).label("wholesale"),
        )
        .outerjoin(companies, companies.c.customer == folded_in_sql(_TICKET.CUST_NO))
        .where(within(_TICKET.BUS_DAT, [period]))
        .group_by(_TICKET.BUS_DAT, _TICKET.STR_ID)
    )


def sales_by_item(windows: Sequence[Period]) -> Select[Any]:
    """Net amount (`amount_0`, `amount_1`, ...) and quantity of each item in each of several windows."""
    item = folded_in_sql(_LINE.ITEM_NO)
    sums: list[ColumnElement[Any]] = []
    for place, window in enumerate(windows):
        here = within(_LINE.BUS_DAT, [window])
        for name, value in (("amount", _LINE.EXT_PRC), ("quantity", _LINE.QTY_SOLD)):
            sums.append(total(case((here, _net(value)), else_=0)).label(f"{name}_{place}"))
    return (
        select(item.label("item"), *sums)
        .where(_is_sale(), _LINE.ITEM_NO.is_not(None), within(_LINE.BUS_DAT, windows))
        .group_by(item)
    )


def sales_by_rep(period: Period, stores: Collection[str]) -> Select[Any]:
    """Tickets and net sales of each sales rep in some stores."""
    rep = folded_in_sql(_LINE.SLS_REP)
    return (
        select(
            rep.label("rep"),
            func.count(distinct(_LINE.DOC_ID)).label("tickets"),
            total(_net(_LINE.EXT_PRC)).label("amount"),
        )
        .where(_is_sale(), within(_LINE.BUS_DAT, [period]), _in_stores(_LINE.STR_ID, stores))
        .group_by(rep)
    )


def sales_by_company(period: Period, wholesale: str) -> Select[Any]:
    """Tickets and net sales of each wholesale customer, walk-ins left out."""
    companies = _companies(wholesale)
    return (
        select(
            companies.c.customer,
            func.count(distinct(_LINE.DOC_ID)).label("tickets"),
            total(_net(_LINE.EXT_PRC)).label("amount"),
        )
        .select_from(PS_TKT_HIST_LIN)
        .join(PS_TKT_HIST, _TICKET.DOC_ID == _LINE.DOC_ID)
        .join(companies, companies.c.customer == folded_in_sql(_TICKET.CUST_NO))
        .where(_is_sale(), within(_LINE.BUS_DAT, [period]))
        .group_by(companies.c.customer)
    )


def companies(wholesale: str) -> Select[Any]:
    """Who the wholesale customers are."""
    customer = AR_CUST.c
    return select(customer.CUST_NO, customer.NAM, customer.PHONE_1, customer.EMAIL_ADRS_1).where(
        folded_in_sql(customer.CATEG_COD) == folded(wholesale)
    )


def sales_by_category(period: Period, stores: Collection[str]) -> Select[Any]:
    """Net sales and quantity of each category's items in some stores; the category is the ticket's."""
    category, item = folded_in_sql(_LINE.CATEG_COD), folded_in_sql(_LINE.ITEM_NO)
    return (
        select(
            category.label("category"),
            item.label("item"),
            total(_net(_LINE.EXT_PRC)).label("amount"),
            total(_net(_LINE.QTY_SOLD)).label("quantity"),
        )
        .where(_is_sale(), within(_LINE.BUS_DAT, [period]), _in_stores(_LINE.STR_ID, stores))
        .group_by(category, item)
    )


def categories() -> Select[Any]:
    """The categories' names."""
    return select(IM_CATEG_COD.c.CATEG_COD, IM_CATEG_COD.c.DESCR)


def stores() -> Select[Any]:
    """The stores' names."""
    return select(PS_STR.c.STR_ID, PS_STR.c.DESCR)


def users() -> Select[Any]:
    """The names of those who work at the tills."""
    return select(SY_USR.c.USR_ID, SY_USR.c.NAM)


def web_names() -> Select[Any]:
    """Web title and variant name of every item."""
    return select(IM_ITEM.c.ITEM_NO, IM_ITEM.c.ADDL_DESCR_1, IM_ITEM.c.USR_PROF_ALPHA_17)


def web_descriptions(most: int) -> Select[Any]:
    """The first `most` characters of the items' web descriptions."""
    text = func.substring(EC_ITEM_DESCR.c.HTML_DESCR, 1, most)
    return select(EC_ITEM_DESCR.c.ITEM_NO, text.label("description"))


def in_web_categories() -> Select[Any]:
    """The items that some web category shows."""
    return select(EC_CATEG_ITEM.c.ITEM_NO).distinct()


def payments(period: Period) -> Select[Any]:
    """Payments of each store, posting day and pay code, deposits and gift cards sold included."""
    view = VI_TKT_HIST_PAY_COD.c
    return (
        select(
            view.STR_ID,
            view.POST_DAT,
            view.PAY_COD,
            total(view.NET_PMT_AMT).label("amount"),
            func.sum(view.TKT_COUNT).label("tickets"),
        )
        .where(within(view.POST_DAT, [period]))
        .group_by(view.STR_ID, view.POST_DAT, view.PAY_COD)
    )


def deposits(period: Period) -> Select[Any]:
    """Each deposit taken on an order."""
    paid = PS_DOC_PMT.c
    return select(paid.STR_ID, paid.PAY_DAT, paid.PAY_COD, paid.AMT).where(
        func.upper(paid.FINAL_PMT) == "N", within(paid.PAY_DAT, [period])
    )


def gift_cards_sold(period: Period) -> Select[Any]:
    """Each gift card sold, with what was paid for it."""
    card = SY_GFC.c
    return select(card.ORIG_STR_ID, card.ORIG_DAT, card.ORIG_AMT).where(within(card.ORIG_DAT, [period]))


def as_day(value: Any) -> date:
    """The day of a column that holds a day, or a day and a time."""
    return date.fromisoformat(str(value)[:10])


def _is_sale() -> ColumnElement[bool]:
    # Four letters instead of one function, which takes its time on millions of lines.
    return _LINE.LIN_TYP.in_(["S", "R", "s", "r"])


def _net(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """A line's amount or quantity; a return counts as negative, whichever sign it was written with."""
    return case((_LINE.LIN_TYP.in_(["R", "r"]), -func.abs(value)), else_=value)


def _in_stores(column: ColumnElement[Any], wanted: Collection[str]) -> ColumnElement[bool]:
    return folded_in_sql(column).in_(sorted(map(folded, wanted)))


def _companies(wholesale: str) -> Any:
    number = folded_in_sql(AR_CUST.c.CUST_NO)
    return (
        select(number.label("customer"))
        .where(folded_in_sql(AR_CUST.c.CATEG_COD) == folded(wholesale), number != WALK_IN)
        .distinct()
        .subquery("companies")
    )
