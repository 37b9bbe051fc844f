"""Counterpoint's items: master data, stock, prices, receivings, and what the web shop knows of them."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from include.counterpoint.tables_base import (
    AMOUNT,
    DAY_AND_TIME,
    FLAG,
    LONG_NUMBER,
    LONG_TEXT,
    NUMBER,
    columns,
    key,
    metadata,
    text,
)

IM_ITEM = Table(
    "IM_ITEM",
    metadata,
    key("ITEM_NO", text(20)),
    Column("DESCR", text(30)),
    Column("LONG_DESCR", text(50)),
    *columns(text(80), "ADDL_DESCR_1", "ADDL_DESCR_2"),
    *columns(FLAG, "STAT", "ITEM_TYP"),
    *columns(text(10), "CATEG_COD", "SUBCAT_COD"),
    Column("ITEM_VEND_NO", text(15)),
    Column("VEND_ITEM_NO", text(20)),
    Column("PROF_COD_1", text(10)),
    *columns(AMOUNT, "PROF_NO_1", "PRC_1", "REG_PRC", "LST_COST"),
    *columns(FLAG, "IS_ECOMM_ITEM", "USR_CPC_IS_ENABLED", "USR_ALWAYS_ONLINE", "USR_IN_STORE_ONLY"),
    *columns(FLAG, "IS_FOOD_STMP_ITEM", "IS_ADM_TKT", "ECOMM_NEW", "TRK_INV"),
    Column("USR_PROF_ALPHA_16", text(10)),
    Column("USR_PROF_ALPHA_17", text(50)),
    Column("USR_PROF_ALPHA_18", text(160)),
    *columns(text(50), "USR_PROF_ALPHA_19", "USR_PROF_ALPHA_20"),
    *columns(text(160), *(f"USR_PROF_ALPHA_{number}" for number in range(21, 27))),
    Column("USR_PROF_ALPHA_27", text(10)),
    *columns(text(50), *(f"PROF_ALPHA_{number}" for number in range(1, 6))),
    *columns(text(50), *(f"USR_PROF_ALPHA_{number}" for number in range(6, 16))),
    *columns(FLAG, "IS_ON_SALE", "IS_BACK_IN_STOCK", "USR_IS_PREORDER"),
    Column("SALE_DESCR", text(50)),
    *columns(DAY_AND_TIME, "USR_PREORDER_REL_DT", "PROMOTE_DT_EXP", "LST_MAINT_DT", "RS_UTC_DT"),
    Index("IM_ITEM_CATEG", "CATEG_COD"),
    Index("IM_ITEM_BINDING", "USR_PROF_ALPHA_16"),
)
"""One row per item. The store gave some columns a meaning of its own:

- `REG_PRC`: wholesale list price; `PROF_NO_1`: stock buffer, the units held back from the web shop;
  `PROF_COD_1`: brand.
- `IS_ECOMM_ITEM`: web enabled; `USR_CPC_IS_ENABLED`: web visible; `ECOMM_NEW`: featured;
  `IS_FOOD_STMP_ITEM`: may be gift-wrapped.
- `USR_PROF_ALPHA_16`: binding id, which joins variants to one web product; `IS_ADM_TKT`: parent of such a
  product; `USR_PROF_ALPHA_17`: variant name; `_18`: web address; `_19`: pre-order message; `_20`:
  availability; `_21`: meta description; `_22` to `_25`: texts of images 1 to 4; `_26`: search words; `_27`:
  sort order, an integer as text.
- `ADDL_DESCR_1`: web title, where `EXCLUDE` hides the item from reports; `ADDL_DESCR_2`: page title.
- `PROF_ALPHA_1` to `_5`: botanical name, climate zone, plant type, type, height; `USR_PROF_ALPHA_6` to
  `_15`: width, sun, bloom time, flower colour, pollinators, growth rate, deer resistance, soil, colour,
  size.
"""

IM_INV = Table(
    "IM_INV",
    metadata,
    key("ITEM_NO", text(20)),
    key("LOC_ID", text(10)),
    *columns(AMOUNT, "QTY_ON_HND", "QTY_COMMIT", "QTY_AVAIL", "QTY_ON_PO", "NET_QTY"),
    *columns(DAY_AND_TIME, "LST_SAL_DAT", "LST_MAINT_DT"),
)
"""Stock per item and location, in selling units. Available = on hand - committed; net = available + on
order."""

IM_PRC = Table(
    "IM_PRC",
    metadata,
    key("ITEM_NO", text(20)),
    key("LOC_ID", text(10)),
    *columns(AMOUNT, "PRC_1", "PRC_2", "REG_PRC"),
    Column("LST_MAINT_DT", DAY_AND_TIME),
)
"""Prices in dollars; `PRC_2` is the sale price, NULL when there is none. Some items have no row."""

IM_CATEG_COD = Table("IM_CATEG_COD", metadata, key("CATEG_COD", text(10)), Column("DESCR", text(30)))

IM_ITEM_PROF_COD = Table(
    "IM_ITEM_PROF_COD",
    metadata,
    key("PROF_COD", text(10)),
    Column("DESCR", text(30)),
    Column("LST_MAINT_DT", DAY_AND_TIME),
)
"""Brands."""

PO_RECVR_HIST_LIN = Table(
    "PO_RECVR_HIST_LIN",
    metadata,
    key("RECVR_NO", text(15)),
    key("SEQ_NO", NUMBER),
    Column("ITEM_NO", text(20), nullable=False),
    Column("RECVR_DAT", DAY_AND_TIME, nullable=False),
    *columns(AMOUNT, "QTY_RECVD", "EXT_COST"),
    Index("PO_RECVR_HIST_LIN_ITEM", "ITEM_NO", "RECVR_DAT"),
)
"""Receivings of goods, one row per line."""

EC_ITEM_DESCR = Table(
    "EC_ITEM_DESCR",
    metadata,
    key("ITEM_NO", text(20)),
    Column("HTML_DESCR", LONG_TEXT),
    Column("LST_MAINT_DT", DAY_AND_TIME),
    Column("LST_MAINT_USR_ID", text(10)),
)

EC_CATEG = Table(
    "EC_CATEG",
    metadata,
    key("CATEG_ID", text(15)),
    Column("DESCR", text(50)),
    Column("DISP_SEQ_NO", NUMBER),
    Column("HTML_DESCR", LONG_TEXT),
    Column("IMG_FILE", text(100)),
)

EC_CATEG_ITEM = Table(
    "EC_CATEG_ITEM",
    metadata,
    key("ITEM_NO", text(20)),
    key("CATEG_ID", text(15)),
    Column("ENTRY_SEQ_NO", NUMBER),
    Column("LST_MAINT_DT", DAY_AND_TIME),
    Column("LST_MAINT_USR_ID", text(10)),
)
"""Which web category shows which item: an item may be in several, or in none."""

CPI_BC_PRODUCTS = Table(
    "CPI_BC_PRODUCTS",
    metadata,
    Column("ITEM_NO", text(20), nullable=False),
    Column("PRODUCT_ID", LONG_NUMBER, nullable=False),
    Column("WEB_ID", text(10)),
    Column("CREATE_DATE", DAY_AND_TIME),
    Index("CPI_BC_PRODUCTS_ITEM", "ITEM_NO"),
)
"""Web products by item number or binding id. The latest row of an `ITEM_NO` counts."""

CPI_BC_PROD = Table(
    "CPI_BC_PROD",
    metadata,
    Column("SKU", text(20), nullable=False),
    Column("PRODUCT_ID", LONG_NUMBER, nullable=False),
    Column("VARIANT_ID", LONG_NUMBER),
    Column("WEB_ID", text(10)),
    Column("LAST_MODIFIED", DAY_AND_TIME),
    Index("CPI_BC_PROD_SKU", "SKU"),
)
"""Web products and variants by item number. The latest row of a `SKU` counts."""
