"""Customers of uploaded days, and the segments of customers

Revision: 0011
After: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql, mysql

revision = "0011"
down_revision = "0010"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = (
    sa.DateTime()
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    .with_variant(mssql.DATETIME2(precision=6), "mssql")
)
TYPED = sa.Unicode(length=255).with_variant(mysql.VARCHAR(length=255, charset="utf8mb4"), "mysql", "mariadb")
CUSTOMER = (
    sa.Unicode(length=64)
    .with_variant(mysql.VARCHAR(length=64, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
    .with_variant(mssql.NVARCHAR(length=64, collation="Latin1_General_BIN2"), "mssql")
)
MONEY = sa.Numeric(14, 4)


def _required(kind: sa.types.TypeEngine, *names: str) -> list[sa.Column]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _id() -> sa.Column:
    return sa.Column("id", ID, autoincrement=True, nullable=False)


def _run() -> list[sa.Column]:
    return [
        *_required(sa.String(length=250), "dag_id", "run_id", "task_id"),
        sa.Column("map_index", sa.Integer(), nullable=False),
    ]


def upgrade() -> None:
    """Make the four tables, and note that files were read without their customers."""
    op.add_column("sales_upload", sa.Column("customers", sa.Integer(), nullable=True))
    # Of a file without a day that counts there is nothing more to read.
    op.execute("UPDATE sales_upload SET customers = 0 WHERE days = 0")
    op.create_table(
        "customer_day",
        _id(),
        sa.Column("customer_day_hash", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("customer", CUSTOMER, nullable=False),
        sa.Column("store_day", sa.Date(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("sales", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", MOMENT, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        *_run(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("customer_day_hash"),
    )
    op.create_index("customer_day_by_day", "customer_day", ["source", "store_day"], unique=False)
    op.create_table(
        "segmentation",
        _id(),
        sa.Column("segmentation_hash", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        *_required(sa.Integer(), "customers", "set_aside", "clusters"),
        sa.Column("silhouette", sa.Numeric(9, 6), nullable=True),
        sa.Column("stability", sa.Numeric(9, 6), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        *_run(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("segmentation_hash"),
    )
    op.create_index("segmentation_by_day", "segmentation", ["source", "as_of"], unique=False)
    op.create_table(
        "segment",
        _id(),
        sa.Column("segmentation_id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        *_required(TYPED, "rule_text"),
        sa.Column("customers", sa.Integer(), nullable=False),
        *_required(sa.Numeric(12, 4), "recency", "frequency"),
        *_required(MONEY, "monetary", "amount"),
        *_required(TYPED, "action"),
        *_required(MONEY, "expected_value"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("segmentation_id", "name", name="segment_once"),
    )
    op.create_table(
        "customer_segment",
        _id(),
        sa.Column("segmentation_id", ID, autoincrement=False, nullable=False),
        sa.Column("customer", CUSTOMER, nullable=False),
        sa.Column("segment", sa.String(length=40), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        *_required(sa.Integer(), "recency", "frequency"),
        sa.Column("monetary", MONEY, nullable=False),
        sa.Column("score", sa.String(length=3), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("segmentation_id", "customer", name="customer_segment_once"),
    )
    op.create_index(
        "customer_segment_by_name", "customer_segment", ["segmentation_id", "segment"], unique=False
    )
    op.create_index("customer_segment_by_day", "customer_segment", ["as_of"], unique=False)


def downgrade() -> None:
    """Drop them again."""
    for name in ("customer_segment", "segment", "segmentation", "customer_day"):
        op.drop_table(name)
    with op.batch_alter_table("sales_upload") as table:
        table.drop_column("customers")
