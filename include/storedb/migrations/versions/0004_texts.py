"""Texts, suppressed phones, and what Twilio told

Revision: 0004
After: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql, mysql

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = (
    sa.DateTime()
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    .with_variant(mssql.DATETIME2(precision=6), "mssql")
)
TYPED_TEXT = sa.UnicodeText().with_variant(mysql.TEXT(charset="utf8mb4"), "mysql", "mariadb")


def upgrade() -> None:
    op.create_table(
        "text_message",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("campaign", sa.String(length=80), nullable=False),
        sa.Column("anchor", sa.String(length=40), nullable=False),
        sa.Column("cust_no", sa.String(length=15), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("body", TYPED_TEXT, nullable=False),
        sa.Column("media", sa.String(length=500), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Numeric(10, 4), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("sid", sa.String(length=64), nullable=True),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("price", sa.Numeric(10, 4), nullable=True),
        sa.Column("planned_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("status_at", MOMENT, nullable=True),
        sa.Column("dag_id", sa.String(length=250), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("task_id", sa.String(length=250), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("text_hash"),
    )
    op.create_index(
        "text_message_by_campaign", "text_message", ["campaign", "anchor", "status"], unique=False
    )
    op.create_index("text_message_by_phone", "text_message", ["phone", "sent_at"], unique=False)
    op.create_index("text_message_by_sid", "text_message", ["sid"], unique=False)

    op.create_table(
        "suppression",
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("detail", sa.String(length=255), nullable=False),
        sa.Column("cleared_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("phone"),
    )

    op.create_table(
        "text_event",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("sid", sa.String(length=64), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=True),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("body", TYPED_TEXT, nullable=True),
        sa.Column("media", sa.Text(), nullable=True),
        sa.Column("meaning", sa.String(length=12), nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("processed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("event_hash"),
    )
    op.create_index("text_event_by_phone", "text_event", ["phone", "received_at"], unique=False)
    op.create_index("text_event_by_progress", "text_event", ["processed_at", "id"], unique=False)
    op.create_index("text_event_by_sid", "text_event", ["sid"], unique=False)


def downgrade() -> None:
    op.drop_table("text_event")
    op.drop_table("suppression")
    op.drop_table("text_message")
