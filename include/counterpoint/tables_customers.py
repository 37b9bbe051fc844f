"""Counterpoint's customers: who they are, what they agreed to, and their reward points."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table
from sqlalchemy import text as sql

from include.counterpoint.tables_base import AMOUNT, DAY_AND_TIME, FLAG, NUMBER, columns, key, metadata, text

WALK_IN = "CASH"
"""The number of the anonymous customer who walks in."""


def _consent(channel: str) -> list[Column]:
    return [
        Column(f"{channel}_IS_SUB", FLAG),
        Column(f"{channel}_OPT_IN_DT", DAY_AND_TIME),
        Column(f"{channel}_LST_MAINT_DT", DAY_AND_TIME),
    ]


AR_CUST = Table(
    "AR_CUST",
    metadata,
    key("CUST_NO", text(15)),
    *columns(text(40), "NAM", "NAM_UPR"),
    *columns(text(15), "FST_NAM", "FST_NAM_UPR"),
    *columns(text(25), "LST_NAM", "LST_NAM_UPR"),
    *columns(FLAG, "CUST_NAM_TYP", "CUST_TYP"),
    *columns(text(40), "CONTCT_1", "CONTCT_2"),
    *columns(text(10), "CATEG_COD", "STR_ID"),
    *columns(text(25), "PHONE_1", "MBL_PHONE_1", "PHONE_2", "MBL_PHONE_2"),
    *columns(text(50), "EMAIL_ADRS_1", "EMAIL_ADRS_2"),
    Column("ADRS_1", text(40)),
    Column("CITY", text(20)),
    Column("STATE", text(10)),
    Column("ZIP_COD", text(15)),
    *columns(DAY_AND_TIME, "FST_SAL_DAT", "LST_SAL_DAT"),
    Column("LST_SAL_AMT", AMOUNT),
    Column("LOY_PGM_COD", text(10)),
    Column("LOY_PTS_BAL", AMOUNT, nullable=False, server_default=sql("0")),
    *columns(AMOUNT, "TOT_LOY_PTS_EARND", "TOT_LOY_PTS_RDM", "TOT_LOY_PTS_ADJ"),
    Column("LOY_CARD_NO", text(25)),
    Column("INCLUDE_IN_MARKETING_MAILOUTS", FLAG),
    Column("MARKETING_MAILOUT_OPT_IN_DAT", DAY_AND_TIME),
    *columns(text(10), "PROF_COD_1", "PROF_COD_2", "PROF_COD_3"),
    Column("PROF_ALPHA_1", text(30)),
    Column("IS_ECOMM_CUST", FLAG),
    *_consent("SMS_1"),
    *_consent("SMS_2"),
    *_consent("EMAIL_1"),
    *_consent("EMAIL_2"),
    Column("NO_OF_ORDS", NUMBER),
    *columns(DAY_AND_TIME, "LST_MAINT_DT", "RS_UTC_DT"),
    Index("AR_CUST_PHONE", "PHONE_1"),
    Index("AR_CUST_EMAIL", "EMAIL_ADRS_1"),
    Index("AR_CUST_LAST_SALE", "LST_SAL_DAT"),
)
"""One row per customer; `CASH` is the anonymous walk-in. Where the store bends a column:

- `PHONE_1` is the number that gets texts; `MBL_PHONE_1` is where landlines are parked.
- `CUST_NAM_TYP`: `P` person, `B` business. The till's template leaves `Change` / `Name` as first and last
  name.
- `INCLUDE_IN_MARKETING_MAILOUTS`: agreed to texts.
- `PROF_COD_1`: wholesale tier as a letter; `PROF_ALPHA_1`: as a number; `PROF_COD_2`, `PROF_COD_3`: birth
  month and the spouse's, as text, with or without a leading zero.
- `LOY_PTS_BAL`: reward points, one point is one dollar; `LOY_CARD_NO` is `VOID` for who left the programme.
- `FST_SAL_DAT`, `LST_SAL_DAT`: midnight of the day of the first and last sale.
"""

AR_SHIP_ADRS = Table(
    "AR_SHIP_ADRS",
    metadata,
    key("CUST_NO", text(15)),
    key("SHIP_ADRS_ID", text(10)),
    Column("NAM", text(40)),
    Column("ADRS_1", text(40)),
    Column("CITY", text(20)),
    Column("STATE", text(10)),
    Column("ZIP_COD", text(15)),
)

AR_LOY_PT_ADJ_HIST = Table(
    "AR_LOY_PT_ADJ_HIST",
    metadata,
    Column("CUST_NO", text(15), nullable=False),
    Column("LST_MAINT_DT", DAY_AND_TIME),
    Index("AR_LOY_PT_ADJ_HIST_CUST", "CUST_NO"),
)
"""When a customer's reward points were corrected by hand."""
