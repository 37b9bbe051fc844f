"""What the page shows, read from what the stand-ins keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, func, select

from include.sandbox.standins.context import Context
from include.sandbox.standins.faults import Fault
from include.sandbox.standins.journal import RecordedRequest
from include.sandbox.standins.outbox.conversations import (
    Conversation,
    Fared,
    read_conversations,
    read_fared,
)
from include.sandbox.standins.outbox.files import Folder, list_folders
from include.sandbox.standins.outbox.shop_changes import (
    CouponChange,
    ProductUpdate,
    count_product_updates,
    count_products,
    read_coupon_changes,
    read_product_updates,
)
from include.sandbox.standins.state import coupon_changes, mails, texts

SECTIONS = ("texts", "mails", "files", "products", "coupons", "requests")
MANY = 2000
"""How many of one kind are shown at most."""

_FEW = 25
_FEW_FILES = 12
# A night's sync changes thousands of products.
_FEW_PRODUCTS = 100

Row = dict[str, Any]


@dataclass(frozen=True)
class Contents:
    """Everything on the page, newest first, and how many of each there are in all."""

    texts: list[Conversation]
    fared: list[Fared]
    mails: list[Row]
    folders: list[Folder]
    products: list[ProductUpdate]
    coupons: list[CouponChange]
    requests: list[RecordedRequest]
    faults: list[Fault]
    totals: dict[str, int]


def read_contents(context: Context, everything_of: str | None = None) -> Contents:
    """The newest of each kind; of the section named by `everything_of` (nearly) all."""

    def most(section: str, few: int = _FEW) -> int:
        return MANY if section == everything_of else few

    folders = list_folders(context.webdav_dir, most("files", _FEW_FILES))
    with context.engine.connect() as connection:
        conversations = read_conversations(connection, most("texts"))
        fared = read_fared(connection)
        found_mails = _newest(connection, mails, most("mails"))
        products = read_product_updates(connection, most("products", _FEW_PRODUCTS))
        coupons = read_coupon_changes(connection, most("coupons"))
        totals = {
            "texts": _count(connection, texts),
            "mails": _count(connection, mails),
            "files": sum(folder.total for folder in folders),
            "products": count_products(connection),
            "updates": count_product_updates(connection),
            "coupons": _count(connection, coupon_changes),
            "requests": context.journal.count(),
        }
    return Contents(
        texts=conversations,
        fared=fared,
        mails=found_mails,
        folders=folders,
        products=products,
        coupons=coupons,
        requests=context.journal.requests(limit=most("requests")),
        faults=context.faults.in_force(),
        totals=totals,
    )


def read_mail(context: Context, number: int) -> Row | None:
    """One mail's row; None when there is no such mail."""
    with context.engine.connect() as connection:
        row = connection.execute(select(mails).where(mails.c.id == number)).mappings().one_or_none()
    return None if row is None else dict(row)


def _newest(connection: Connection, table: Table, most: int) -> list[Row]:
    chosen = select(table).order_by(table.c.id.desc()).limit(most)
    return [dict(row) for row in connection.execute(chosen).mappings()]


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0
