"""The small tables: stores, users, categories, brands, discount codes."""

from __future__ import annotations

from datetime import date, datetime, time

from include.sandbox.seed.categories import CATEGORIES
from include.sandbox.seed.item_rows import Columns
from include.sandbox.seed.words_goods import BRANDS
from include.sandbox.seed.words_people import OTHER_USERS, SALES_REPS

_DISCOUNTS: tuple[tuple[str, str, str, float | None, str, float, str], ...] = (
    ("EMPLOYEE", "Employee discount", "P", 25.0, "H", 0.0, "I"),
    ("SENIOR", "Senior day", "P", 10.0, "H", 0.0, "I"),
    ("MANAGER", "Manager's amount", "B", None, "H", 0.0, "I"),
    ("DAMAGED", "Damaged goods", "Q", None, "L", 0.0, "I"),
    ("NEW10", "$10 off the first order", "A", 10.0, "H", 50.0, "B"),
    ("SPRING5", "$5 off in spring", "A", 5.0, "H", 30.0, "B"),
    ("K7QX2M9A", "Back in stock, retired", "A", 10.0, "H", 100_000.0, "B"),
)


def small_tables(until: date) -> dict[str, Columns]:
    """The columns of each small table, by table name."""
    changed = datetime.combine(until, time(4))
    users = [(*user, "Y") for user in SALES_REPS] + [(*user, "N") for user in OTHER_USERS]
    return {
        "PS_STR": {"STR_ID": ["1", "WEB"], "DESCR": ["Garden Center", "E-Commerce"]},
        "SY_USR": {
            "USR_ID": [user[0] for user in users],
            "NAM": [user[1] for user in users],
            "IS_SLS_REP": [user[2] for user in users],
        },
        "IM_CATEG_COD": {
            "CATEG_COD": [category.code for category in CATEGORIES],
            "DESCR": [category.title for category in CATEGORIES],
        },
        "IM_ITEM_PROF_COD": {
            "PROF_COD": [code for code, _ in BRANDS],
            "DESCR": [word for _, word in BRANDS],
            "LST_MAINT_DT": [changed] * len(BRANDS),
        },
        "PS_DISC_COD": {
            "DISC_ID": list(range(1001, 1001 + len(_DISCOUNTS))),
            "DISC_COD": [row[0] for row in _DISCOUNTS],
            "DISC_DESCR": [row[1] for row in _DISCOUNTS],
            "DISC_TYP": [row[2] for row in _DISCOUNTS],
            "DISC_AMT": [row[3] for row in _DISCOUNTS],
            "APPLY_TO": [row[4] for row in _DISCOUNTS],
            "MIN_DISCNTBL_AMT": [row[5] for row in _DISCOUNTS],
            "DISC_VAL_FOR": [row[6] for row in _DISCOUNTS],
        },
    }
