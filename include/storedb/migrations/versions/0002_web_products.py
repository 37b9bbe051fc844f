"""Web products by item, and brands that our default gave

Revision: 0002
After: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql, mysql

revision = "0002"
down_revision = "0001"

ITEM_KEY = (
    sa.String(length=40)
    .with_variant(mysql.VARCHAR(length=40, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
    .with_variant(mssql.VARCHAR(length=40, collation="Latin1_General_BIN2"), "mssql")
)
MOMENT = (
    sa.DateTime()
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    .with_variant(mssql.DATETIME2(precision=6), "mssql")
)


def upgrade() -> None:
    op.create_table(
        "web_product",
        sa.Column("item_key", ITEM_KEY, nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("found_by", sa.String(length=12), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("item_key"),
    )
    op.create_index("web_product_by_product", "web_product", ["product_id"], unique=False)
    op.create_table(
        "given_brand",
        sa.Column("item_key", ITEM_KEY, nullable=False),
        sa.Column("brand", ITEM_KEY, nullable=False),
        sa.Column("by_default", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("item_key", "brand"),
    )


def downgrade() -> None:
    op.drop_table("given_brand")
    op.drop_table("web_product")
