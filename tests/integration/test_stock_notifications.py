"""Requests for items that are back: each answered once, with one coupon, whatever goes wrong in between."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from include.counterpoint.items import as_items, items
from include.counterpoint.tables import AR_CUST, EC_ITEM_DESCR, IM_INV, IM_ITEM
from include.sandbox.standins.state import coupons as shop_coupons
from include.sandbox.standins.state import texts as received_texts
from include.sandbox.stock_requests_file import FILE, fill_stock_requests_file
from include.settings import store_settings
from include.storedb.runs import moment
from include.storedb.stock_requests import StockRequest, StockRequests
from include.storedb.suppression import Suppressions
from include.storedb.tables import AUDIT, LEDGER, STOCK_REQUEST, TEXT_MESSAGE
from tests.integration.conftest import TODAY, Sandbox, make_impatient, states

RunDag = Callable[..., Any]
DAG = "stock_notifications"
WELL = {"notices.plan": "success", "notices.apply": "success", "texts": "skipped", "report": "success"}


@pytest.fixture
def numbers(sandbox: Sandbox) -> list[str]:
    """Items in stock, the best stocked first, that have no binding id."""
    with sandbox.counterpoint.connect() as connection:
        found = as_items(connection.execute(items(store_settings().stock_locations)))
    stocked = [item for item in found if item.is_active and item.buffered > 5 and not item.binding]
    return [item.number for item in sorted(stocked, key=lambda item: -item.buffered)]


def ask(sandbox: Sandbox, email: str, item: str, **more: Any) -> StockRequest:
    """Leave a request of the form."""
    requests = StockRequests(sandbox.store_db)
    assert requests.add(StockRequest(item.upper(), email, more.pop("at", moment()), **more))
    return requests.open()[-1]


def rows(sandbox: Sandbox) -> dict[str, Any]:
    """The requests by address."""
    with sandbox.store_db.connect() as connection:
        return {row.email: row for row in connection.execute(select(STOCK_REQUEST))}


def mails(sandbox: Sandbox) -> list[Any]:
    files = sorted((sandbox.folder / "vendors" / "mails").glob("*.eml"))
    found = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return [mail for mail in found if mail["Auto-Submitted"]]


def ours(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The coupons in the shop that answer requests."""
    with sandbox.vendors.context.engine.connect() as connection:
        found = connection.scalars(select(shop_coupons.c.document).order_by(shop_coupons.c.id))
        return [document for document in found if document["name"].startswith("Back in stock")]


def text_of(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content())


def html_of(mail: Any) -> str:
    return str(mail.get_body(("html",)).get_content())


def set_stock(sandbox: Sandbox, item: str, available: int) -> None:
    with sandbox.counterpoint.begin() as connection:
        connection.execute(update(IM_INV).where(IM_INV.c.ITEM_NO.in_([item])).values(QTY_AVAIL=available))


def one_each(sandbox: Sandbox, emails: Sequence[str]) -> None:
    """Everybody got one mail with a code of their own, of which the shop has one coupon."""
    got = Counter(str(mail["To"]) for mail in mails(sandbox))
    assert got == dict.fromkeys(emails, 1)
    codes = {document["code"] for document in ours(sandbox)}
    assert len(ours(sandbox)) == len(codes) == len(emails)
    kept = {email: row.coupon_code for email, row in rows(sandbox).items()}
    for mail in mails(sandbox):
        code = kept[str(mail["To"])]
        assert code in codes
        assert f"Code: {code}" in text_of(mail)
        assert code in html_of(mail)


def test_requests_of_form_and_file_are_answered_once(
    run_dag: RunDag, sandbox: Sandbox, numbers: list[str]
) -> None:
    fill_stock_requests_file(sandbox.files / FILE, TODAY, numbers[:2])
    ask(sandbox, "form@example.com", numbers[2])
    sold_out = numbers[3]
    set_stock(sandbox, sold_out, 0)
    ask(sandbox, "waits@example.com", sold_out)
    preview = run_dag(DAG, dry_run=True)
    assert states(preview)["notices.apply"] == "skipped"
    assert (mails(sandbox), ours(sandbox)) == ([], [])

    run = run_dag(DAG)
    assert states(run) == WELL
    found = Counter((str(mail["To"])) for mail in mails(sandbox))
    assert found == {
        "form@example.com": 1,
        "rosalind.ohare@example.com": 1,
        "m.delacruz@example.com": 1,
        "annemarie@example.com": 2,
    }
    with sandbox.store_db.connect() as connection:
        by_status = Counter(connection.scalars(select(STOCK_REQUEST.c.status)))
        audited = Counter(connection.scalars(select(AUDIT.c.outcome)))
    assert by_status == {"sent": 5, "duplicate": 1, "open": 2}
    assert audited == {"applied": 5}
    assert rows(sandbox)["waits@example.com"].status == "open"

    made = ours(sandbox)
    assert len({document["code"] for document in made}) == len(made) == 5
    for document in made:
        assert document["type"] == "per_total_discount"
        assert (Decimal(document["amount"]), Decimal(document["min_purchase"])) == (10, 100)
        assert (document["max_uses"], document["max_uses_per_customer"]) == (1, 1)
        expires = parsedate_to_datetime(document["expires"])
        assert expires == datetime(2026, 11, 23, 23, 59, 59, tzinfo=store_settings().zone)
    with (sandbox.files / "coupons" / "created_coupon_log.csv").open(newline="") as file:
        logged = list(csv.DictReader(file))
    assert [line["id"] for line in logged] == [str(document["id"]) for document in made]
    assert list(logged[0]) == ["date", "email", "item_no", "id"]

    second = run_dag(DAG)
    assert states(second) == WELL | {"notices.apply": "skipped"}
    assert len(mails(sandbox)) == len(ours(sandbox)) == 5
    set_stock(sandbox, sold_out, 1000)
    run_dag(DAG)
    assert [str(mail["To"]) for mail in mails(sandbox)][-1] == "waits@example.com"


def test_what_the_mail_says(run_dag: RunDag, sandbox: Sandbox, numbers: list[str], monkeypatch: Any) -> None:
    photo = next(
        file.stem
        for file in sorted(sandbox.photos.glob("*.jpg"))
        if file.stem in numbers and file.stat().st_size
    )
    plain = next(number for number in numbers if not list(sandbox.photos.glob(f"{number}*")))
    with sandbox.counterpoint.begin() as connection:
        customer = connection.scalar(select(AR_CUST.c.CUST_NO).where(AR_CUST.c.CUST_NO != "CASH").limit(1))
        named = update(AR_CUST).where(AR_CUST.c.CUST_NO.in_([customer]))
        connection.execute(named.values(EMAIL_ADRS_1="Known@Example.com", FST_NAM="ROSALIND"))
    forms = {
        "conn_type": "generic",
        "host": "https://forms.store.example",
        "password": "a secret that is long",
    }
    monkeypatch.setenv("AIRFLOW_CONN_WEB_FORMS", json.dumps(forms))
    ask(sandbox, "known@example.com", photo)
    ask(sandbox, "stranger@example.com", plain)
    set_stock(sandbox, "45", 1000)
    ask(sandbox, "no.coupon@example.com", "45")
    assert states(run_dag(DAG)) == WELL
    known, stranger, bare = (
        next(mail for mail in mails(sandbox) if mail["To"] == to)
        for to in ("known@example.com", "stranger@example.com", "no.coupon@example.com")
    )
    assert "Hi Rosalind," in text_of(known)
    assert "Hi there," in text_of(stranger)
    pictures = [part for part in known.walk() if part.get_content_type() == "image/jpeg"]
    assert len(pictures) == 1
    assert pictures[0].get_content().startswith(b"\xff\xd8\xff")
    assert f"cid:{pictures[0]['Content-ID'].strip('<>')}" in html_of(known)
    assert not [part for part in stranger.walk() if part.get_content_maintype() == "image"]
    assert "Code:" not in text_of(bare)
    assert len(ours(sandbox)) == 2
    address = known["List-Unsubscribe"].strip("<>")
    assert address.startswith("https://forms.store.example/forms/unsubscribe/")
    assert address in text_of(known)
    assert known["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "Monday, November 23" in text_of(known)


def test_hostile_words_stay_words(run_dag: RunDag, sandbox: Sandbox, numbers: list[str]) -> None:
    item = numbers[0]
    evil = '<script>alert(1)</script>"><img src=x onerror=y>{{ 7*7 }}'
    with sandbox.counterpoint.begin() as connection:
        connection.execute(
            update(IM_ITEM).where(IM_ITEM.c.ITEM_NO.in_([item])).values(ADDL_DESCR_1=evil[:80])
        )
        connection.execute(delete(EC_ITEM_DESCR).where(EC_ITEM_DESCR.c.ITEM_NO.in_([item])))
        html = (
            "<p>Likes shade &lt;script&gt;alert(2)&lt;/script&gt;, moist soil.</p><script>alert(3)</script>"
        )
        connection.execute(EC_ITEM_DESCR.insert().values(ITEM_NO=item, HTML_DESCR=html))
        customer = connection.scalar(select(AR_CUST.c.CUST_NO).where(AR_CUST.c.CUST_NO != "CASH").limit(1))
        named = update(AR_CUST).where(AR_CUST.c.CUST_NO.in_([customer]))
        connection.execute(named.values(EMAIL_ADRS_1="a@example.com", FST_NAM="<b>x</b>"))
    ask(sandbox, "a@example.com", item)
    run_dag(DAG)
    (mail,) = mails(sandbox)
    assert "<script" not in html_of(mail)
    assert "<img src=x" not in html_of(mail)
    assert "{{ 7*7 }}" in html_of(mail)
    assert "alert(3)" not in html_of(mail)
    assert "Hi there," in text_of(mail)
    assert "Likes shade &lt;script&gt;" in html_of(mail)


def test_a_refused_address_closes_its_request_only(
    run_dag: RunDag, sandbox: Sandbox, numbers: list[str]
) -> None:
    for name in ("bad", "good"):
        ask(sandbox, f"{name}@example.com", numbers[0])
    sandbox.vendors.order_fault("smtp", "refuse_recipient", match="bad@")
    run = run_dag(DAG)
    assert states(run) == WELL
    found = rows(sandbox)
    assert (found["bad@example.com"].status, found["good@example.com"].status) == ("rejected", "sent")
    (rejects,) = (sandbox.files / "rejects").rglob("notices.apply.csv")
    assert "the mail server refuses its address" in rejects.read_text()
    run_dag(DAG)
    assert [str(mail["To"]) for mail in mails(sandbox)] == ["good@example.com"]


def test_a_mail_that_was_not_taken_goes_with_the_retry(
    run_dag: RunDag, sandbox: Sandbox, numbers: list[str]
) -> None:
    emails = ["one@example.com", "two@example.com"]
    for email in emails:
        ask(sandbox, email, numbers[0])
    sandbox.vendors.order_fault("smtp", "drop_before_data", match="one@")
    sandbox.vendors.order_fault("smtp", "status", status=451, match="two@")
    assert states(run_dag(DAG)) == WELL
    one_each(sandbox, emails)


def test_a_mail_whose_fate_is_unknown_is_not_repeated_by_itself(
    run_dag: RunDag, sandbox: Sandbox, numbers: list[str]
) -> None:
    ask(sandbox, "lost@example.com", numbers[0])
    sandbox.vendors.order_fault("smtp", "drop_connection", match="lost@")
    run = run_dag(DAG)
    assert (states(run)["notices.apply"], states(run)["report"]) == ("success", "failed")
    assert rows(sandbox)["lost@example.com"].status == "open"
    code = rows(sandbox)["lost@example.com"].coupon_code
    again = run_dag(DAG)
    assert states(again) == WELL | {"notices.apply": "skipped"}
    (rejects,) = (sandbox.files / "rejects").rglob("notices.plan.csv")
    assert "not known whether its mail was taken" in rejects.read_text()
    assert mails(sandbox) == []
    assert states(run_dag(DAG, mail_again=True)) == WELL
    one_each(sandbox, ["lost@example.com"])
    assert rows(sandbox)["lost@example.com"].coupon_code == code


@pytest.mark.parametrize("fault", ["time_out", "name_taken", "dropped", "busy"])
def test_a_coupon_is_made_once_whatever_the_shop_answers(
    fault: str, run_dag: RunDag, sandbox: Sandbox, numbers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_impatient(sandbox, monkeypatch, "bigcommerce", 2)
    ask(sandbox, "one@example.com", numbers[0])
    faults: dict[str, tuple[Any, dict[str, Any]]] = {
        "time_out": ("timeout_after_accepting", {}),
        "name_taken": ("status", {"status": 409}),
        "dropped": ("drop_connection", {}),
        "busy": ("status", {"status": 503}),
    }
    kind, more = faults[fault]
    sandbox.vendors.order_fault("bigcommerce", kind, method="POST", match="/coupons", **more)
    assert states(run_dag(DAG)) == WELL
    one_each(sandbox, ["one@example.com"])
    with sandbox.store_db.connect() as connection:
        entries = dict(connection.execute(select(LEDGER.c.kind, LEDGER.c.status)).tuples().all())
    assert entries == {"coupon": "sent", "mail": "sent"}


def test_a_coupon_of_a_day_ago_is_renewed_with_its_code(
    run_dag: RunDag, sandbox: Sandbox, numbers: list[str]
) -> None:
    ask(sandbox, "one@example.com", numbers[0])
    sandbox.vendors.order_fault("smtp", "drop_before_data", count=4)
    failed = run_dag(DAG)
    assert str(failed.state) == "failed"
    (first,) = ours(sandbox)
    run_dag.at += timedelta(days=2)  # type: ignore[attr-defined]
    assert states(run_dag(DAG)) == WELL
    one_each(sandbox, ["one@example.com"])
    (second,) = ours(sandbox)
    assert second["code"] == first["code"]
    assert parsedate_to_datetime(second["expires"]).date() == date(2026, 11, 25)
    assert "Wednesday, November 25" in text_of(mails(sandbox)[0])


def test_old_requests_expire_and_long_addresses_are_rejected(
    run_dag: RunDag, sandbox: Sandbox, numbers: list[str]
) -> None:
    ask(sandbox, "old@example.com", numbers[0], at=datetime(2025, 11, 1))
    long = f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example.com"
    ask(sandbox, long, numbers[0])
    assert states(run_dag(DAG)) == WELL
    assert (rows(sandbox)["old@example.com"].status, rows(sandbox)[long].status) == ("expired", "rejected")
    assert mails(sandbox) == []


def texts(sandbox: Sandbox) -> dict[str, str]:
    with sandbox.vendors.context.engine.connect() as connection:
        columns = (received_texts.c.to_number, received_texts.c.body)
        return dict(connection.execute(select(*columns)).tuples().all())


def test_texts_go_to_those_who_agreed_and_may_have_them(
    run_dag: RunDag, sandbox: Sandbox, numbers: list[str]
) -> None:
    people = {"yes": ("+15182345601", True), "no": ("+15182345602", False), "stopped": ("+15182345603", True)}
    for name, (phone, consent) in people.items():
        ask(sandbox, f"{name}@example.com", numbers[0], phone=phone, text_consent=consent)
    Suppressions(sandbox.store_db).add("+15182345603", "opted_out", "reply")
    assert states(run_dag(DAG)) == WELL | {"texts": "success"}
    assert list(texts(sandbox)) == ["+15182345601"]
    (body,) = texts(sandbox).values()
    assert rows(sandbox)["yes@example.com"].coupon_code in body
    assert "STOP" in body
    with sandbox.store_db.connect() as connection:
        columns = (TEXT_MESSAGE.c.phone, TEXT_MESSAGE.c.status)
        kept = dict(connection.execute(select(*columns)).tuples().all())
    assert kept == {"+15182345601": "sent", "+15182345603": "set_aside"}
    assert states(run_dag(DAG)) == WELL | {"notices.apply": "skipped"}
    assert len(texts(sandbox)) == 1


def test_too_many_at_once_wait_for_a_person(run_dag: RunDag, sandbox: Sandbox, numbers: list[str]) -> None:
    for number in range(301):
        ask(sandbox, f"c{number}@example.com", numbers[0])
    run = run_dag(DAG)
    assert states(run)["notices.plan"] == "failed"
    assert mails(sandbox) == []


def test_lines_that_come_while_it_runs_are_answered_next_time(
    run_dag: RunDag, sandbox: Sandbox, numbers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sandbox.files / FILE
    fill_stock_requests_file(path, TODAY, numbers[:2])
    from retail_ops import stock_notifications

    real = stock_notifications._goods

    def appended(keys: set[str]) -> Any:
        # The web form finishes its line and writes another between the plan and the mails.
        if not path.read_text().endswith("late@example.com," + numbers[0] + "\r\n"):
            with path.open("a", newline="") as file:
                file.write(
                    f"ne@example.com,{numbers[0]}\r\n2026-11-20 09:00:00,late@example.com,{numbers[0]}\r\n"
                )
        return real(keys)

    monkeypatch.setattr(stock_notifications, "_goods", appended)
    run_dag(DAG)
    assert "late@example.com" not in {str(mail["To"]) for mail in mails(sandbox)}
    assert "late@example.com" in path.read_text()
    run_dag(DAG)
    to = Counter(str(mail["To"]) for mail in mails(sandbox))
    assert (to["late@example.com"], to["half.a.line@example.com"]) == (1, 1)
    assert max(count for name, count in to.items() if name != "annemarie@example.com") == 1
