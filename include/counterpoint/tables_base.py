"""What the descriptions of Counterpoint's tables share: their `MetaData` and the kinds of columns.

Counterpoint uses alias types; these are the plain types behind them. All are chosen so that the same
description works on SQL Server (the real store) and on SQLite, PostgreSQL, MySQL and MariaDB (the sandbox).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, MetaData, Numeric, String, Text
from sqlalchemy.types import TypeEngine

metadata = MetaData()
"""Counterpoint's tables. The store's own database has them; only the sandbox ever creates them."""

views = MetaData()
"""Counterpoint's views, described as tables for queries."""

AMOUNT = Numeric(15, 4)
DAY = Date()
DAY_AND_TIME = DateTime()
FLAG = String(1)
LONG_NUMBER = BigInteger()
LONG_TEXT = Text()
NUMBER = Integer()


def text(length: int) -> String:
    """A varchar of that many characters."""
    return String(length)


def key(name: str, kind: TypeEngine) -> Column:
    """A primary key column whose value the application gives: never an identity column or a sequence."""
    return Column(name, kind, primary_key=True, autoincrement=False)


def columns(kind: TypeEngine, *names: str) -> list[Column]:
    """Nullable columns of one kind, in the order given."""
    return [Column(name, kind) for name in names]
