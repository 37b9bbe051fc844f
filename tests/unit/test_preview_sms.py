"""A look at a campaign's texts before anybody gets them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import URL, select

from include.campaigns.settings import campaign_settings
from include.counterpoint.items import folded
from include.counterpoint.tables import AR_CUST
from include.database.engines import engine_for
from include.sandbox.laptop.places import Places
from include.sandbox.seed import seed
from include.storedb.customer_segments import Placed, Segmentation, Segmentations
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext
from scripts.preview_sms import main


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("RETAIL_OPS_VAR", str(tmp_path))
    return Places.here()


@pytest.mark.parametrize("campaign", campaign_settings().campaigns)
def test_without_a_sandbox_the_customers_are_made_up(
    campaign: str, places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([campaign, "--day", "2026-11-20", "--count", "7"]) == 0
    shown = capsys.readouterr().out
    assert "made up" in shown
    assert shown.count(" characters, GSM-7") + shown.count(" characters, UCS-2 because of ë") == 7
    assert "To ***42" in shown and "To nobody: " in shown
    assert "555-0" not in shown
    assert not places.counterpoint.exists()


def test_the_sandbox_store_gives_its_customers(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    places.sandbox.mkdir()
    seed(f"sqlite:///{places.counterpoint}", until=date(2026, 5, 7), scale=0.05)
    assert main(["sms_birthday", "--day", "2026-05-01", "--count", "3"]) == 0
    shown = capsys.readouterr().out
    assert "Shown: 3." in shown
    assert "made up" not in shown
    assert "through June 10, 2026." in shown
    assert "one message with https://" in shown

    assert main(["sms_wholesale", "--day", "2001-01-01"]) == 0
    assert "Nobody in the sandbox store: these customers are made up." in capsys.readouterr().out


def test_a_sandbox_that_is_only_half_made_is_no_obstacle(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    places.sandbox.mkdir()
    places.counterpoint.touch()
    assert main(["sms_wholesale"]) == 0
    assert "cannot be read (OperationalError)" in capsys.readouterr().out


def test_a_campaign_that_does_not_exist_is_answered_with_those_that_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for arguments in ([], ["sms_birthdays"]):
        assert main(arguments) == 2
        assert "  sms_birthday\n" in capsys.readouterr().err


@pytest.mark.parametrize("slip", ["--day=20.11.2026", "--count=0", "--count=x", "--count=9999"])
def test_a_slip_is_named(slip: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["sms_birthday", slip])
    assert repr(slip.partition("=")[2]) in capsys.readouterr().err


def test_a_campaign_for_a_segment_shows_who_is_in_it(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    places.sandbox.mkdir()
    seed(f"sqlite:///{places.counterpoint}", until=date(2026, 5, 7), scale=0.02)
    store_db = URL.create("sqlite", database=str(places.store_db))
    upgrade(store_db)
    assert main(["sms_win_back", "--day", "2026-05-07"]) == 0
    assert "There are no customer segments yet; run customer_segmentation" in capsys.readouterr().out
    column = AR_CUST.c
    with engine_for(URL.create("sqlite", database=str(places.counterpoint))).connect() as connection:
        willing = select(column.CUST_NO).where(
            column.INCLUDE_IN_MARKETING_MAILOUTS == "Y", column.CATEG_COD == "RETAIL", column.PHONE_1 != "",
            column.FST_NAM.not_in(["", "Change", "CHANGE"]),
        )  # fmt: skip
        numbers = connection.scalars(willing.order_by(column.CUST_NO).limit(2)).all()
    placed = [Placed(folded(number), "Lost big spenders", 300, 5, Decimal(900), "155") for number in numbers]
    made = Segmentation("counterpoint", date(2026, 5, 1), 2, 0, 2, None, None, {}, "f" * 64)
    Segmentations(engine_for(store_db)).keep(made, [], placed, RunContext("d", "r", "t"))
    assert main(["sms_win_back", "--day", "2026-05-07"]) == 0
    shown = capsys.readouterr().out
    assert "Audience in the sandbox store: 2. Shown: 2." in shown
    assert "through June 10, 2026" in shown
    assert main(["sms_win_back", "--day", "2026-05-09"]) == 0
    assert "The segments are from 2026-05-01, more than 7 days ago" in capsys.readouterr().out
