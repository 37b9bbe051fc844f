"""Which coupons have expired, and that each is written down before it is deleted."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.changes import Change, Plan, Result, read_plan, write_plan
from include.errors import BadCredentials, OutcomeUnknown, VendorRefusal, VendorUnavailable
from include.web_shop import coupons
from include.web_shop.coupons import CouponLog

NEW_YORK = ZoneInfo("America/New_York")
TOKYO = ZoneInfo("Asia/Tokyo")
DAY = date(2026, 11, 20)


@dataclass(frozen=True)
class Rules:
    keep_days: int = 0
    only_codes: str | None = None


def coupon(expires: Any, id_: Any = 7, code: Any = "FALL-5", **other: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "code": code,
        "name": f"Fall {id_}",
        "type": "per_total_discount",
        "amount": "5.0000",
        "min_purchase": "50.0000",
        "expires": expires,
        "enabled": True,
        "num_uses": 3,
        "date_created": "Tue, 01 Sep 2026 16:18:59 +0000",
        **other,
    }


def planned(*found: dict[str, Any], day: date = DAY, zone: ZoneInfo = NEW_YORK, **rules: Any) -> Plan:
    return coupons.plan(found, day, zone, Rules(**rules))


@pytest.mark.parametrize(
    ("expires", "day", "zone", "gone"),
    [
        ("Thu, 19 Nov 2026 23:59:59 -0500", DAY, NEW_YORK, True),
        ("Fri, 20 Nov 2026 04:59:00 +0000", DAY, NEW_YORK, True),
        ("Fri, 20 Nov 2026 05:00:00 +0000", DAY, NEW_YORK, False),
        ("Fri, 20 Nov 2026 00:00:00 -0500", DAY, NEW_YORK, False),
        ("Fri, 20 Nov 2026 23:59:59 -0500", DAY, NEW_YORK, False),
        ("Sat, 21 Nov 2026 04:59:59 -0000", DAY, NEW_YORK, False),
        ("Fri, 20 Nov 2026 04:59:59 -0000", DAY, NEW_YORK, True),
        ("Fri, 20 Nov 2026 04:59:59", DAY, NEW_YORK, True),
        ("20 Nov 2026 00:30 EST", DAY, NEW_YORK, False),
        ("Thu, 19 Nov 2026 20:00:00 -0800", DAY, NEW_YORK, True),
        ("Thu, 19 Nov 2026 21:00:00 -0800", DAY, NEW_YORK, False),
        ("Thu, 19 Nov 2026 14:59:59 +0000", DAY, TOKYO, True),
        ("Thu, 19 Nov 2026 15:00:00 +0000", DAY, TOKYO, False),
        # Summer time ends on 1 November: the day has 25 hours, the last of them at -0500.
        ("Mon, 02 Nov 2026 04:30:00 +0000", date(2026, 11, 2), NEW_YORK, True),
        ("Mon, 02 Nov 2026 04:30:00 +0000", date(2026, 11, 1), NEW_YORK, False),
        ("Sun, 01 Nov 2026 03:59:59 +0000", date(2026, 11, 1), NEW_YORK, True),
        # Summer time begins on 8 March: midnight is at 05:00 UTC that night and at 04:00 UTC the next.
        ("Sun, 08 Mar 2026 04:59:59 +0000", date(2026, 3, 8), NEW_YORK, True),
        ("Mon, 09 Mar 2026 04:00:00 +0000", date(2026, 3, 9), NEW_YORK, False),
        ("Tue, 29 Feb 2028 23:59:59 -0500", date(2028, 2, 29), NEW_YORK, False),
        ("Tue, 29 Feb 2028 23:59:59 -0500", date(2028, 3, 1), NEW_YORK, True),
        ("Thu, 31 Dec 2026 23:59:59 -0500", date(2026, 12, 31), NEW_YORK, False),
        ("Thu, 31 Dec 2026 23:59:59 -0500", date(2027, 1, 1), NEW_YORK, True),
        ("", DAY, NEW_YORK, False),
        ("   ", DAY, NEW_YORK, False),
        (None, DAY, NEW_YORK, False),
    ],
)
def test_a_coupon_expires_with_the_stores_day(expires: Any, day: date, zone: ZoneInfo, gone: bool) -> None:
    plan = planned(coupon(expires), day=day, zone=zone)
    assert [change.key for change in plan.changes] == (["7"] if gone else [])
    assert plan.rejects == ()


def test_the_plan_says_what_is_deleted_and_why() -> None:
    plan = planned(
        coupon("Sat, 31 Oct 2026 23:59:59 -0400"),
        coupon("Sun, 01 Nov 2026 02:00:00 +0000", 8, "ONCE", num_uses=1),
        coupon("Sun, 01 Nov 2026 02:00:00 +0000", 9, "NEVER", num_uses=None),
        coupon("", 10, "STAYS"),
    )
    assert plan.changes == (
        Change(
            "bigcommerce.coupon",
            "7",
            "code",
            "FALL-5",
            None,
            "expired 2026-10-31 23:59:59-04:00, used 3 times",
        ),
        Change(
            "bigcommerce.coupon", "8", "code", "ONCE", None, "expired 2026-10-31 22:00:00-04:00, used once"
        ),
        Change(
            "bigcommerce.coupon", "9", "code", "NEVER", None, "expired 2026-10-31 22:00:00-04:00, never used"
        ),
    )
    assert plan.considered == 4


@pytest.mark.parametrize(("keep_days", "gone"), [(0, True), (19, True), (20, False), (400, False)])
def test_an_expired_coupon_is_kept_as_long_as_the_store_wants(keep_days: int, gone: bool) -> None:
    plan = planned(coupon("Sat, 31 Oct 2026 23:59:59 -0400"), keep_days=keep_days)
    assert bool(plan.changes) == gone


def test_only_codes_that_fit_as_a_whole_are_deleted() -> None:
    codes = ["STOCK-12", "stock-13", "MY STOCK-14", "STOCK-15 KEEP", "STOCK-"]
    found = [coupon("Sat, 31 Oct 2026 23:59:59 -0400", n, code) for n, code in enumerate(codes, 1)]
    plan = planned(*found, coupon("dirt", 9, "OTHER"), only_codes=r"STOCK-\d+")
    assert [change.old for change in plan.changes] == ["STOCK-12", "stock-13"]
    assert plan.rejects == ()


def test_disabled_coupons_are_deleted_and_rows_of_promotions_are_not() -> None:
    plan = planned(
        coupon("Sat, 31 Oct 2026 23:59:59 -0400", enabled=False),
        coupon("Thu, 01 Jan 1970 00:00:00 +0000", 8, "PROMO", type="promotion"),
    )
    assert [change.key for change in plan.changes] == ["7"]
    assert (plan.considered, plan.rejects) == (1, ())


@pytest.mark.parametrize(
    ("dirt", "words"),
    [
        (coupon("soon"), "its expiry 'soon' cannot be read as a date"),
        (coupon("2026-10-31"), "cannot be read"),
        (coupon("Mon, 30 Feb 2026 00:00:00 +0000"), "cannot be read"),
        (coupon(1_793_491_200), "cannot be read"),
        (coupon({"date": "2026-10-31"}), "cannot be read"),
        (coupon("0000-00-00 00:00:00"), "cannot be read"),
        (coupon("Fri, 31 Dec 0000 23:59:59 +0000"), "cannot be read"),
        (coupon("Thu, 01 Jan 1970 00:00:00 +0000"), "cannot be read"),
        (coupon("Sat, 31 Oct 2026 23:59:59 -0400", code=None), "the id 7 and the code ''"),
        (coupon("Sat, 31 Oct 2026 23:59:59 -0400", id_=None), "the id None and the code 'FALL-5'"),
    ],
)
def test_a_coupon_that_cannot_be_read_is_set_aside_alone(dirt: dict[str, Any], words: str) -> None:
    plan = planned(dirt, coupon("Sat, 31 Oct 2026 23:59:59 -0400", 8, "NEXT"))
    assert [change.key for change in plan.changes] == ["8"]
    (reject,) = plan.rejects
    assert words in reject.reason
    assert reject.key in ("FALL-5", "coupon 7")


@given(st.text() | st.integers() | st.floats() | st.none())
def test_whatever_stands_in_the_expiry_a_plan_is_made(expires: Any) -> None:
    assert len(planned(coupon(expires)).changes) <= 1


def test_no_coupons_make_an_empty_plan() -> None:
    assert planned() == Plan()


@dataclass
class Shop:
    """Coupons by id; `log` and `deleted` tell in which order things were done."""

    found: dict[int, dict[str, Any]]
    errors: dict[int, Exception] = field(default_factory=dict)
    done: list[tuple[str, int]] = field(default_factory=list)

    def get(self, id_: int) -> dict[str, Any] | None:
        return self.found.get(id_)

    def log(self, row: Any) -> None:
        self.done.append(("log", row["id"]))

    def delete(self, id_: int) -> bool:
        if id_ in self.errors:
            raise self.errors[id_]
        self.done.append(("delete", id_))
        return self.found.pop(id_, None) is not None

    def run(self, plan: Plan) -> list[Result]:
        return [
            result
            for batch in coupons.delete(plan.changes, self.get, self.delete, self.log, NOW)
            for result in batch
        ]


EXPIRED = "Sat, 31 Oct 2026 23:59:59 -0400"
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


def shop_of(count: int) -> Shop:
    return Shop({n: coupon(EXPIRED, n, f"FALL-{n}") for n in range(1, count + 1)})


def test_each_coupon_is_written_down_and_then_deleted() -> None:
    shop = shop_of(2)
    plan = planned(*shop.found.values())
    assert [result.status for result in shop.run(plan)] == ["applied", "applied"]
    assert shop.done == [("log", 1), ("delete", 1), ("log", 2), ("delete", 2)]


def test_a_run_for_a_mistyped_day_deletes_no_coupon_that_is_valid_now() -> None:
    shop = Shop({1: coupon("Thu, 31 Dec 2026 23:59:59 -0500", 1, "WINTER"), 2: coupon(EXPIRED, 2, "FALL")})
    plan = planned(*shop.found.values(), day=date(2027, 11, 21))
    assert [(result.change.old, result.status) for result in shop.run(plan)] == [
        ("WINTER", "conflicted"),
        ("FALL", "applied"),
    ]
    assert shop.done == [("log", 2), ("delete", 2)]


def test_a_second_run_finds_them_gone_and_logs_nothing() -> None:
    shop = shop_of(2)
    plan = planned(*shop.found.values())
    shop.run(plan)
    shop.done.clear()
    assert [(result.status, result.message) for result in shop.run(plan)] == [
        ("applied", "was gone already"),
        ("applied", "was gone already"),
    ]
    assert shop.done == []


@pytest.mark.parametrize(
    ("since", "words"),
    [
        ({"expires": "Thu, 31 Dec 2026 23:59:59 -0500"}, "its expiry was changed to 'Thu, 31 Dec 2026"),
        ({"expires": "Sat, 31 Oct 2026 23:59:58 -0400"}, "its expiry was changed"),
        ({"expires": ""}, "its expiry was changed to 'never'"),
        ({"expires": "soon"}, "its expiry was changed to 'soon'"),
        ({"code": "WINTER"}, "its code was changed to 'WINTER'"),
        ({"code": None}, "its code was changed"),
    ],
)
def test_a_coupon_that_was_changed_meanwhile_stays(since: dict[str, Any], words: str) -> None:
    shop = shop_of(2)
    plan = planned(*shop.found.values())
    shop.found[1] |= since
    first, second = shop.run(plan)
    assert first.status == "conflicted"
    assert words in first.message
    assert second.status == "applied"
    assert list(shop.found) == [1]
    assert ("log", 1) not in shop.done


@pytest.mark.parametrize("since", [{"num_uses": 9}, {"expires": "Sun, 01 Nov 2026 03:59:59 +0000"}])
def test_another_way_of_writing_the_same_moment_is_no_conflict(since: dict[str, Any]) -> None:
    shop = shop_of(1)
    plan = planned(*shop.found.values())
    shop.found[1] |= since
    assert [result.status for result in shop.run(plan)] == ["applied"]


def test_the_expiry_is_still_known_after_the_plan_was_stored(tmp_path: Path) -> None:
    shop = shop_of(1)
    write_plan(planned(*shop.found.values()), tmp_path / "plan")
    assert [result.status for result in shop.run(read_plan(tmp_path / "plan"))] == ["applied"]


def test_a_coupon_that_the_shop_refuses_to_delete_does_not_stop_the_others() -> None:
    shop = shop_of(6)
    shop.errors = {
        2: VendorRefusal("in use", status=409),
        4: VendorUnavailable("no answer"),
        5: OutcomeUnknown("no answer"),
    }
    results = shop.run(planned(*shop.found.values()))
    assert [(result.status, result.retry) for result in results] == [
        ("applied", False),
        ("failed", False),
        ("applied", False),
        ("failed", True),
        ("failed", True),
        ("applied", False),
    ]
    assert results[1].message == "in use"


@pytest.mark.parametrize(
    ("error", "asked"), [(BadCredentials("revoked"), 1), (VendorUnavailable("no answer"), 3)]
)
def test_what_concerns_every_coupon_is_raised(error: Exception, asked: int) -> None:
    shop = shop_of(9)
    shop.errors = dict.fromkeys(shop.found, error)
    with pytest.raises(type(error)):
        shop.run(planned(*shop.found.values()))
    assert [step for step, _ in shop.done] == ["log"] * asked


def test_the_log_has_each_coupon_once_and_keeps_what_staff_wrote(tmp_path: Path) -> None:
    path = tmp_path / "deleted_coupons.csv"
    path.write_bytes('\ufeffdate,id,code\r\n2026-01-01,1,"OLD'.encode())
    for day in (DAY, date(2026, 11, 21)):
        log = CouponLog(path, day)
        for row in (coupon(EXPIRED, 2, "A, B"), coupon(EXPIRED, 3, "=1+1"), coupon(EXPIRED, 2, "A, B")):
            log.write(row)
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert lines[:2] == ["date,id,code", '2026-01-01,1,"OLD']
    assert [next(csv.reader([line]))[:3] for line in lines[2:]] == [
        ["2026-11-20", "2", "A, B"],
        ["2026-11-20", "3", "'=1+1"],
    ]


def test_a_new_log_has_a_heading_and_all_details(tmp_path: Path) -> None:
    path = tmp_path / "deleted_coupons.csv"
    CouponLog(path, DAY).write(coupon(EXPIRED, name="Fall\nsale", min_purchase=None))
    with path.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row == {
        "date": "2026-11-20",
        "id": "7",
        "code": "FALL-5",
        "name": "Fall sale",
        "type": "per_total_discount",
        "amount": "5.0000",
        "min_purchase": "",
        "expires": EXPIRED,
        "num_uses": "3",
        "date_created": "Tue, 01 Sep 2026 16:18:59 +0000",
    }
