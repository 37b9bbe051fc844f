"""What the web forms take in: stock requests, newsletter

Revision: 0006
After: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql, mysql

revision = "0006"
down_revision = "0005"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = (
    sa.DateTime()
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    .with_variant(mssql.DATETIME2(precision=6), "mssql")
)
ITEM_KEY = (
    sa.String(length=40)
    .with_variant(mysql.VARCHAR(length=40, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
    .with_variant(mssql.VARCHAR(length=40, collation="Latin1_General_BIN2"), "mssql")
)
MAIL_ADDRESS = (
    sa.String(length=254)
    .with_variant(mysql.VARCHAR(length=254, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
    .with_variant(mssql.VARCHAR(length=254, collation="Latin1_General_BIN2"), "mssql")
)
TYPED = sa.Unicode(length=255).with_variant(mysql.VARCHAR(length=255, charset="utf8mb4"), "mysql", "mariadb")


def upgrade() -> None:
    op.create_table(
        "stock_request",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("source_key", sa.String(length=64), nullable=False),
        sa.Column("open_key", sa.String(length=64), nullable=False),
        sa.Column("item_key", ITEM_KEY, nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("name", TYPED, nullable=False),
        sa.Column("email", MAIL_ADDRESS, nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("text_consent", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("coupon_code", sa.String(length=40), nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source_key"),
        sa.UniqueConstraint("open_key"),
    )
    op.create_index("stock_request_by_email", "stock_request", ["email", "status"], unique=False)
    op.create_index("stock_request_by_status", "stock_request", ["status", "id"], unique=False)

    op.create_table(
        "newsletter",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("email", MAIL_ADDRESS, nullable=False),
        sa.Column("birth_month", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("subscribed_at", MOMENT, nullable=True),
        sa.Column("unsubscribed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
    )
    op.create_index("newsletter_by_status", "newsletter", ["status", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("newsletter")
    op.drop_table("stock_request")
