"""The text campaigns on the sandbox: from the customer file to the phones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import and_, delete, func, select, update

from include.counterpoint.items import folded
from include.counterpoint.tables import AR_CUST
from include.messaging.pace import Pace
from include.messaging.phones import as_e164
from include.sandbox.standins.credentials import connections
from include.sandbox.standins.twilio.fates import EVERYBODY
from include.storedb.customer_segments import Placed, Segmentation, Segmentations
from include.storedb.runs import RunContext, moment
from include.storedb.suppression import Suppressions
from include.storedb.tables import LEDGER, TEXT_MESSAGE
from retail_ops import campaign_sending
from tests.integration.conftest import TODAY, Sandbox, make_impatient, states

RunDag = Callable[..., Any]
THANKS, COUPON, REVIEW = "sms_returning_1_thanks", "sms_returning_2_coupon", "sms_returning_3_review"


@pytest.fixture(autouse=True)
def everybody_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, sandbox: Sandbox) -> None:
    """Nobody is held out, and Twilio takes texts to the seeded landlines, too."""
    set_messaging(monkeypatch, tmp_path, hold_out_share=0)
    sandbox.vendors.set_text_fate(EVERYBODY, 30003)


def set_messaging(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, **values: Any) -> None:
    from include.messaging.settings import messaging_settings

    folder = tmp_path / "own_settings"
    folder.mkdir(exist_ok=True)
    file = folder / "messaging.yaml"
    known = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(known | values))
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(folder))
    messaging_settings.cache_clear()


def sent(sandbox: Sandbox) -> list[str]:
    return [text["to_number"] for text in sandbox.vendors.texts() if text["direction"] == "outbound-api"]


def rows(sandbox: Sandbox, campaign: str) -> dict[str, tuple[str, str]]:
    column = TEXT_MESSAGE.c
    wanted = select(column.phone, column.status, column.reason).where(column.campaign == campaign)
    with sandbox.store_db.connect() as connection:
        return {row.phone: (row.status, row.reason) for row in connection.execute(wanted)}


def summary(run: Any, task_id: str, key: str = "summary") -> Any:
    return run.get_task_instance(task_id).xcom_pull(task_ids=task_id, key=key)


def audience_phones(sandbox: Sandbox, days: int) -> set[str]:
    """Whoever bought so many days ago and not for the first time, told independently of the rule."""
    day = TODAY - timedelta(days=days)
    column = AR_CUST.c
    with sandbox.counterpoint.connect() as connection:
        found = connection.execute(
            select(column.PHONE_1, column.FST_SAL_DAT, column.FST_NAM, column.CUST_NO).where(
                func.date(column.LST_SAL_DAT) == day.isoformat(),
                column.INCLUDE_IN_MARKETING_MAILOUTS == "Y",
                func.upper(func.trim(column.CATEG_COD)) == "RETAIL",
            )
        ).all()
    return {
        as_e164(row.PHONE_1) or ""
        for row in found
        if (row.FST_SAL_DAT is None or row.FST_SAL_DAT.date() != day)
        and row.FST_NAM.strip().upper() not in ("", "CHANGE")
        and row.CUST_NO != "CASH"
    } - {""}


def test_each_phone_of_the_audience_gets_one_text_and_a_second_run_sends_none(
    run_dag: RunDag, sandbox: Sandbox
) -> None:
    wanted = audience_phones(sandbox, 1)
    assert wanted
    run = run_dag(THANKS)
    assert str(run.state) == "success", states(run)
    assert Counter(sent(sandbox)) == Counter(wanted)
    assert {status for status, _ in rows(sandbox, THANKS).values()} == {"sent"}
    total = summary(run, "report")
    assert total["applied"] == total["planned"] == len(wanted)

    second = run_dag(THANKS)
    assert str(second.state) == "success"
    assert states(second)["send"] == "skipped"
    assert summary(second, "send", "skipped_because") == "nothing to send"
    assert len(sent(sandbox)) == len(wanted)


def test_a_killed_sending_is_completed_by_whoever_clears_it(
    run_dag: RunDag, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What may still be on its way is settled after seconds, not after minutes.
    make_impatient(sandbox, monkeypatch, "twilio", 1)
    quick = Pace(None, lease=timedelta(seconds=2), settle_after=timedelta(seconds=5))
    monkeypatch.setattr(campaign_sending, "Pace", lambda _: quick)
    wanted = audience_phones(sandbox, 1)
    sandbox.vendors.order_fault("twilio", "status", status=401, method="POST", count=100)
    run = run_dag(THANKS)
    assert str(run.state) == "failed"
    assert sent(sandbox) == []
    assert {status for status, _ in rows(sandbox, THANKS).values()} == {"planned"}
    sandbox.vendors.clear_faults()
    assert str(run_dag(THANKS).state) == "success"
    assert Counter(sent(sandbox)) == Counter(wanted)


def test_suppressed_phones_and_those_with_enough_texts_get_none(run_dag: RunDag, sandbox: Sandbox) -> None:
    stopped, *others = sorted(audience_phones(sandbox, 1))
    Suppressions(sandbox.store_db).add(stopped, "opted_out", "reply")
    assert str(run_dag(THANKS).state) == "success"
    assert stopped not in sent(sandbox)
    assert rows(sandbox, THANKS)[stopped] == ("set_aside", "the phone is suppressed: opted out")
    assert str(run_dag(COUPON).state) == "success"
    assert Counter(sent(sandbox)) == Counter(others * 2)


def test_a_campaign_gives_way_to_a_later_one_that_matters_more(
    run_dag: RunDag, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    set_messaging(monkeypatch, tmp_path, cap={"texts": 1, "hours": 24})
    wanted = audience_phones(sandbox, 1)
    run_dag(THANKS)
    assert set(rows(sandbox, THANKS).values()) == {("set_aside", f"gives way to {COUPON}")}
    assert sent(sandbox) == []
    run_dag(COUPON)
    assert Counter(sent(sandbox)) == Counter(wanted)


def test_a_dry_run_stores_and_sends_nothing_but_lists_every_text(run_dag: RunDag, sandbox: Sandbox) -> None:
    run = run_dag(THANKS, dry_run=True)
    assert str(run.state) == "success"
    assert sent(sandbox) == []
    assert rows(sandbox, THANKS) == {}
    planned = summary(run, "plan")
    assert planned["planned"] == len(audience_phones(sandbox, 1))
    listed = (
        sandbox.files.joinpath(*planned["details"]["texts"].split("store_files/")[1].split("/"))
    ).read_text()
    assert listed.count("sent") == 0
    assert not any(phone[-7:] in listed for phone in audience_phones(sandbox, 1))


def test_a_test_reaches_the_test_recipients_only_and_as_often_as_wanted(
    run_dag: RunDag, sandbox: Sandbox
) -> None:
    for count in (1, 2):
        run = run_dag(THANKS, test_recipients=["518-555-0142"])
        assert str(run.state) == "success", states(run)
        assert sent(sandbox) == ["+15185550142"] * count
    assert rows(sandbox, THANKS) == {}
    assert str(run_dag(THANKS, test_mode=True).state) == "success"
    assert len(sent(sandbox)) == 2
    assert str(run_dag(THANKS, test_recipients=["12"]).state) == "failed"
    # The real ones are unaffected.
    run_dag(THANKS)
    assert len(sent(sandbox)) == 2 + len(audience_phones(sandbox, 1))


def test_with_twilio_itself_a_late_run_skips_and_says_so(
    run_dag: RunDag, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_longer_simulated(sandbox, monkeypatch)
    run = run_dag(THANKS)
    assert states(run)["plan"] == states(run)["send"] == "skipped"
    assert "minutes after its texts were due" in summary(run, "plan", "skipped_because")
    assert sent(sandbox) == []


def no_longer_simulated(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = connections(sandbox.vendors)["twilio"]
    del fields["extra"]["stand_in"]
    monkeypatch.setenv("AIRFLOW_CONN_TWILIO", json.dumps(fields))


def test_what_is_left_when_the_day_is_over_is_set_aside(
    run_dag: RunDag, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.vendors.order_fault("twilio", "status", status=401, method="POST", count=100)
    run = run_dag(THANKS)
    sandbox.vendors.clear_faults()
    no_longer_simulated(sandbox, monkeypatch)
    with sandbox.store_db.begin() as connection:
        connection.execute(update(LEDGER).values(claimed_at=moment() - timedelta(hours=1)))
    ti = run.get_task_instance("send")
    send_again(run, ti)
    assert sent(sandbox) == []
    assert set(rows(sandbox, THANKS).values()) == {("set_aside", "its day was over")}
    with sandbox.store_db.connect() as connection:
        claims = connection.scalars(select(LEDGER.c.status)).all()
    assert set(claims) == {"refused"}, "whoever never got a text has no claim that is open"


def test_who_opts_out_at_the_till_gets_no_text_of_an_earlier_run(run_dag: RunDag, sandbox: Sandbox) -> None:
    wanted = audience_phones(sandbox, 1)
    sandbox.vendors.order_fault("twilio", "status", status=401, method="POST", count=100)
    run_dag(THANKS)
    sandbox.vendors.clear_faults()
    with sandbox.store_db.begin() as connection:
        # As if the sending had never begun.
        connection.execute(delete(LEDGER))
    with sandbox.counterpoint.begin() as connection:
        column = AR_CUST.c
        of_phone = {as_e164(row.PHONE_1): row.PHONE_1 for row in connection.execute(select(column.PHONE_1))}
        gone = min(wanted)
        these = update(AR_CUST).where(of_phone[gone] == column.PHONE_1)
        connection.execute(these.values(INCLUDE_IN_MARKETING_MAILOUTS="N"))
    assert str(run_dag(THANKS).state) == "success"
    assert Counter(sent(sandbox)) == Counter(wanted - {gone})
    reason = "its customer is not in the campaign's audience any more"
    assert rows(sandbox, THANKS)[gone] == ("set_aside", reason)


def test_a_campaign_that_is_turned_off_while_it_waits_sends_nothing_more(
    run_dag: RunDag, sandbox: Sandbox, tmp_path: Any
) -> None:
    from include.campaigns.settings import campaign_settings

    sandbox.vendors.order_fault("twilio", "status", status=401, method="POST", count=100)
    run = run_dag(THANKS)
    sandbox.vendors.clear_faults()
    with sandbox.store_db.begin() as connection:
        connection.execute(update(LEDGER).values(claimed_at=moment() - timedelta(hours=1)))
    (tmp_path / "own_settings" / "sms_campaigns.yaml").write_text(
        json.dumps({"campaigns": {THANKS: {"enabled": False}}})
    )
    campaign_settings.cache_clear()
    try:
        send_again(run, run.get_task_instance("send"))
    finally:
        campaign_settings.cache_clear()
    assert sent(sandbox) == []
    assert set(rows(sandbox, THANKS).values()) == {("set_aside", "the campaign was turned off")}


def send_again(run: Any, ti: Any) -> None:
    """The task as a worker runs it after somebody has cleared it."""
    from scripts.dag_docs import load_dags

    task = load_dags()[run.dag_id].get_task("send")
    task.execute({"ti": ti, "dag_run": run, "params": {}})


WIN_BACK = "sms_win_back"
LOST = "Lost big spenders"


@pytest.fixture
def win_back_is_on(tmp_path: Any) -> Any:
    from include.campaigns.settings import campaign_settings

    on = {"enabled": True, "hold_out_share": 0, "audience": {"category": "any"}}
    (tmp_path / "own_settings" / "sms_campaigns.yaml").write_text(json.dumps({"campaigns": {WIN_BACK: on}}))
    campaign_settings.cache_clear()
    yield
    campaign_settings.cache_clear()


def divide(sandbox: Sandbox, lost: Collection[str], day: date) -> None:
    """Segments of a day in which these customers are lost and all others regular."""
    with sandbox.counterpoint.connect() as connection:
        numbers = {folded(number) for number in connection.scalars(select(AR_CUST.c.CUST_NO))}
    placed = [
        Placed(number, LOST if number in lost else "Regulars", 9, 2, Decimal(5), "123")
        for number in sorted(numbers)
    ]
    made = Segmentation("counterpoint", day, len(placed), 0, 2, None, None, {}, "f" * 64)
    Segmentations(sandbox.store_db).keep(
        made, [], placed, RunContext("customer_segmentation", "run", "divide")
    )


def willing(sandbox: Sandbox) -> dict[str, str]:
    """Phones of customers who agreed to texts, by number."""
    column = AR_CUST.c
    with sandbox.counterpoint.connect() as connection:
        found = connection.execute(
            select(column.CUST_NO, column.PHONE_1).where(
                column.INCLUDE_IN_MARKETING_MAILOUTS == "Y",
                func.upper(func.trim(column.FST_NAM)).not_in(["", "CHANGE"]),
                column.CUST_NO != "CASH",
            )
        ).all()
    phones = {folded(row.CUST_NO): as_e164(row.PHONE_1) for row in found}
    return {number: phone for number, phone in phones.items() if phone}


def test_a_campaign_texts_a_segment_once_a_month(
    run_dag: RunDag, sandbox: Sandbox, win_back_is_on: None
) -> None:
    known = willing(sandbox)
    lost = sorted(known)[::40]
    divide(sandbox, lost, TODAY - timedelta(days=1))
    run = run_dag(WIN_BACK, dry_run=True)
    assert str(run.state) == "success", states(run)
    assert summary(run, "plan")["planned"] == len({known[number] for number in lost})
    assert sent(sandbox) == []

    assert str(run_dag(WIN_BACK).state) == "success"
    assert Counter(sent(sandbox)) == Counter({known[number] for number in lost})
    # Who is lost a day later is texted as well, the others not again: it is the same month.
    later = sorted(known)[20::40]
    divide(sandbox, [*lost, *later], TODAY)
    assert str(run_dag(WIN_BACK).state) == "success"
    assert Counter(sent(sandbox)) == Counter({known[number] for number in [*lost, *later]})


@pytest.mark.parametrize("age", [None, 8])
def test_without_fresh_segments_nobody_is_texted_by_them_and_others_are(
    age: int | None, run_dag: RunDag, sandbox: Sandbox, win_back_is_on: None
) -> None:
    if age:
        divide(sandbox, willing(sandbox), TODAY - timedelta(days=age))
    run = run_dag(WIN_BACK)
    assert str(run.state) == "failed"
    assert states(run)["plan"] == "failed"
    assert sent(sandbox) == []
    assert str(run_dag(THANKS).state) == "success"
    assert Counter(sent(sandbox)) == Counter(audience_phones(sandbox, 1))


def test_segments_narrow_an_audience_that_counts_from_a_sale(
    run_dag: RunDag, sandbox: Sandbox, tmp_path: Any
) -> None:
    from include.campaigns.settings import campaign_settings

    wanted = sorted(audience_phones(sandbox, 1))
    some = {number for number, phone in willing(sandbox).items() if phone in wanted[::2]}
    divide(sandbox, some, TODAY)
    own = {"campaigns": {THANKS: {"audience": {"segments": [LOST]}}}}
    (tmp_path / "own_settings" / "sms_campaigns.yaml").write_text(json.dumps(own))
    campaign_settings.cache_clear()
    try:
        assert str(run_dag(THANKS).state) == "success"
    finally:
        campaign_settings.cache_clear()
    assert Counter(sent(sandbox)) == Counter(wanted[::2])


def test_in_the_west_the_morning_comes_later(run_dag: RunDag, sandbox: Sandbox) -> None:
    # 09:00 at the store is 06:00 there.
    eastern, western, month = "+15185550142", "+14155550142", f"{TODAY.month:02d}"
    column = AR_CUST.c
    is_born = column.PROF_COD_2.in_([month])
    born = and_(is_born, column.INCLUDE_IN_MARKETING_MAILOUTS == "Y")
    with sandbox.counterpoint.begin() as connection:
        numbers = connection.scalars(select(column.CUST_NO).where(born).limit(2)).all()
        for number, phone in zip(numbers, (western, eastern), strict=True):
            values = {"PHONE_1": phone, "FST_NAM": "Wes"}
            connection.execute(update(AR_CUST).where(number == column.CUST_NO).values(values))
    run = run_dag("sms_birthday")
    assert str(run.state) == "success", states(run)
    assert sent(sandbox).index(eastern) < sent(sandbox).index(western)
    assert Counter(sent(sandbox)).most_common(1)[0][1] == 1
