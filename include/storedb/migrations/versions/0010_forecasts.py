"""Daily sales, their uploads, forecasts and what became of them

Revision: 0010
After: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql, mysql

revision = "0010"
down_revision = "0009"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = (
    sa.DateTime()
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    .with_variant(mssql.DATETIME2(precision=6), "mssql")
)
TYPED = sa.Unicode(length=255).with_variant(mysql.VARCHAR(length=255, charset="utf8mb4"), "mysql", "mariadb")
CODE = (
    sa.String(length=40)
    .with_variant(mysql.VARCHAR(length=40, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
    .with_variant(mssql.VARCHAR(length=40, collation="Latin1_General_BIN2"), "mssql")
)
MONEY = sa.Numeric(14, 4)


def _series() -> list[sa.Column]:
    return [
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("code", CODE, nullable=False),
    ]


def _run() -> list[sa.Column]:
    return [
        sa.Column("dag_id", sa.String(length=250), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("task_id", sa.String(length=250), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
    ]


def _table(name: str, key: str, *columns: sa.Column) -> None:
    op.create_table(
        name,
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column(key, sa.String(length=64), nullable=False),
        *columns,
        *_run(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(key),
    )


def _index(name: str, table: str, *columns: str) -> None:
    op.create_index(name, table, list(columns), unique=False)


def _required(kind: sa.types.TypeEngine, *names: str) -> list[sa.Column]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def upgrade() -> None:
    """Make the five tables."""
    _table(
        "sales_upload",
        "upload_hash",
        sa.Column("name", TYPED, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("uploaded_at", MOMENT, nullable=False),
        *_required(sa.Integer(), "row_count", "rejected", "days"),
        sa.Column("read_at", MOMENT, nullable=False),
    )
    _table(
        "daily_sales",
        "day_hash",
        *_series(),
        sa.Column("store_day", sa.Date(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("uploaded_at", MOMENT, nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("read_at", MOMENT, nullable=False),
    )
    _index("daily_sales_by_series", "daily_sales", "source", "level", "code", "store_day")
    _table(
        "forecast",
        "forecast_hash",
        sa.Column("as_of", sa.Date(), nullable=False),
        *_series(),
        sa.Column("store_day", sa.Date(), nullable=False),
        *_required(MONEY, "amount", "low", "high", "baseline"),
        sa.Column("made_at", MOMENT, nullable=False),
    )
    _index("forecast_by_series", "forecast", "source", "level", "code", "as_of")
    _index("forecast_by_morning", "forecast", "as_of")
    _table(
        "forecast_choice",
        "choice_hash",
        sa.Column("as_of", sa.Date(), nullable=False),
        *_series(),
        sa.Column("name", TYPED, nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("reason", TYPED, nullable=False),
        sa.Column("origins", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
    )
    _index("forecast_choice_by_morning", "forecast_choice", "as_of")
    _table(
        "forecast_accuracy",
        "accuracy_hash",
        sa.Column("as_of", sa.Date(), nullable=False),
        *_series(),
        sa.Column("method", sa.String(length=20), nullable=False),
        *_required(sa.Integer(), "days", "inside"),
        *_required(MONEY, "sold", "expected", "abs_error", "baseline_abs_error"),
        sa.Column("scored_at", MOMENT, nullable=False),
    )
    _index("forecast_accuracy_by_morning", "forecast_accuracy", "as_of")


def downgrade() -> None:
    """Drop them again."""
    for name in ("forecast_accuracy", "forecast_choice", "forecast", "daily_sales", "sales_upload"):
        op.drop_table(name)
