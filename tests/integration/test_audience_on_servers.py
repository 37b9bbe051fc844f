"""The shipped campaigns reach the same customers of a seeded store, with all its dirt, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, select

from include.campaigns.audience import Recipient, as_recipients, audience
from include.campaigns.settings import AudienceSettings, SmsCampaigns
from include.counterpoint.tables import AR_CUST
from include.database.engines import engine_for
from include.sandbox.seed import seed
from include.settings import load_settings
from tests.databases import SERVERS, fresh_database

UNTIL = date(2026, 5, 7)
DAYS = [UNTIL - timedelta(days=days) for days in range(0, 60, 3)]
CAMPAIGNS = load_settings(SmsCampaigns, "sms_campaigns").campaigns
Answers = dict[tuple[str, date], list[Recipient]]


def reached(url: URL) -> Answers:
    seed(url.render_as_string(hide_password=False), until=UNTIL, scale=0.05)
    with engine_for(url).connect() as connection:
        return {
            (name, day): as_recipients(connection.execute(audience(campaign.audience, day)))
            for name, campaign in CAMPAIGNS.items()
            for day in DAYS
        }


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    with fresh_database("sqlite", tmp_path_factory.mktemp("audience")) as url:
        yield url


@pytest.fixture(scope="module")
def on_sqlite(sqlite: URL) -> Answers:
    return reached(sqlite)


def is_meant(row: Any, wanted: AudienceSettings, day: date) -> bool:
    """The campaign's rule for one customer, in words of Python."""

    def folded(text: str | None) -> str:
        return (text or "").strip().casefold()

    def sold(moment: datetime | None) -> bool:
        return moment is not None and moment.date() == day - timedelta(days=wanted.days_after or 0)

    if folded(row.FST_NAM) in ("", "change") or not folded(row.PHONE_1) or folded(row.CUST_NO) == "cash":
        return False
    if folded(row.INCLUDE_IN_MARKETING_MAILOUTS) != "y":
        return False
    if wanted.category != "any" and folded(row.CATEG_COD) != wanted.category.casefold():
        return False
    if wanted.anchor == "birth_month":
        months = [folded(month) for month in (row.PROF_COD_2, row.PROF_COD_3)]
        return any(month.isdecimal() and int(month) == day.month for month in months)
    if wanted.anchor == "segment":
        return True
    if wanted.anchor == "first_sale":
        return sold(row.FST_SAL_DAT)
    return sold(row.LST_SAL_DAT) and not (wanted.returning and sold(row.FST_SAL_DAT))


def test_each_campaign_reaches_whom_it_means(sqlite: URL, on_sqlite: Answers) -> None:
    with engine_for(sqlite).connect() as connection:
        rows = connection.execute(select(AR_CUST)).all()
    for (name, day), recipients in on_sqlite.items():
        wanted = CAMPAIGNS[name].audience
        expected = sorted(row.CUST_NO for row in rows if is_meant(row, wanted, day))
        assert [recipient.number for recipient in recipients] == expected, (name, day)
    for name in CAMPAIGNS:
        assert any(on_sqlite[name, day] for day in DAYS), f"{name} reaches nobody in two months"


@pytest.mark.parametrize("kind", SERVERS)
def test_every_server_answers_as_sqlite_does(kind: str, on_sqlite: Answers, tmp_path: Path) -> None:
    with fresh_database(kind, tmp_path) as url:
        assert reached(url) == on_sqlite
