"""Counterpoint's tickets, open documents, gift cards, discounts, stores and users."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from include.counterpoint.tables_base import (
    AMOUNT,
    DAY,
    DAY_AND_TIME,
    FLAG,
    LONG_NUMBER,
    NUMBER,
    columns,
    key,
    metadata,
    text,
    views,
)


def _ticket_columns() -> list[Column]:
    return [
        Column("TKT_NO", text(20), nullable=False),
        Column("TKT_DT", DAY_AND_TIME),
        Column("BUS_DAT", DAY, nullable=False),
        Column("POST_DAT", DAY),
        Column("STR_ID", text(10)),
        Column("CUST_NO", text(15)),
        Column("EVENT_NO", text(15)),
        *columns(AMOUNT, "TOT", "TOT_EXT_COST"),
        Column("SLS_REP", text(10)),
    ]


def _line_columns() -> list[Column]:
    return [
        Column("TKT_NO", text(20)),
        Column("BUS_DAT", DAY),
        Column("ITEM_NO", text(20)),
        *columns(text(10), "CATEG_COD", "SUBCAT_COD", "SLS_REP", "STR_ID"),
        *columns(AMOUNT, "QTY_SOLD", "EXT_PRC", "CALC_EXT_PRC", "EXT_COST"),
        Column("LIN_TYP", FLAG),
    ]


PS_TKT_HIST = Table(
    "PS_TKT_HIST",
    metadata,
    key("DOC_ID", LONG_NUMBER),
    *_ticket_columns(),
    Index("PS_TKT_HIST_BUS_DAT", "BUS_DAT"),
    Index("PS_TKT_HIST_POST_DAT", "POST_DAT"),
    Index("PS_TKT_HIST_CUST", "CUST_NO", "BUS_DAT"),
    Index("PS_TKT_HIST_TKT_NO", "TKT_NO"),
)
"""Closed tickets. A full refund of ticket X is numbered X + `R` + n, a partial one X + `PR` + n."""

PS_TKT_HIST_LIN = Table(
    "PS_TKT_HIST_LIN",
    metadata,
    key("DOC_ID", LONG_NUMBER),
    key("LIN_SEQ_NO", NUMBER),
    *_line_columns(),
    Index("PS_TKT_HIST_LIN_ITEM", "ITEM_NO", "BUS_DAT"),
    Index("PS_TKT_HIST_LIN_BUS_DAT", "BUS_DAT"),
)
"""Lines of closed tickets. `LIN_TYP`: `S` sale, `R` return (negative quantity and amount), `U` fulfilment
history, which is no sale and must not be counted."""

PS_TKT_HIST_PMT = Table(
    "PS_TKT_HIST_PMT",
    metadata,
    key("DOC_ID", LONG_NUMBER),
    key("PMT_SEQ_NO", NUMBER),
    Column("BUS_DAT", DAY),
    *columns(text(10), "STR_ID", "PAY_COD"),
    Column("PAY_COD_TYP", FLAG),
    Column("AMT", AMOUNT),
)
"""Payments of closed tickets, deposits and gift cards sold included."""

PS_DOC_HDR = Table(
    "PS_DOC_HDR",
    metadata,
    key("DOC_ID", LONG_NUMBER),
    *columns(FLAG, "DOC_TYP", "TKT_TYP"),
    Column("TKT_NO", text(20)),
    Column("TKT_DT", DAY_AND_TIME),
    *columns(text(10), "STR_ID", "STA_ID", "DRW_ID", "USR_ID", "SLS_REP"),
    Column("CUST_NO", text(15)),
)
"""Open documents: `DOC_TYP` `O` order, `H` hold, `Q` quote."""

PS_DOC_LIN = Table(
    "PS_DOC_LIN",
    metadata,
    key("DOC_ID", LONG_NUMBER),
    key("LIN_SEQ_NO", NUMBER),
    Column("STR_ID", text(10)),
    Column("LIN_TYP", FLAG),
    Column("ITEM_NO", text(20)),
    *columns(AMOUNT, "QTY_SOLD", "PRC", "EXT_PRC"),
    Index("PS_DOC_LIN_ITEM", "ITEM_NO"),
)
"""Lines of open documents: `LIN_TYP` `O` open order, `S` quote or hold."""

PS_DOC_PMT = Table(
    "PS_DOC_PMT",
    metadata,
    key("DOC_ID", LONG_NUMBER),
    key("PMT_SEQ_NO", NUMBER),
    Column("STR_ID", text(10)),
    Column("PAY_DAT", DAY_AND_TIME),
    Column("PAY_COD", text(10)),
    Column("PAY_COD_TYP", FLAG),
    Column("AMT", AMOUNT),
    Column("FINAL_PMT", FLAG),
)
"""Payments of open documents: `FINAL_PMT` `N` is a deposit."""

PS_STR = Table("PS_STR", metadata, key("STR_ID", text(10)), Column("DESCR", text(30)))

SY_USR = Table(
    "SY_USR", metadata, key("USR_ID", text(10)), Column("NAM", text(40)), Column("IS_SLS_REP", FLAG)
)

SY_GFC = Table(
    "SY_GFC",
    metadata,
    key("GFC_NO", text(30)),
    *columns(AMOUNT, "ORIG_AMT", "CURR_AMT"),
    Column("ORIG_DAT", DAY_AND_TIME),
    Column("ORIG_STR_ID", text(10)),
    Column("ORIG_CUST_NO", text(15)),
    Column("GFC_COD", text(10)),
    *columns(FLAG, "NO_EXP_DAT", "IS_VOID"),
    Column("LIAB_ACCT_NO", text(20)),
    Index("SY_GFC_ORIG_DAT", "ORIG_DAT"),
)
"""Gift cards: what each was sold for, and what is left on it."""

SY_GFC_ACTIV = Table(
    "SY_GFC_ACTIV",
    metadata,
    key("GFC_NO", text(30)),
    key("SEQ_NO", NUMBER),
    Column("DAT", DAY_AND_TIME),
    Column("ACTIV_TYP", FLAG),
    Column("AMT", AMOUNT),
    Column("DOC_NO", text(20)),
    Column("DOC_ID", LONG_NUMBER),
)
"""What happened to a gift card: `ACTIV_TYP` `I` issued, `R` redeemed (negative amount)."""

PS_DISC_COD = Table(
    "PS_DISC_COD",
    metadata,
    key("DISC_ID", LONG_NUMBER),
    Column("DISC_COD", text(20)),
    Column("DISC_DESCR", text(50)),
    Column("DISC_TYP", FLAG),
    Column("DISC_AMT", AMOUNT),
    Column("APPLY_TO", FLAG),
    Column("MIN_DISCNTBL_AMT", AMOUNT),
    Column("DISC_VAL_FOR", FLAG),
)
"""Discount codes of the till. They never expire; one is retired by a minimum of 100,000 dollars."""

VI_PS_TKT_HIST = Table("VI_PS_TKT_HIST", views, Column("DOC_ID", LONG_NUMBER), *_ticket_columns())

VI_PS_TKT_HIST_LIN = Table(
    "VI_PS_TKT_HIST_LIN",
    views,
    Column("DOC_ID", LONG_NUMBER),
    Column("LIN_SEQ_NO", NUMBER),
    *_line_columns(),
    Column("POST_DAT", DAY),
)

VI_TKT_HIST_PAY_COD = Table(
    "VI_TKT_HIST_PAY_COD",
    views,
    Column("STR_ID", text(10)),
    Column("POST_DAT", DAY),
    Column("PAY_COD", text(10)),
    Column("NET_PMT_AMT", AMOUNT),
    Column("TKT_COUNT", NUMBER),
)
"""Payments per store, posting day and pay code, refunds subtracted."""
