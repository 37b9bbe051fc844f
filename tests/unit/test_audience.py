"""Whom a campaign texts on a day: sales counted back, birth months, consent, and what stands in for names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.dialects import mssql

from include.campaigns.audience import Recipient, anchor_day, as_recipients, audience
from include.campaigns.settings import AudienceSettings
from include.counterpoint.tables import AR_CUST
from include.database.engines import engine_for
from tests.databases import KINDS, fresh_database

DAY = date(2026, 3, 1)
SALE = datetime(2026, 2, 28)
BEFORE = datetime(2025, 10, 1)

FIRST = AudienceSettings(category="RETAIL", anchor="first_sale", days_after=1)
LAST = FIRST.model_copy(update={"anchor": "last_sale"})
RETURNING = LAST.model_copy(update={"returning": True})
CAME_BACK = FIRST.model_copy(update={"returning": True})
BIRTHDAY = AudienceSettings(category="any", anchor="birth_month")
SEGMENT = AudienceSettings(category="any", anchor="segment", segments=("Champions",))

NEW = {
    "FST_NAM": "Ann",
    "PHONE_1": "518-555-0142",
    "CATEG_COD": "RETAIL",
    "INCLUDE_IN_MARKETING_MAILOUTS": "Y",
    "FST_SAL_DAT": SALE,
    "LST_SAL_DAT": SALE,
    "LOY_PTS_BAL": Decimal("12.5"),
}
OLD = {"FST_SAL_DAT": BEFORE}
NEVER = {"FST_SAL_DAT": None, "LST_SAL_DAT": None}
CUSTOMERS: dict[str, dict[str, Any]] = {
    "cash ": {"PROF_COD_2": "3"},
    "name-none": {"FST_NAM": None},
    "name-blank": {"FST_NAM": "  "},
    "name-left": {"FST_NAM": "Change"},
    "name-left-2": {"FST_NAM": " CHANGE "},
    "phone-none": {"PHONE_1": None},
    "phone-blank": {"PHONE_1": " "},
    "no-consent": {"INCLUDE_IN_MARKETING_MAILOUTS": "N"},
    "no-answer": {"INCLUDE_IN_MARKETING_MAILOUTS": None},
    "company": {"CATEG_COD": "wholesale", **OLD},
    "no-kind": {"CATEG_COD": None},
    "a-early": {"FST_SAL_DAT": datetime(2026, 2, 27, 23, 59, 59)},
    "a-late": {"FST_SAL_DAT": datetime(2026, 2, 28, 23, 59, 59), "LST_SAL_DAT": datetime(2026, 2, 28, 8)},
    "a-next": {"FST_SAL_DAT": datetime(2026, 3, 1), "LST_SAL_DAT": datetime(2026, 3, 1)},
    "b-name": {"FST_NAM": "Changez"},
    "b-consent": {"INCLUDE_IN_MARKETING_MAILOUTS": "y"},
    "b-kind": {"CATEG_COD": "retail "},
    "c-back": OLD,
    "c-unknown": {"FST_SAL_DAT": None},
    "c-at-once": {"LST_SAL_DAT": datetime(2026, 3, 1, 9)},
    "c-no-last": {"LST_SAL_DAT": None},
    "m-3": NEVER | {"PROF_COD_2": "3"},
    "m-03": NEVER | {"PROF_COD_2": "03"},
    "m-blanks": NEVER | {"PROF_COD_2": " 3 "},
    "m-long": NEVER | {"PROF_COD_2": "0000000003"},
    "m-spouse": NEVER | {"PROF_COD_2": "7", "PROF_COD_3": "03", "CATEG_COD": "WHOLESALE"},
    "m-both": NEVER | {"PROF_COD_2": "3", "PROF_COD_3": "3", "CATEG_COD": None},
    "m-13": NEVER | {"PROF_COD_2": "13", "PROF_COD_3": "30"},
    "m-odd": NEVER | {"PROF_COD_2": "March", "PROF_COD_3": "3rd"},
    "m-none": NEVER | {"PROF_COD_2": "", "PROF_COD_3": "0"},
    "10": {"PROF_COD_2": "3"},
    "9": {"PROF_COD_2": "3"},
}
DATED = ["a-late", "b-consent", "b-kind", "b-name", "c-at-once", "c-no-last", "10", "9"]
LATEST = ["a-early", "a-late", "b-consent", "b-kind", "b-name", "c-back", "c-unknown", "10", "9"]
MONTHS = ["10", "9", "m-03", "m-3", "m-blanks", "m-both", "m-long", "m-spouse"]


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path_factory.mktemp("counterpoint")) as url:
        engine = engine_for(url)
        with engine.begin() as connection:
            AR_CUST.create(connection)
            for number, customer in CUSTOMERS.items():
                connection.execute(AR_CUST.insert(), NEW | customer | {"CUST_NO": number})
        yield engine


def found(engine: Engine, settings: AudienceSettings, day: date = DAY) -> list[Recipient]:
    with engine.connect() as connection:
        return as_recipients(connection.execute(audience(settings, day)))


@pytest.mark.parametrize(
    ("settings", "day", "expected"),
    [
        (FIRST, DAY, DATED),
        (LAST, DAY, LATEST),
        (RETURNING, DAY, ["a-early", "c-back", "c-unknown"]),
        (CAME_BACK, DAY, ["c-at-once"]),
        (BIRTHDAY, DAY, MONTHS),
        (BIRTHDAY, date(2026, 3, 31), MONTHS),
        (BIRTHDAY, date(2026, 12, 31), []),
        (BIRTHDAY.model_copy(update={"category": "WHOLESALE"}), DAY, ["m-spouse"]),
        (LAST.model_copy(update={"category": "WHOLESALE"}), DAY, ["company"]),
        (LAST.model_copy(update={"category": "any"}), DAY, [*LATEST, "company", "no-kind"]),
        (FIRST.model_copy(update={"days_after": 0}), SALE.date(), DATED),
        (FIRST.model_copy(update={"days_after": 365}), date(2027, 2, 28), DATED),
        (FIRST, date(2026, 3, 2), ["a-next"]),
        (FIRST, date(2026, 2, 28), ["a-early"]),
    ],
)
def test_who_is_meant(engine: Engine, settings: AudienceSettings, day: date, expected: list[str]) -> None:
    numbers = [recipient.number for recipient in found(engine, settings, day)]
    assert numbers == sorted(expected), "in the order of the customer numbers' characters"


def test_what_is_known_of_a_recipient(engine: Engine) -> None:
    by_number = {recipient.number: recipient for recipient in found(engine, LAST)}
    assert by_number["a-early"] == Recipient(
        "a-early", "Ann", "518-555-0142", "RETAIL", 12, date(2026, 2, 27), date(2026, 2, 28)
    )
    assert by_number["c-unknown"].first_sale is None
    assert by_number["a-early"].key == "A-EARLY"


@pytest.mark.parametrize(
    ("settings", "day", "anchor"),
    [
        (FIRST, date(2028, 3, 1), date(2028, 2, 29)),
        (FIRST, date(2027, 3, 1), date(2027, 2, 28)),
        (FIRST, date(2027, 1, 1), date(2026, 12, 31)),
        (FIRST.model_copy(update={"days_after": 366}), date(2029, 3, 1), date(2028, 2, 29)),
        (BIRTHDAY, date(2028, 2, 29), date(2028, 2, 1)),
        (BIRTHDAY, date(2026, 12, 31), date(2026, 12, 1)),
        (SEGMENT, date(2026, 12, 15), date(2026, 12, 1)),
    ],
)
def test_the_occasion(settings: AudienceSettings, day: date, anchor: date) -> None:
    assert anchor_day(settings, day) == anchor


@pytest.mark.parametrize(
    ("stored", "points"), [(None, 0), (Decimal("-7"), 0), (Decimal("0.99"), 0), (Decimal("7.99"), 7)]
)
def test_points_are_whole_and_never_negative(stored: Decimal | None, points: int) -> None:
    row = SimpleNamespace(**{column.name: None for column in AR_CUST.c} | {"LOY_PTS_BAL": stored})
    assert as_recipients([row])[0].points == points


@pytest.mark.parametrize("settings", [FIRST, RETURNING, BIRTHDAY])
def test_the_query_is_understood_by_old_sql_servers(settings: AudienceSettings) -> None:
    text = str(audience(settings, DAY).compile(dialect=mssql.dialect())).lower()
    assert "trim(" not in text.replace("ltrim(", "").replace("rtrim(", "")
    assert "cast(" not in text
    assert "collate latin1_general_bin2" in text
