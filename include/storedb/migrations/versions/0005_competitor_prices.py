"""Prices of competitors

Revision: 0005
After: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql, mysql

revision = "0005"
down_revision = "0004"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = (
    sa.DateTime()
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    .with_variant(mssql.DATETIME2(precision=6), "mssql")
)


def _typed(length: int = 255) -> sa.types.TypeEngine:
    return sa.Unicode(length=length).with_variant(
        mysql.VARCHAR(length=length, charset="utf8mb4"), "mysql", "mariadb"
    )


def upgrade() -> None:
    op.create_table(
        "competitor_price",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("offer_hash", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("product_key", sa.String(length=64), nullable=False),
        sa.Column("store_day", sa.Date(), nullable=False),
        sa.Column("name", _typed(), nullable=False),
        sa.Column("size", _typed(), nullable=False),
        sa.Column("available", _typed(), nullable=False),
        sa.Column("price_text", _typed(), nullable=False),
        sa.Column("low", sa.Numeric(12, 4), nullable=True),
        sa.Column("high", sa.Numeric(12, 4), nullable=True),
        sa.Column("price_each", sa.Numeric(12, 4), nullable=True),
        sa.Column("regular", sa.Numeric(12, 4), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit", _typed(40), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("read_at", MOMENT, nullable=False),
        sa.Column("dag_id", sa.String(length=250), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("task_id", sa.String(length=250), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("offer_hash"),
    )
    op.create_index("competitor_price_by_day", "competitor_price", ["site", "store_day"], unique=False)
    op.create_index(
        "competitor_price_by_product",
        "competitor_price",
        ["site", "product_key", "store_day"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("competitor_price")
