"""The warehouse's tables. Money is a whole number of mils, thousandths of a pound: some prices are 0.001."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    inspect,
    text,
)

MILS = 1000
"""Mils in a pound."""

METADATA = MetaData()


def _code(length: int) -> String:
    """Codes and names are compared byte by byte, which sorts several times as fast on PostgreSQL."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


DELIVERY = Table(
    "lgs_delivery",
    METADATA,
    # The order in which deliveries were first seen: where two have an invoice, the later one counts.
    Column("delivery_no", Integer, primary_key=True, autoincrement=False),
    Column("content", String(64), nullable=False, unique=True),
    Column("file", String(250), nullable=False),
    Column("part", String(100), nullable=False),
    Column("seen_at", DateTime, nullable=False),
    # The load that brought the whole delivery; none while it waits.
    Column("load_no", Integer),
)

LOAD = Table(
    "lgs_load",
    METADATA,
    Column("load_no", Integer, primary_key=True, autoincrement=False),
    Column("delivery_no", Integer, ForeignKey("lgs_delivery.delivery_no"), nullable=False),
    # The first day of the only month that was loaded; none for a whole delivery.
    Column("month", Date),
    Column("state", String(10), nullable=False),
    Column("run_id", String(250), nullable=False),
    Column("staged_at", DateTime, nullable=False),
    Column("line_count", Integer, nullable=False),
    Column("reject_count", Integer, nullable=False),
    Column("amount_mils", BigInteger, nullable=False),
)

REJECT = Table(
    "lgs_reject",
    METADATA,
    Column("load_no", Integer, primary_key=True, autoincrement=False),
    Column("line_no", Integer, primary_key=True, autoincrement=False),
    Column("invoice_no", _code(20)),
    Column("reason", String(200), nullable=False),
    Column("delivered", Text, nullable=False),
)

LINE = Table(
    "lgs_line",
    METADATA,
    # Staged and published lines stand together: a line counts when its invoice names its load. So a large
    # delivery is written once only. lgs_sale shows those that count.
    Column("load_no", Integer, nullable=False),
    Column("invoice_no", _code(10), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("stock_code", _code(20), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("price_mils", BigInteger, nullable=False),
    Column("amount_mils", BigInteger, nullable=False),
    Column("sold_at", DateTime, nullable=False),
    Column("customer_id", Integer),
    Column("country", _code(60), nullable=False),
)
# A load's lines lie side by side in the order of their time: an index of block ranges finds them, and costs
# next to nothing while they are written.
Index("lgs_line_blocks", LINE.c.load_no, LINE.c.sold_at, postgresql_using="brin").ddl_if(dialect="postgresql")
Index("lgs_line_invoice", LINE.c.load_no, LINE.c.invoice_no).ddl_if(dialect="sqlite")


def _invoice_columns() -> list[Column[object]]:
    return [
        # sale, cancelled (the number begins with C) or adjusted (with A).
        Column("kind", String(10), nullable=False),
        Column("sold_at", DateTime, nullable=False),
        Column("sold_on", Date, nullable=False),
        Column("customer_id", Integer),
        Column("country", _code(60), nullable=False),
        Column("line_count", Integer, nullable=False),
        Column("amount_mils", BigInteger, nullable=False),
        # Only the lines with a quantity and an amount above 0: what RFM looks at.
        Column("bought_lines", Integer, nullable=False),
        Column("bought_mils", BigInteger, nullable=False),
        # By complete invoices first, then by delivery: which of two versions counts.
        Column("precedence", BigInteger, nullable=False),
    ]


STAGED_INVOICE = Table(
    "lgs_staged_invoice",
    METADATA,
    Column("load_no", Integer, primary_key=True, autoincrement=False),
    Column("invoice_no", _code(10), primary_key=True),
    *_invoice_columns(),
    # 1 for an invoice with lines of several customers or countries.
    Column("is_mixed", SmallInteger, nullable=False),
)

STAGED_PRODUCT = Table(
    "lgs_staged_product",
    METADATA,
    Column("load_no", Integer, primary_key=True, autoincrement=False),
    Column("stock_code", _code(20), primary_key=True),
    Column("description", String(100)),
)

INVOICE = Table(
    "lgs_invoice",
    METADATA,
    Column("invoice_no", _code(10), primary_key=True),
    Column("load_no", Integer, ForeignKey("lgs_load.load_no"), nullable=False),
    *_invoice_columns(),
)
Index("lgs_invoice_sold_on", INVOICE.c.sold_on)
Index("lgs_invoice_customer", INVOICE.c.customer_id, INVOICE.c.sold_on)
Index("lgs_invoice_country", INVOICE.c.country)

PRODUCT = Table(
    "lgs_product",
    METADATA,
    Column("stock_code", _code(20), primary_key=True),
    Column("description", String(100)),
    # Five digits and perhaps letters; the rest is postage, fees, vouchers, adjustments.
    Column("is_goods", Boolean, nullable=False),
    Column("delivery_no", Integer, nullable=False),
)

CUSTOMER = Table(
    "lgs_customer",
    METADATA,
    Column("customer_id", Integer, primary_key=True, autoincrement=False),
    Column("country", _code(60), nullable=False),
    Column("first_sold_on", Date, nullable=False),
    Column("last_sold_on", Date, nullable=False),
    Column("invoice_count", Integer, nullable=False),
)

COUNTRY = Table(
    "lgs_country",
    METADATA,
    Column("country", _code(60), primary_key=True),
    Column("continent", String(30), nullable=False),
)

DAY = Table(
    "lgs_day",
    METADATA,
    Column("day", Date, primary_key=True),
    Column("month", Date, nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("weekday", SmallInteger, nullable=False),
)

ANALYSIS = Table(
    "lgs_analysis",
    METADATA,
    # One for each day to which recency counts; `basis` says from what it was made.
    Column("as_of", Date, primary_key=True),
    Column("basis", String(64), nullable=False),
    Column("run_id", String(250), nullable=False),
    Column("customers", Integer, nullable=False),
)

RFM = Table(
    "lgs_rfm",
    METADATA,
    Column("as_of", Date, primary_key=True),
    Column("customer_id", Integer, primary_key=True, autoincrement=False),
    Column("recency_days", Integer, nullable=False),
    Column("frequency", Integer, nullable=False),
    Column("monetary_mils", BigInteger, nullable=False),
    Column("r", SmallInteger, nullable=False),
    Column("f", SmallInteger, nullable=False),
    Column("m", SmallInteger, nullable=False),
    Column("segment", String(20), nullable=False),
)

MONTH = Table(
    "lgs_month",
    METADATA,
    Column("month", Date, primary_key=True),
    Column("is_partial", Boolean, nullable=False),
    Column("invoices", Integer, nullable=False),
    Column("placed", Integer, nullable=False),
    Column("cancelled", Integer, nullable=False),
    Column("placed_published", Integer, nullable=False),
    Column("sales_mils", BigInteger, nullable=False),
    Column("growth", Float),
    Column("active_customers", Integer, nullable=False),
    Column("new_customers", Integer, nullable=False),
    Column("existing_customers", Integer, nullable=False),
)

COUNTRY_SALES = Table(
    "lgs_country_sales",
    METADATA,
    Column("country", _code(60), primary_key=True),
    Column("continent", String(30), nullable=False),
    Column("sales_mils", BigInteger, nullable=False),
    Column("invoices", Integer, nullable=False),
    Column("customers", Integer, nullable=False),
)

INVOICE_AMOUNTS = Table(
    "lgs_invoice_amounts",
    METADATA,
    # all, or usual: those up to the percentile of the settings. In pounds.
    Column("invoices", String(10), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("minimum", Float, nullable=False),
    Column("mean", Float, nullable=False),
    Column("median", Float, nullable=False),
    Column("mode", Float, nullable=False),
    Column("maximum", Float, nullable=False),
)

NEXT_PURCHASE = Table(
    "lgs_next_purchase",
    METADATA,
    # Of the last analysis only.
    Column("customer_id", Integer, primary_key=True, autoincrement=False),
    Column("as_of", Date, nullable=False),
    Column("segment", String(20), nullable=False),
    # Of a purchase within 90 days from that day on, and what is expected from it in the mean.
    Column("probability", Float, nullable=False),
    Column("expected_mils", BigInteger, nullable=False),
)

SALE_VIEW = "lgs_sale"
_VIEW = """
CREATE VIEW lgs_sale AS
SELECT l.invoice_no, l.line_no, l.stock_code, l.quantity, l.price_mils, l.amount_mils, l.sold_at, i.sold_on,
       i.kind, i.customer_id, i.country
FROM lgs_line l JOIN lgs_invoice i ON i.load_no = l.load_no AND i.invoice_no = l.invoice_no
"""


def create_tables(engine: Engine) -> None:
    """Create the tables and the view that are not there yet."""
    with engine.begin() as connection:
        METADATA.create_all(connection)
        _create_view(connection)


def _create_view(connection: Connection) -> None:
    if SALE_VIEW not in inspect(connection).get_view_names():
        connection.execute(text(_VIEW))
