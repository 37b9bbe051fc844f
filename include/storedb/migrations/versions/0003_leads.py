"""Leads

Revision: 0003
After: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql, mysql

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = (
    sa.DateTime()
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    .with_variant(mssql.DATETIME2(precision=6), "mssql")
)
TYPED_TEXT = sa.UnicodeText().with_variant(mysql.TEXT(charset="utf8mb4"), "mysql", "mariadb")


def _typed(length: int = 255) -> sa.types.TypeEngine:
    return sa.Unicode(length=length).with_variant(
        mysql.VARCHAR(length=length, charset="utf8mb4"), "mysql", "mariadb"
    )


def upgrade() -> None:
    op.create_table(
        "lead",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("source_key", sa.String(length=64), nullable=False),
        sa.Column("first_name", _typed(), nullable=False),
        sa.Column("last_name", _typed(), nullable=False),
        sa.Column("email", _typed(), nullable=False),
        sa.Column("phone", _typed(), nullable=False),
        sa.Column("interested_in", TYPED_TEXT, nullable=False),
        sa.Column("timeline", _typed(), nullable=False),
        sa.Column("street", _typed(), nullable=False),
        sa.Column("city", _typed(), nullable=False),
        sa.Column("state", _typed(), nullable=False),
        sa.Column("zip_code", _typed(), nullable=False),
        sa.Column("comments", TYPED_TEXT, nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("cust_no", sa.String(length=15), nullable=True),
        sa.Column("message", _typed(500), nullable=False),
        sa.Column("processed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source_key"),
    )
    op.create_index("lead_by_arrival", "lead", ["received_at"], unique=False)
    op.create_index("lead_by_status", "lead", ["status", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("lead")
