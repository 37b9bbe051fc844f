"""The report on the text campaigns: its numbers against other ways of counting, and the DAG as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest
from sqlalchemy import Engine, delete, event, insert, select

from include.campaigns.report import CampaignReport, campaign_report
from include.campaigns.report_settings import CampaignReportSettings, CouponMark, campaign_report_settings
from include.campaigns.settings import campaign_settings
from include.counterpoint.tables import PS_TKT_HIST, PS_TKT_HIST_LIN
from include.database.engines import engine_for
from include.sandbox.text_past import fill_texts
from include.settings import store_settings
from include.storedb.migrate import upgrade
from include.storedb.tables import LEDGER, SUPPRESSION, TEXT_EVENT, TEXT_MESSAGE
from tests.databases import KINDS, fresh_database
from tests.integration.conftest import TODAY, Sandbox, states

RunDag = Callable[..., Any]
ZONE = store_settings().zone
COUPON = "sms_first_time_2_coupon"
LEFT = ("sent", "delivered", "undelivered", "failed", "unknown")


def reader(engine: Engine) -> Callable[[Any], list[Any]]:
    def read(statement: Any) -> list[Any]:
        with engine.connect() as connection:
            return list(connection.execute(statement))

    return read


def made(sandbox: Sandbox, day: date = TODAY, **settings: Any) -> CampaignReport | None:
    found = CampaignReportSettings(**campaign_report_settings().model_dump() | settings)
    titles = {name: name for name in campaign_settings().campaigns}
    stores = reader(sandbox.store_db), reader(sandbox.counterpoint)
    return campaign_report(*stores, found, day, ZONE, titles, "code {}".format)


def frames(sandbox: Sandbox) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All texts with their store days, and all tickets."""
    texts = pd.read_sql(select(TEXT_MESSAGE), sandbox.store_db)
    texts["day"] = texts.planned_at.dt.tz_localize("UTC").dt.tz_convert(str(ZONE)).dt.date
    tickets = pd.read_sql(select(PS_TKT_HIST), sandbox.counterpoint)
    tickets["day"] = pd.to_datetime(tickets.BUS_DAT).dt.date
    return texts, tickets


@pytest.fixture
def texted(sandbox: Sandbox) -> Sandbox:
    assert fill_texts(sandbox.counterpoint, sandbox.store_db, TODAY) > 100
    return sandbox


def test_the_past_is_written_once(texted: Sandbox) -> None:
    tables = (TEXT_MESSAGE, TEXT_EVENT, SUPPRESSION)
    read = reader(texted.store_db)
    before = [read(select(table)) for table in tables]
    assert fill_texts(texted.counterpoint, texted.store_db, TODAY) == 0
    assert [read(select(table)) for table in tables] == before
    with texted.store_db.begin() as connection:
        for table in tables:
            connection.execute(delete(table))
    fill_texts(texted.counterpoint, texted.store_db, TODAY)
    again = [[row[1:] for row in read(select(table))] for table in tables]
    assert again == [[row[1:] for row in rows] for rows in before]
    assert {row.status for row in before[0]} >= {"delivered", "held_out", "undelivered"}


def test_the_counts_agree_with_pandas(texted: Sandbox) -> None:
    texts, _ = frames(texted)
    for days in (42, 20):
        report = made(texted, days=days)
        assert report is not None
        part = texts[(texts.day >= TODAY - timedelta(days=days)) & (texts.day < TODAY)]
        assert report.total.audience == len(part)
        for one in report.campaigns:
            rows = part[part.campaign == one.title]
            status = rows.status.value_counts()
            left = rows[rows.status.isin(LEFT)]
            cost = left.price.abs().fillna(left.cost).astype(float).sum()
            assert (one.audience, one.sent, one.priced) == (len(rows), len(left), left.price.notna().sum())
            assert one.delivered == status.get("delivered", 0)
            assert one.failed == sum(status.get(name, 0) for name in ("refused", "undelivered", "failed"))
            assert (one.skipped, one.held_out) == (status.get("set_aside", 0), status.get("held_out", 0))
            assert one.planned + one.skipped + one.held_out == one.audience
            assert float(one.cost) == pytest.approx(cost)
        assert report.total.opt_outs == sum(one.opt_outs for one in report.campaigns)
        assert sum(count for _, count in report.failures) == report.total.failed
        assert sum(count for _, count in report.skips) == report.total.skipped


def test_tests_are_not_counted_and_texts_of_web_forms_are_compared_with_nobody(texted: Sandbox) -> None:
    before = made(texted)
    assert before is not None
    with texted.store_db.begin() as connection:
        row = dict(
            connection.execute(select(TEXT_MESSAGE).where(TEXT_MESSAGE.c.sid.is_not(None))).mappings().first()
            or {}
        )
        del row["id"]
        row["planned_at"] = datetime.combine(TODAY - timedelta(days=20), datetime.min.time())
        for name, customer in ((f"test_{COUPON}", row["cust_no"]), ("stock_notification", "")):
            more = {"campaign": name, "cust_no": customer, "text_hash": name, "sid": f"SM-{name}"}
            connection.execute(insert(TEXT_MESSAGE), row | more)
    after = made(texted)
    assert after is not None
    assert after.total.audience == before.total.audience + 1
    assert {one.title for one in after.campaigns} - {one.title for one in before.campaigns} == {
        "stock_notification"
    }
    assert after.comparisons == before.comparisons


def test_the_comparison_agrees_with_pandas(texted: Sandbox) -> None:
    texts, tickets = frames(texted)
    report = made(texted)
    assert report is not None
    assert report.compared is not None
    assert report.compared.last == TODAY - timedelta(days=15)
    tried = texts[texts.status.isin([*LEFT, "refused", "held_out"])]
    tried = tried[(tried.day >= report.compared.first) & (tried.day <= report.compared.last)]
    first = tried.sort_values("day").groupby(["campaign", "cust_no"]).first().reset_index()
    both = first.merge(tickets, left_on="cust_no", right_on="CUST_NO", suffixes=("", "_bought"))
    both["gap"] = (pd.to_datetime(both.day_bought) - pd.to_datetime(both.day)).dt.days
    within = both[(both.gap >= 1) & (both.gap <= 14)]
    seen = 0
    for one in report.comparisons:
        for group, held_out in ((one.texted, False), (one.held_out, True)):
            chosen = (first.campaign == one.title) & ((first.status == "held_out") == held_out)
            bought = within[(within.campaign == one.title) & ((within.status == "held_out") == held_out)]
            assert group.bought.of == chosen.sum()
            assert group.bought.hits == bought[bought.TOT > 0].cust_no.nunique()
            assert float(group.spent) == pytest.approx(bought.TOT.astype(float).sum())
            seen += group.bought.hits
    assert seen > 0


def test_only_what_can_be_known_is_compared(texted: Sandbox) -> None:
    young = made(texted, days=14)
    assert young is not None
    assert (young.compared, young.comparisons) == (None, [])
    assert made(texted, day=TODAY - timedelta(days=400)) is None


def text_row(number: int, customer: str, status: str, at: datetime, campaign: str = COUPON) -> dict[str, Any]:
    return {
        "text_hash": f"{number}", "campaign": campaign, "anchor": "2026-10-01", "cust_no": customer,
        "phone": f"+1518555{number:04}", "body": "Hi", "media": None, "segments": 1, "cost": Decimal("0.03"),
        "status": status, "reason": "", "sid": None, "error_code": None, "price": None, "planned_at": at,
        "sent_at": None if status == "held_out" else at, "status_at": None, "dag_id": "d", "run_id": "r",
        "task_id": "t", "map_index": -1,
    }  # fmt: skip


def sell(sandbox: Sandbox, number: int, customer: str, day: date, full: str, charged: str) -> None:
    head = {"DOC_ID": number, "TKT_NO": f"N{number}", "BUS_DAT": day, "POST_DAT": day, "CUST_NO": customer}
    lines = [
        {"DOC_ID": number, "LIN_SEQ_NO": 1, "LIN_TYP": "S", "CALC_EXT_PRC": Decimal(full) - 10,
         "EXT_PRC": Decimal(charged) - 10, "ITEM_NO": "A"},
        {"DOC_ID": number, "LIN_SEQ_NO": 2, "LIN_TYP": "S", "CALC_EXT_PRC": 10,
         "EXT_PRC": 10, "ITEM_NO": "cpn "},
        {"DOC_ID": number, "LIN_SEQ_NO": 3, "LIN_TYP": "U", "CALC_EXT_PRC": 99,
         "EXT_PRC": 50, "ITEM_NO": "A"},
    ]  # fmt: skip
    with sandbox.counterpoint.begin() as connection:
        connection.execute(insert(PS_TKT_HIST), head | {"TOT": Decimal(charged)})
        connection.execute(insert(PS_TKT_HIST_LIN), lines)


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sandbox]:
    """A store without texts and tickets on each kind of database."""
    with fresh_database(request.param, tmp_path) as ours, fresh_database(request.param, tmp_path) as tills:
        upgrade(ours)
        PS_TKT_HIST.metadata.create_all(engine_for(tills), [PS_TKT_HIST, PS_TKT_HIST_LIN])
        yield Sandbox(tmp_path, cast("Any", None), engine_for(tills), engine_for(ours))


def test_what_counts_as_bought_and_as_a_coupon(empty: Sandbox) -> None:
    sandbox = empty
    # 23:30 in the store on 1 October is 2 October in UTC.
    at, day = datetime(2026, 10, 2, 3, 30), date(2026, 10, 1)
    people = [f"NEW-{n}" for n in range(8)]
    rows = [text_row(n, one, "held_out" if n > 5 else "delivered", at) for n, one in enumerate(people)]
    # Two texts to one customer count once, from the first on.
    rows.append(text_row(20, people[0], "delivered", at + timedelta(days=5)))
    with sandbox.store_db.begin() as connection:
        connection.execute(insert(TEXT_MESSAGE), rows)
    last = day + timedelta(days=14)
    sell(sandbox, 900001, people[0].lower(), day + timedelta(days=1), "40", "35")
    sell(sandbox, 900002, people[1], last, "29", "24")  # too small for the coupon
    sell(sandbox, 900003, people[2], last + timedelta(days=1), "40", "35")  # too late
    sell(sandbox, 900004, people[3], day, "40", "35")  # on the day of the text
    sell(sandbox, 900005, people[4], last, "40", "34")  # another rebate
    sell(sandbox, 900006, people[6], last, "40", "35")
    sell(sandbox, 900007, people[5], day + timedelta(days=1), "20", "20")
    report = made(sandbox, day=date(2026, 11, 2))
    assert report is not None
    (one,) = report.comparisons
    assert (one.texted.bought.hits, one.texted.bought.of) == (4, 6)
    assert (one.held_out.bought.hits, one.held_out.bought.of) == (1, 2)
    assert one.texted.redeemed is not None
    assert one.held_out.redeemed is not None
    assert (one.texted.redeemed.hits, one.held_out.redeemed.hits) == (1, 1)
    assert one.texted.spent == 35 + 24 + 34 + 20
    assert one.verdict == "too few to say"
    by_item = made(sandbox, day=date(2026, 11, 2), coupons={COUPON: CouponMark(item="CPN")})
    assert by_item is not None
    (other,) = by_item.comparisons
    assert other.texted.redeemed is not None
    assert other.texted.redeemed.hits == 4


def test_an_opt_out_counts_once_for_the_last_text_before_it(empty: Sandbox) -> None:
    sandbox = empty
    at = datetime(2026, 10, 20, 16)
    rows = [
        text_row(1, "A", "delivered", at, "sms_birthday"),
        text_row(2, "B", "delivered", at, "sms_birthday"),
        text_row(3, "C", "delivered", at, "sms_birthday"),
        text_row(4, "D", "delivered", at, "sms_birthday"),
        text_row(5, "A", "delivered", at + timedelta(days=2), COUPON) | {"phone": "+15185550001"},
    ]

    def stop(number: int, when: datetime) -> dict[str, Any]:
        return {
            "event_hash": f"{number}{when}", "kind": "reply", "sid": f"SM{number}", "meaning": "stop",
            "phone": f"+1518555{number:04}", "received_at": when, "body": "STOP",
        }  # fmt: skip

    events = [
        stop(1, at + timedelta(days=3)),  # the second text annoyed
        stop(1, at + timedelta(days=3, hours=1)),
        stop(2, at + timedelta(days=15)),  # too late to be the text's doing
        stop(3, at - timedelta(days=1)),  # before it
    ]
    suppressed = [
        {
            "phone": f"+1518555{n:04}",
            "reason": why,
            "source": "twilio",
            "at": at + timedelta(hours=1),
            "detail": "",
        }
        for n, why in ((4, "opted_out"), (2, "landline"))
    ]
    with sandbox.store_db.begin() as connection:
        connection.execute(insert(TEXT_MESSAGE), rows)
        connection.execute(insert(TEXT_EVENT), events)
        connection.execute(insert(SUPPRESSION), suppressed)
    report = made(sandbox)
    assert report is not None
    assert {one.title: one.opt_outs for one in report.campaigns} == {"sms_birthday": 1, COUPON: 1}


def test_many_texts_need_no_more_statements(texted: Sandbox) -> None:
    def statements() -> int:
        seen: list[str] = []
        engines = (texted.store_db, texted.counterpoint)

        def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            seen.append(statement)

        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        made(texted)
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    few = statements()
    at = datetime(2026, 10, 20, 16)
    with texted.store_db.begin() as connection:
        connection.execute(
            insert(TEXT_MESSAGE), [text_row(10_000 + n, f"X-{n}", "delivered", at) for n in range(20_000)]
        )
    assert statements() == few <= 8


def mails(sandbox: Sandbox) -> list[Any]:
    files = sorted((sandbox.folder / "vendors" / "mails").glob("*.eml"))
    found = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return [mail for mail in found if mail["Auto-Submitted"]]


def test_the_report_is_mailed_once_and_kept_as_a_page(run_dag: RunDag, texted: Sandbox) -> None:
    preview = run_dag("sms_campaign_report", dry_run=True)
    assert str(preview.state) == "success"
    assert mails(texted) == []
    folder = texted.files / "reports"
    assert [path.name for path in folder.iterdir()] == ["preview"]

    run = run_dag("sms_campaign_report")
    assert states(run) == dict.fromkeys(("write", "mail", "report"), "success")
    assert sorted(str(mail["To"]) for mail in mails(texted)) == ["managers@example.com", "owner@example.com"]
    page = folder / "sms_campaign_report" / "latest.html"
    assert page.read_bytes() == page.with_name(f"{TODAY}.html").read_bytes()
    report = made(texted)
    assert report is not None
    text = mails(texted)[0].get_body(("plain",)).get_content()
    assert f"{report.total.sent:,} texts sent" in text
    assert f">{report.total.sent:,}<" in page.read_text(encoding="utf-8")

    second = run_dag("sms_campaign_report")
    assert states(second) == {"write": "success", "mail": "skipped", "report": "success"}
    assert len(mails(texted)) == 2
    with texted.store_db.connect() as connection:
        assert list(connection.scalars(select(LEDGER.c.status))) == ["sent", "sent"]


def test_a_refused_recipient_makes_the_run_red_and_stops_nobody(run_dag: RunDag, texted: Sandbox) -> None:
    texted.vendors.order_fault("smtp", "refuse_recipient", match="managers@")
    texted.vendors.order_fault("smtp", "drop_before_data", match="owner@")
    run = run_dag("sms_campaign_report")
    assert states(run) == {"write": "success", "mail": "success", "report": "failed"}
    assert [str(mail["To"]) for mail in mails(texted)] == ["owner@example.com"]
    (rejects,) = (texted.files / "rejects").rglob("mail.csv")
    assert re.search(r"m…@example\.com,.*refuses this recipient", rejects.read_text(encoding="utf-8"))


def test_without_texts_nobody_is_mailed(run_dag: RunDag, sandbox: Sandbox) -> None:
    run = run_dag("sms_campaign_report", days=7)
    assert states(run) == {"write": "skipped", "mail": "skipped", "report": "success"}
    assert mails(sandbox) == []
    assert not (sandbox.files / "reports").exists()


def test_days_are_chosen_by_hand(run_dag: RunDag, texted: Sandbox) -> None:
    run_dag("sms_campaign_report", days=10)
    first = TODAY - timedelta(days=10)
    assert {mail["Subject"] for mail in mails(texted)} == {
        f"Text campaigns, Nov {first.day}, 2026 to Nov 19, 2026"
    }
    assert datetime.now(UTC) - mails(texted)[0]["Date"].datetime < timedelta(minutes=5)
