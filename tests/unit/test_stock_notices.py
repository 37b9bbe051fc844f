"""The rules of the mails about items that are back: who is told, the coupon, the words, the photo."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from pydantic import ValidationError
from sqlalchemy import URL, Engine, insert

from include.counterpoint.tables import AR_CUST, EC_ITEM_DESCR, IM_INV, IM_ITEM
from include.database.engines import engine_for
from include.stock_notices.coupons import Coupon, end_of_day, new_code
from include.stock_notices.goods import Goods, first_names, goods_of, plain_text, shortened
from include.stock_notices.letter import long_day
from include.stock_notices.photo import Photos
from include.stock_notices.planning import plan_notices
from include.stock_notices.settings import NoticeTextSettings, StockNoticeSettings
from include.stock_notices.standing import mail_entry, mail_standings
from include.stock_notices.texts import notice_text
from include.storedb.ledger import Ledger
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext, moment
from include.storedb.stock_requests import StockRequest, StockRequests

ZONE = ZoneInfo("America/New_York")
RUN = RunContext("stock_notifications", "run", "notices.apply")
NOON = datetime(2026, 11, 20, 11, 30, tzinfo=ZONE)
UNTIL = end_of_day(NOON, 3, ZONE)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    url = URL.create("sqlite", database=str(tmp_path / "store.db"))
    upgrade(url)
    return engine_for(url)


def asked(engine: Engine, email: str = "a@example.com", item: str = "100023") -> StockRequest:
    requests = StockRequests(engine)
    requests.add(StockRequest(item, email, moment()))
    return requests.open()[-1]


@pytest.mark.parametrize(
    ("when", "end"),
    [
        (datetime(2026, 11, 20, 11, 30, tzinfo=ZONE), "2026-11-23T23:59:59-05:00"),
        (datetime(2026, 10, 30, 11, 30, tzinfo=ZONE), "2026-11-02T23:59:59-05:00"),
        (datetime(2026, 3, 6, 11, 30, tzinfo=ZONE), "2026-03-09T23:59:59-04:00"),
        (datetime(2026, 11, 21, 3, tzinfo=UTC), "2026-11-23T23:59:59-05:00"),
    ],
)
def test_a_coupon_ends_with_the_store_s_day_whatever_the_clocks_do(when: datetime, end: str) -> None:
    assert end_of_day(when, 3, ZONE).isoformat() == end


def test_codes_cannot_be_told_from_one_another() -> None:
    codes = {new_code(10) for _ in range(2000)}
    assert len(codes) == 2000
    assert all(re.fullmatch("[A-HJKMNP-Z2-9]{10}", code) for code in codes)
    assert all(len({code[place] for code in codes}) > 25 for place in range(10))


def planned(requests: list[StockRequest], goods: dict[str, Goods], **more: Any) -> dict[str, Any]:
    standings = more.pop("standings", {})
    plan = plan_notices(requests, goods, standings, StockNoticeSettings(keep_days=30), NOON, **more)
    return {str(change.key): change.new for change in plan.changes} | {
        reject.key: "set aside" for reject in plan.rejects
    }


def test_who_is_told() -> None:
    at = NOON.astimezone(UTC).replace(tzinfo=None)
    back, gone = Goods("BACK", "Back", 1, ()), Goods("GONE", "Gone", 0, ())
    requests = [
        StockRequest("BACK", "a@example.com", at, id=1),
        StockRequest("GONE", "b@example.com", at, id=2),
        StockRequest("WHAT", "c@example.com", at, id=3),
        StockRequest("BACK", "d@example.com", at - timedelta(days=31), id=4),
        StockRequest("GONE", "e@example.com", at - timedelta(days=30), id=5),
        StockRequest("BACK", "f@example.com", at, id=6),
        StockRequest("GONE", "g@example.com", at - timedelta(days=90), id=7),
    ]
    known = {"BACK": back, "GONE": gone}
    standings: dict[int, Any] = {6: "unknown", 7: "sent"}
    expected = {"1": "sent", "request 3": "set aside", "4": "expired", "request 6": "set aside", "7": "sent"}
    assert planned(requests, known, standings=standings) == expected
    assert planned(requests, known, standings=standings, again=True)["6"] == "sent"


def test_what_the_ledger_says_of_a_mail(engine: Engine) -> None:
    ledger = Ledger(engine, RUN)
    requests = [asked(engine, f"{name}@example.com") for name in "abcde"]
    for request in requests[1:]:
        ledger.claim(mail_entry(request))
    ledger.close(mail_entry(requests[2]), "unknown", detail="not sent: the server was busy")
    ledger.close(mail_entry(requests[3]), "sent")
    ledger.close(mail_entry(requests[4]), "refused")
    found = mail_standings(engine, requests)
    assert [found[int(request.id or 0)] for request in requests] == [
        "open",
        "unknown",
        "open",
        "sent",
        "refused",
    ]


@pytest.fixture
def till(tmp_path: Path) -> Engine:
    made = engine_for(URL.create("sqlite", database=str(tmp_path / "till.db")))
    IM_ITEM.metadata.create_all(made, [IM_ITEM, IM_INV, EC_ITEM_DESCR, AR_CUST])
    return made


def item(till: Engine, number: str, available: int, **more: Any) -> None:
    row = {"ITEM_NO": number, "LONG_DESCR": f"Item {number}", "STAT": "A", **more}
    with till.begin() as connection:
        connection.execute(insert(IM_ITEM), {name: value for name, value in row.items() if value is not None})
        connection.execute(insert(IM_INV), {"ITEM_NO": number, "LOC_ID": "1", "QTY_AVAIL": available})


def test_items_and_binding_ids_are_looked_up_as_the_shop_sells_them(till: Engine) -> None:
    def read(statement: Any) -> Sequence[Any]:
        with till.connect() as connection:
            return list(connection.execute(statement))

    item(till, "100023 ", 9, PROF_NO_1=Decimal(4), ADDL_DESCR_1="  Limelight  ")
    item(till, "100024", 3, PROF_NO_1=Decimal(4))
    item(till, "200001", 5, USR_PROF_ALPHA_16="b0001", PROF_NO_1=Decimal(1))
    item(till, "200002", 2, USR_PROF_ALPHA_16="B0001", IS_ADM_TKT="Y", ADDL_DESCR_1="EXCLUDE")
    item(till, "200003", 50, USR_PROF_ALPHA_16="B0001", STAT="D")
    found = goods_of(read, ["100023", "100024", "B0001", "200001", "NONE"], ["1"])
    assert {key: one.available for key, one in found.items()} == {
        "100023": 5, "100024": 0, "B0001": 6, "200001": 4,
    }  # fmt: skip
    assert found["100023"].title == "Limelight"
    assert found["B0001"].title == "Item 200002"
    assert found["B0001"].photo_names[:2] == ("200002", "B0001")


def test_a_shared_address_has_no_first_name(till: Engine) -> None:
    def read(statement: Any) -> Sequence[Any]:
        with till.connect() as connection:
            return list(connection.execute(statement))

    people = [
        ("1", "ANN", "One@Example.com "),
        ("2", "Ann", "one@example.com"),
        ("3", "BOB", "two@example.com"),
        ("4", "EVE", "two@example.com"),
        ("5", None, "three@example.com"),
    ]
    with till.begin() as connection:
        for number, name, email in people:
            row = {"CUST_NO": number, "FST_NAM": name, "EMAIL_ADRS_1": email}
            connection.execute(insert(AR_CUST), row)
    assert first_names(read, ["one@example.com", "two@example.com", "three@example.com"]) == {
        "one@example.com": "ANN"
    }


def test_descriptions_are_plain_text() -> None:
    html = "<style>p{}</style><p>Full&nbsp;sun,<br>moist <b>soil</b>.</p><script>x()</script><!-- no -->"
    assert plain_text(html) == "Full sun, moist soil ."
    assert shortened("Full sun, moist soil", 12) == "Full sun…"
    assert shortened("Full sun", 12) == "Full sun"


def test_a_text_stays_cheap_and_names_the_way_out() -> None:
    goods = Goods(
        "1", "Hydrangea ‘Limelight’ – 3 gal., a very long name that goes on and on and on and on", 3, ()
    )
    coupon = Coupon("K7QWM2XHTA", UNTIL)
    settings = StockNoticeSettings()
    found = notice_text(goods, coupon, "https://shop.example.com/x", settings, "Garden Centre", "Reply STOP.")
    assert found.isascii()
    assert "$10 off $100 with code K7QWM2XHTA until Monday, November 23." in found
    assert found.endswith("https://shop.example.com/x Reply STOP.")
    bare = notice_text(goods, None, "", settings, "Garden Centre", "Reply STOP.")
    assert "  " not in bare
    assert long_day(coupon) == "Monday, November 23"


@pytest.mark.parametrize(
    "words", ["no way out", "{opt_out_hint} {name}", "{opt_out_hint.x}", "{opt_out_hint} {"]
)
def test_words_that_cannot_be_filled_in_are_refused(words: str) -> None:
    with pytest.raises(ValidationError):
        NoticeTextSettings(words=words)


def test_photos_are_small_upright_jpegs_and_bad_ones_are_none(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (3000, 1000), "red").save(tmp_path / "ABC.JPG", "JPEG", exif=exif)
    Image.new("RGBA", (40, 30), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    (tmp_path / "bad.jpg").write_bytes(b"<html>")
    (tmp_path / "empty.jpg").write_bytes(b"")
    photos = Photos(tmp_path)
    found = photos.photo(("nothing", "abc "), "A tree")
    assert found is not None
    with Image.open(io.BytesIO(found.content)) as picture:
        assert (picture.format, picture.height, picture.width) == ("JPEG", 840, 280)
        assert not picture.getexif()
    assert (found.kind, found.width, found.alt) == ("jpeg", 280, "A tree")
    clear = photos.photo(("clear",), "Clear")
    assert clear is not None
    with Image.open(io.BytesIO(clear.content)) as picture:
        assert min(picture.convert("L").tobytes()) > 250
    assert photos.photo(("bad", "empty"), "Bad") is None
    assert Photos(None).photo(("abc",), "A tree") is None
    assert Photos(tmp_path / "missing").photo(("abc",), "A tree") is None
