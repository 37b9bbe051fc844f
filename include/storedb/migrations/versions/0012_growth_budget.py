"""Customers by month, and the growth budget

Revision: 0012
After: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql, mysql

revision = "0012"
down_revision = "0011"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = (
    sa.DateTime()
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    .with_variant(mssql.DATETIME2(precision=6), "mssql")
)
CUSTOMER = (
    sa.Unicode(length=64)
    .with_variant(mysql.VARCHAR(length=64, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
    .with_variant(mssql.NVARCHAR(length=64, collation="Latin1_General_BIN2"), "mssql")
)
MONEY = sa.Numeric(14, 4)


def _required(kind: sa.types.TypeEngine, *names: str) -> list[sa.Column]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _noted(moment: str) -> list[sa.Column]:
    return [
        *_required(MOMENT, moment),
        *_required(sa.String(length=250), "dag_id", "run_id", "task_id"),
        *_required(sa.Integer(), "map_index"),
    ]


def _key(name: str) -> list[sa.Column]:
    return [
        sa.Column("id", ID, autoincrement=True, nullable=False),
        *_required(sa.String(length=64), name),
        *_source_and_month(),
    ]


def _source_and_month() -> list[sa.Column]:
    return [*_required(sa.String(length=12), "source"), *_required(sa.Date(), "month")]


def upgrade() -> None:
    """Make the four tables."""
    op.create_table(
        "customer_month",
        *_source_and_month(),
        *_required(CUSTOMER, "customer"),
        *_required(MONEY, "amount"),
        *_required(sa.Integer(), "days"),
        sa.PrimaryKeyConstraint("source", "customer", "month"),
    )
    op.create_index("customer_month_by_month", "customer_month", ["month", "source"], unique=False)
    op.create_table(
        "sales_month",
        *_key("sales_month_hash"),
        *_required(sa.Date(), "last_day"),
        *_required(MONEY, "amount"),
        *_required(sa.Integer(), "customers"),
        sa.Column("same_days_amount", MONEY, nullable=True),
        sa.Column("same_days_customers", sa.Integer(), nullable=True),
        *_required(sa.String(length=64), "mark"),
        *_required(sa.Boolean(), "is_counted"),
        *_noted("read_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sales_month_hash"),
    )
    op.create_index("sales_month_by_month", "sales_month", ["source", "month"], unique=False)
    op.create_table(
        "customer_return",
        *_source_and_month(),
        sa.Column("gap", sa.Integer(), autoincrement=False, nullable=False),
        *_required(sa.Integer(), "customers"),
        sa.PrimaryKeyConstraint("source", "month", "gap"),
    )
    op.create_table(
        "growth_month",
        *_key("growth_hash"),
        *_required(sa.Integer(), "silent_months", "customers", "new", "regained", "churned", "net", "pool"),
        *_required(sa.Boolean(), "is_run_in", "is_provisional"),
        *_noted("counted_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("growth_hash"),
    )
    by_month = ["source", "silent_months", "month"]
    op.create_index("growth_month_by_month", "growth_month", by_month, unique=False)


def downgrade() -> None:
    """Drop them again."""
    for name in ("growth_month", "customer_return", "sales_month", "customer_month"):
        op.drop_table(name)
