"""The tables and views of Counterpoint that the automations read and write, under Counterpoint's own names.

They are descriptions for queries: in a store the tables exist already, and nothing here creates or alters
them. Only the sandbox creates them. String comparisons on a real Counterpoint ignore case and trailing
blanks; a query that must answer alike on every engine says so itself.
"""

from __future__ import annotations

from include.counterpoint.tables_base import metadata, views
from include.counterpoint.tables_customers import AR_CUST, AR_LOY_PT_ADJ_HIST, AR_SHIP_ADRS
from include.counterpoint.tables_items import (
    CPI_BC_PROD,
    CPI_BC_PRODUCTS,
    EC_CATEG,
    EC_CATEG_ITEM,
    EC_ITEM_DESCR,
    IM_CATEG_COD,
    IM_INV,
    IM_ITEM,
    IM_ITEM_PROF_COD,
    IM_PRC,
    PO_RECVR_HIST_LIN,
)
from include.counterpoint.tables_tickets import (
    PS_DISC_COD,
    PS_DOC_HDR,
    PS_DOC_LIN,
    PS_DOC_PMT,
    PS_STR,
    PS_TKT_HIST,
    PS_TKT_HIST_LIN,
    PS_TKT_HIST_PMT,
    SY_GFC,
    SY_GFC_ACTIV,
    SY_USR,
    VI_PS_TKT_HIST,
    VI_PS_TKT_HIST_LIN,
    VI_TKT_HIST_PAY_COD,
)

__all__ = [
    "AR_CUST",
    "AR_LOY_PT_ADJ_HIST",
    "AR_SHIP_ADRS",
    "CPI_BC_PROD",
    "CPI_BC_PRODUCTS",
    "EC_CATEG",
    "EC_CATEG_ITEM",
    "EC_ITEM_DESCR",
    "IM_CATEG_COD",
    "IM_INV",
    "IM_ITEM",
    "IM_ITEM_PROF_COD",
    "IM_PRC",
    "PO_RECVR_HIST_LIN",
    "PS_DISC_COD",
    "PS_DOC_HDR",
    "PS_DOC_LIN",
    "PS_DOC_PMT",
    "PS_STR",
    "PS_TKT_HIST",
    "PS_TKT_HIST_LIN",
    "PS_TKT_HIST_PMT",
    "SY_GFC",
    "SY_GFC_ACTIV",
    "SY_USR",
    "VI_PS_TKT_HIST",
    "VI_PS_TKT_HIST_LIN",
    "VI_TKT_HIST_PAY_COD",
    "metadata",
    "views",
]
