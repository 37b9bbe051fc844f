"""Stretches in which the internet, or a connection, did not answer

Revision: 0009
After: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql, mysql

revision = "0009"
down_revision = "0007"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = (
    sa.DateTime()
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    .with_variant(mssql.DATETIME2(precision=6), "mssql")
)
MESSAGE = sa.Unicode(length=500).with_variant(
    mysql.VARCHAR(length=500, charset="utf8mb4"), "mysql", "mariadb"
)


def upgrade() -> None:
    """Make the table `connectivity`."""
    op.create_table(
        "connectivity",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("open_key", sa.String(length=80), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("message", MESSAGE, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("acted_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("dag_id", sa.String(length=250), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("task_id", sa.String(length=250), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("open_key"),
    )
    op.create_index("connectivity_by_subject", "connectivity", ["subject", "ended_at"], unique=False)


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("connectivity")
