"""The tables of the store database. They change through the migrations beside this module only."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    Unicode,
    UnicodeText,
    UniqueConstraint,
)
from sqlalchemy.dialects import mssql, mysql

metadata = MetaData()

Id = BigInteger().with_variant(Integer, "sqlite")
Moment = (
    DateTime()
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    .with_variant(mssql.DATETIME2(6), "mssql")
)
# Keys that are folded already (`include.counterpoint.items.folded`) are told apart exactly, accents too.
ItemKey = (
    String(40)
    .with_variant(mysql.VARCHAR(40, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
    .with_variant(mssql.VARCHAR(40, collation="Latin1_General_BIN2"), "mssql")
)
# What people type, emoji included, whatever the database was created with.
TypedText = UnicodeText().with_variant(mysql.TEXT(charset="utf8mb4"), "mysql", "mariadb")
DAG_ID, RUN_ID, TASK_ID = 250, 250, 250
PATH, REASON, MESSAGE = 500, 255, 500
TYPED = 255


def _typed(name: str, length: int = TYPED) -> Column:
    kind = Unicode(length).with_variant(mysql.VARCHAR(length, charset="utf8mb4"), "mysql", "mariadb")
    return Column(name, kind, nullable=False)


def _run_columns() -> list[Column]:
    return [
        Column("dag_id", String(DAG_ID), nullable=False),
        Column("run_id", String(RUN_ID), nullable=False),
        Column("task_id", String(TASK_ID), nullable=False),
        Column("map_index", Integer, nullable=False),
    ]


LEDGER = Table(
    "ledger",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("entry_hash", String(64), nullable=False, unique=True),
    Column("kind", String(40), nullable=False),
    Column("campaign", String(80), nullable=False),
    Column("recipient", String(190), nullable=False),
    Column("anchor", String(40), nullable=False),
    Column("status", String(12), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("vendor_id", String(190)),
    Column("detail", Text),
    Column("claimed_at", Moment, nullable=False),
    Column("closed_at", Moment),
    *_run_columns(),
    Index("ledger_by_campaign", "kind", "campaign", "anchor"),
    Index("ledger_by_recipient", "recipient", "claimed_at"),
    Index("ledger_by_status", "status", "claimed_at"),
)

AUDIT = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("change_hash", String(64), nullable=False, unique=True),
    Column("at", Moment, nullable=False),
    Column("target", String(64), nullable=False),
    Column("row_key", String(PATH), nullable=False),
    Column("field", String(64), nullable=False),
    Column("old_value", Text),
    Column("new_value", Text),
    Column("reason", String(REASON), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("message", String(MESSAGE), nullable=False),
    *_run_columns(),
    Index("audit_by_run", "run_id", "dag_id"),
    Index("audit_by_row", "target", "row_key"),
)

JOURNAL = Table(
    "journal",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("store_day", Date, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("summary", Text),
    Column("error", Text),
    *_run_columns(),
    Index("journal_by_day", "store_day", "ended_at"),
    Index("journal_by_run", "run_id", "dag_id"),
)

# One row for each day whose text log exists: updating it is the lock under which the file is rewritten.
LOG_DAY = Table(
    "log_day",
    metadata,
    Column("store_day", Date, primary_key=True),
    Column("writes", Integer, nullable=False),
)

PUBLISHED = Table(
    "published_file",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("place_hash", String(64), nullable=False, unique=True),
    Column("server", String(255), nullable=False),
    Column("path", String(PATH), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("etag", String(190)),
    Column("row_count", Integer),
    Column("source_state", String(190)),
    Column("published_at", Moment, nullable=False),
    *_run_columns(),
)

WEB_PRODUCT = Table(
    "web_product",
    metadata,
    Column("item_key", ItemKey, primary_key=True),
    Column("product_id", BigInteger, nullable=False),
    Column("variant_id", BigInteger),
    Column("found_by", String(12), nullable=False),
    Column("seen_at", Moment, nullable=False),
    Index("web_product_by_product", "product_id"),
)
"""Which web product, and which variant of it, sold an item or binding id when the shop was last read."""

GIVEN_BRAND = Table(
    "given_brand",
    metadata,
    Column("item_key", ItemKey, primary_key=True),
    Column("brand", ItemKey, primary_key=True),
    Column("by_default", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
)
"""Brands that our default gave an item, and that a rule gave it in the default's place."""

LEAD = Table(
    "lead",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("received_at", Moment, nullable=False),
    Column("source", String(12), nullable=False),
    Column("source_key", String(64), nullable=False, unique=True),
    *map(_typed, ("first_name", "last_name", "email", "phone")),
    Column("interested_in", TypedText, nullable=False),
    *map(_typed, ("timeline", "street", "city", "state", "zip_code")),
    Column("comments", TypedText, nullable=False),
    Column("status", String(12), nullable=False),
    Column("cust_no", String(15)),
    _typed("message", MESSAGE),
    Column("processed_at", Moment),
    Index("lead_by_status", "status", "id"),
    Index("lead_by_arrival", "received_at"),
)
"""Requests for a landscape design, as people typed them, and which customers they became."""

TEXT_MESSAGE = Table(
    "text_message",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("text_hash", String(64), nullable=False, unique=True),
    Column("campaign", String(80), nullable=False),
    Column("anchor", String(40), nullable=False),
    Column("cust_no", String(15), nullable=False),
    Column("phone", String(20), nullable=False),
    Column("body", TypedText, nullable=False),
    Column("media", String(PATH)),
    Column("segments", Integer, nullable=False),
    Column("cost", Numeric(10, 4), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", String(REASON), nullable=False),
    Column("sid", String(64)),
    Column("error_code", Integer),
    Column("price", Numeric(10, 4)),
    Column("planned_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("status_at", Moment),
    *_run_columns(),
    Index("text_message_by_campaign", "campaign", "anchor", "status"),
    Index("text_message_by_phone", "phone", "sent_at"),
    Index("text_message_by_sid", "sid"),
    Index("text_message_by_sending", "sent_at"),
    Index("text_message_by_status", "status", "status_at"),
)
"""What campaigns want to send to a phone, one row for each occasion, and what became of it."""

SUPPRESSION = Table(
    "suppression",
    metadata,
    Column("phone", String(20), primary_key=True),
    Column("reason", String(20), nullable=False),
    Column("source", String(20), nullable=False),
    Column("at", Moment, nullable=False),
    Column("detail", String(REASON), nullable=False),
    Column("cleared_at", Moment),
)
"""Phones that get no texts. START brings one back: then `cleared_at` is set and the row stays."""

TEXT_EVENT = Table(
    "text_event",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("event_hash", String(64), nullable=False, unique=True),
    Column("kind", String(12), nullable=False),
    Column("sid", String(64), nullable=False),
    Column("phone", String(20), nullable=False),
    Column("status", String(20)),
    Column("error_code", Integer),
    Column("body", TypedText),
    Column("media", Text),
    Column("meaning", String(12)),
    Column("received_at", Moment, nullable=False),
    Column("processed_at", Moment),
    Index("text_event_by_progress", "processed_at", "id"),
    Index("text_event_by_phone", "phone", "received_at"),
    Index("text_event_by_sid", "sid"),
)
"""What Twilio told of a text's fate, and what customers replied: written at once, worked on later."""

# Addresses as `include.storedb.mail_addresses` spells them are told apart exactly.
_MAIL_ADDRESS = (
    String(254)
    .with_variant(mysql.VARCHAR(254, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
    .with_variant(mssql.VARCHAR(254, collation="Latin1_General_BIN2"), "mssql")
)

STOCK_REQUEST = Table(
    "stock_request",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("created_at", Moment, nullable=False),
    Column("source", String(12), nullable=False),
    Column("source_key", String(64), nullable=False, unique=True),
    Column("open_key", String(64), nullable=False, unique=True),
    Column("item_key", ItemKey, nullable=False),
    Column("verified", Boolean, nullable=False),
    _typed("name"),
    Column("email", _MAIL_ADDRESS, nullable=False),
    Column("phone", String(20)),
    Column("text_consent", Boolean, nullable=False),
    Column("status", String(12), nullable=False),
    Column("coupon_code", String(40)),
    Column("closed_at", Moment),
    Index("stock_request_by_status", "status", "id"),
    Index("stock_request_by_email", "email", "status"),
)
"""Who wants to hear when an item is back. The `open_key` of an open request stands for its e-mail address and
item, so that there is one of them; a closed one gives it back."""

NEWSLETTER = Table(
    "newsletter",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("email", _MAIL_ADDRESS, nullable=False, unique=True),
    Column("birth_month", Integer),
    Column("status", String(12), nullable=False),
    Column("source", String(12), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("subscribed_at", Moment),
    Column("unsubscribed_at", Moment),
    Index("newsletter_by_status", "status", "id"),
)
"""Who wants the newsletter, and who does not want it any more."""

COMPETITOR_PRICE = Table(
    "competitor_price",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("offer_hash", String(64), nullable=False, unique=True),
    Column("site", String(40), nullable=False),
    Column("product_key", String(64), nullable=False),
    Column("store_day", Date, nullable=False),
    *map(_typed, ("name", "size", "available", "price_text")),
    Column("low", Numeric(12, 4)),
    Column("high", Numeric(12, 4)),
    Column("price_each", Numeric(12, 4)),
    Column("regular", Numeric(12, 4)),
    Column("quantity", Integer, nullable=False),
    _typed("unit", 40),
    Column("currency", String(3), nullable=False),
    Column("reason", String(40)),
    Column("read_at", Moment, nullable=False),
    *_run_columns(),
    Index("competitor_price_by_day", "site", "store_day"),
    Index("competitor_price_by_product", "site", "product_key", "store_day"),
)
"""What a competitor asked for a product on a day: one row for each, whose `offer_hash` stands for site,
product and day. `reason` says why there is no amount."""

CONNECTIVITY = Table(
    "connectivity",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("subject", String(80), nullable=False),
    Column("open_key", String(80), nullable=False, unique=True),
    Column("began_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    _typed("message", MESSAGE),
    Column("confirmed_at", Moment),
    Column("acted_at", Moment),
    Column("ended_at", Moment),
    Column("told_at", Moment),
    *_run_columns(),
    Index("connectivity_by_subject", "subject", "ended_at"),
)
"""Stretches in which the internet, or a connection, did not answer. The `open_key` of one that goes on is its
subject, so that there is one of them; one that has ended gives it back."""

_MONEY = Numeric(14, 4)


def _series_columns() -> list[Column]:
    return [
        Column("source", String(12), nullable=False),
        Column("level", String(10), nullable=False),
        Column("code", ItemKey, nullable=False),
    ]


SALES_UPLOAD = Table(
    "sales_upload",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("upload_hash", String(64), nullable=False, unique=True),
    _typed("name"),
    Column("sha256", String(64), nullable=False),
    Column("uploaded_at", Moment, nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("days", Integer, nullable=False),
    Column("customers", Integer),
    Column("read_at", Moment, nullable=False),
    *_run_columns(),
)
"""Files of daily sales that were read: once for each content and moment of upload. Where `customers` is NULL
only the sums of days were, and it is read once more."""

DAILY_SALES = Table(
    "daily_sales",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("day_hash", String(64), nullable=False, unique=True),
    *_series_columns(),
    Column("store_day", Date, nullable=False),
    Column("amount", _MONEY, nullable=False),
    Column("uploaded_at", Moment),
    Column("sha256", String(64)),
    Column("read_at", Moment, nullable=False),
    *_run_columns(),
    Index("daily_sales_by_series", "source", "level", "code", "store_day"),
)
"""What a day brought: of uploads all days, of Counterpoint the last ones of the series that are forecast. An
upload's row says which file it is from, and when that was uploaded: the latest upload of a day counts."""

FORECAST = Table(
    "forecast",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("forecast_hash", String(64), nullable=False, unique=True),
    Column("as_of", Date, nullable=False),
    *_series_columns(),
    Column("store_day", Date, nullable=False),
    *[Column(name, _MONEY, nullable=False) for name in ("amount", "low", "high", "baseline")],
    Column("made_at", Moment, nullable=False),
    *_run_columns(),
    Index("forecast_by_series", "source", "level", "code", "as_of"),
    Index("forecast_by_morning", "as_of"),
)
"""What was expected of a day on the morning of `as_of`; `baseline` is the weekday mean's word."""

FORECAST_CHOICE = Table(
    "forecast_choice",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("choice_hash", String(64), nullable=False, unique=True),
    Column("as_of", Date, nullable=False),
    *_series_columns(),
    _typed("name"),
    Column("method", String(20), nullable=False),
    _typed("reason"),
    Column("origins", Integer, nullable=False),
    Column("errors", Text, nullable=False),
    Column("input_hash", String(64), nullable=False),
    Column("made_at", Moment, nullable=False),
    *_run_columns(),
    Index("forecast_choice_by_morning", "as_of"),
)
"""Which method a series was forecast with and why; `errors` is JSON, the WAPE of each on past weeks."""

FORECAST_ACCURACY = Table(
    "forecast_accuracy",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("accuracy_hash", String(64), nullable=False, unique=True),
    Column("as_of", Date, nullable=False),
    *_series_columns(),
    Column("method", String(20), nullable=False),
    Column("days", Integer, nullable=False),
    Column("inside", Integer, nullable=False),
    *[
        Column(name, _MONEY, nullable=False)
        for name in ("sold", "expected", "abs_error", "baseline_abs_error")
    ],
    Column("scored_at", Moment, nullable=False),
    *_run_columns(),
    Index("forecast_accuracy_by_morning", "as_of"),
)
"""How a forecast came true, over those of its days that are over: `inside` of them lay within the range."""

CUSTOMER = 64
# Whatever a shop tells its customers apart by, exactly as it wrote it.
CustomerKey = (
    Unicode(CUSTOMER)
    .with_variant(mysql.VARCHAR(CUSTOMER, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
    .with_variant(mssql.NVARCHAR(CUSTOMER, collation="Latin1_General_BIN2"), "mssql")
)

CUSTOMER_DAY = Table(
    "customer_day",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("customer_day_hash", String(64), nullable=False, unique=True),
    Column("source", String(12), nullable=False),
    Column("customer", CustomerKey, nullable=False),
    Column("store_day", Date, nullable=False),
    Column("amount", _MONEY, nullable=False),
    Column("sales", Integer, nullable=False),
    Column("uploaded_at", Moment, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("read_at", Moment, nullable=False),
    *_run_columns(),
    Index("customer_day_by_day", "source", "store_day"),
)
"""What a customer bought on an uploaded day, and in how many sales: the latest upload of a day, whole. The
customers of a day add up to its row of `daily_sales`; "" is all whom nobody knows."""

SEGMENTATION = Table(
    "segmentation",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("segmentation_hash", String(64), nullable=False, unique=True),
    Column("source", String(12), nullable=False),
    Column("as_of", Date, nullable=False),
    *[Column(name, Integer, nullable=False) for name in ("customers", "set_aside", "clusters")],
    *[Column(name, Numeric(9, 6)) for name in ("silhouette", "stability")],
    Column("details", Text, nullable=False),
    Column("input_hash", String(64), nullable=False),
    Column("made_at", Moment, nullable=False),
    *_run_columns(),
    Index("segmentation_by_day", "source", "as_of"),
)
"""How the customers of a source were divided on the morning of `as_of`. `details` is JSON: what was tried,
and who was set aside. Silhouette and stability are NULL where all customers are alike."""

SEGMENT = Table(
    "segment",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("segmentation_id", Id, nullable=False),
    Column("name", String(40), nullable=False),
    _typed("rule_text"),
    Column("customers", Integer, nullable=False),
    *[Column(name, Numeric(12, 4), nullable=False) for name in ("recency", "frequency")],
    *[Column(name, _MONEY, nullable=False) for name in ("monetary", "amount")],
    _typed("action"),
    Column("expected_value", _MONEY, nullable=False),
    UniqueConstraint("segmentation_id", "name", name="segment_once"),
)
"""A segment: its name with the rule that gave it, its customers' means, what they bought together, and what
is recommended with the value that may be expected of it."""

CUSTOMER_SEGMENT = Table(
    "customer_segment",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("segmentation_id", Id, nullable=False),
    Column("customer", CustomerKey, nullable=False),
    Column("segment", String(40), nullable=False),
    Column("as_of", Date, nullable=False),
    *[Column(name, Integer, nullable=False) for name in ("recency", "frequency")],
    Column("monetary", _MONEY, nullable=False),
    Column("score", String(3), nullable=False),
    UniqueConstraint("segmentation_id", "customer", name="customer_segment_once"),
    Index("customer_segment_by_name", "segmentation_id", "segment"),
    Index("customer_segment_by_day", "as_of"),
)
"""In which segment a customer is; `score` has three digits, 1 to 5, for recency, frequency and monetary."""

CUSTOMER_MONTH = Table(
    "customer_month",
    metadata,
    Column("source", String(12), primary_key=True),
    Column("customer", CustomerKey, primary_key=True),
    Column("month", Date, primary_key=True),
    Column("amount", _MONEY, nullable=False),
    Column("days", Integer, nullable=False),
    # By month first: MySQL takes an index that begins with the source for a way to find a customer.
    Index("customer_month_by_month", "month", "source"),
)
"""What a customer who came in a month bought in it, and on how many days. Whose sales of a month add up to 0
did not come. It is the whole past: who is new depends on it."""

SALES_MONTH = Table(
    "sales_month",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("sales_month_hash", String(64), nullable=False, unique=True),
    Column("source", String(12), nullable=False),
    Column("month", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("amount", _MONEY, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("same_days_amount", _MONEY),
    Column("same_days_customers", Integer),
    Column("mark", String(64), nullable=False),
    Column("is_counted", Boolean, nullable=False),
    Column("read_at", Moment, nullable=False),
    *_run_columns(),
    Index("sales_month_by_month", "source", "month"),
)
"""What a month brought up to its `last_day`, walk-ins included, and how many known customers; the `same_days`
columns are of the same days of the month before, while a month is not over. The `mark` stands for the sales
that were read. `is_counted` says that `customer_return` knows of them."""

CUSTOMER_RETURN = Table(
    "customer_return",
    metadata,
    Column("source", String(12), primary_key=True),
    Column("month", Date, primary_key=True),
    Column("gap", Integer, primary_key=True, autoincrement=False),
    Column("customers", Integer, nullable=False),
)
"""How many customers came in a month who had come `gap` months earlier and not since; 0 for the first time. A
growth budget of any number of silent months follows from it."""

GROWTH_MONTH = Table(
    "growth_month",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("growth_hash", String(64), nullable=False, unique=True),
    Column("source", String(12), nullable=False),
    Column("month", Date, nullable=False),
    *[
        Column(name, Integer, nullable=False)
        for name in ("silent_months", "customers", "new", "regained", "churned", "net", "pool")
    ],
    Column("is_run_in", Boolean, nullable=False),
    Column("is_provisional", Boolean, nullable=False),
    Column("counted_at", Moment, nullable=False),
    *_run_columns(),
    Index("growth_month_by_month", "source", "silent_months", "month"),
)
"""The growth budget by month and number of silent months. In a month of the run-in nobody can have been lost
and regained yet; a provisional month is not over, and its churned may still come."""
