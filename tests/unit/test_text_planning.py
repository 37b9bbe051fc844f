"""Which customers of an audience get a text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from include.campaigns.audience import Recipient as Customer
from include.messaging.frequency import Wish
from include.messaging.planning import HELD_OUT, Around, Occasion, TextPlan, choose, is_held_out, plan_texts
from include.messaging.settings import messaging_settings

DUE = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
OCCASION = Occasion("sms_first_time_1", "2026-11-19", DUE, priority=10, hold_out_share=0.0)
SETTINGS = messaging_settings()


@dataclass(frozen=True)
class One:
    """A customer as planning sees one."""

    number: str
    phone: str

    @property
    def key(self) -> str:
        return self.number.strip().upper()


def hello(one: One) -> str:
    return f"Hello {one.number}!"


def planned(
    *customers: One,
    occasion: Occasion = OCCASION,
    body: Callable[[One], str] = hello,
    **around: Any,
) -> TextPlan:
    return plan_texts(choose(customers), occasion, body, Around(**around), SETTINGS)


def test_a_text_with_its_length_and_price() -> None:
    (text,) = planned(One("C-1 ", "518-234-5601")).texts
    assert (text.cust_no, text.phone, text.body) == ("C-1", "+15182345601", "Hello C-1 !")
    assert (text.segments, text.cost, text.status) == (1, SETTINGS.prices.segment, "planned")
    (dear,) = planned(One("1", "518-234-5601"), body=lambda _: "x" * 161).texts
    assert (dear.segments, dear.cost) == (2, 2 * SETTINGS.prices.segment)
    (picture,) = planned(
        One("1", "518-234-5601"), occasion=replace(OCCASION, media="https://shop.example.com/5-off.jpg")
    ).texts
    assert (picture.cost, picture.media) == (Decimal("0.03"), "https://shop.example.com/5-off.jpg")


def test_nobody_is_planned_for_an_empty_audience() -> None:
    plan = planned()
    assert (list(plan.texts), dict(plan.counts), list(plan.rejects)) == ([], {}, [])


@pytest.mark.parametrize("phone", ["", "518-234-560", "555-555-5555", "800-234-5601", "see comments"])
def test_what_is_no_phone_is_set_aside_with_its_reason(phone: str) -> None:
    plan = planned(One("C-1", phone), One("C-2", "518-234-5602"))
    assert [text.cust_no for text in plan.texts] == ["C-2"]
    (reject,) = plan.rejects
    assert reject.key == "C-1" and reject.reason.startswith("no phone to text: ")


@pytest.mark.parametrize("order", [("C-1", "C-2", "C-3"), ("C-3", "C-2", "C-1"), ("C-2", "C-1", "C-3")])
def test_customers_who_share_a_phone_get_one_text(order: tuple[str, ...]) -> None:
    notations = {"C-1": "(518) 234-5601", "C-2": "518.234.5601", "C-3": "+1 518 234 5601"}
    plan = planned(*(One(number, notations[number]) for number in order))
    assert [text.cust_no for text in plan.texts] == ["C-1"]
    assert sorted(reject.key for reject in plan.rejects) == ["C-2", "C-3"]
    assert plan.reasons == {"another customer has the same phone": 2}


def test_a_customer_who_is_read_twice_is_one() -> None:
    plan = planned(One("c-1", "518-234-5601"), One("C-1 ", "518-234-5601"))
    assert (len(plan.texts), list(plan.rejects)) == (1, [])


def test_a_suppressed_phone_is_set_aside() -> None:
    plan = planned(
        One("C-1", "518-234-5601"), One("C-2", "518-234-5602"), suppressed={"+15182345601": "opted_out"}
    )
    assert [(text.cust_no, text.status, text.reason) for text in plan.texts] == [
        ("C-1", "set_aside", "the phone is suppressed: opted out"),
        ("C-2", "planned", ""),
    ]
    assert plan.counts == {"set_aside": 1, "planned": 1}


@pytest.mark.parametrize(
    ("hours_ago", "status"), [((1, 2), "set_aside"), ((1,), "planned"), ((1, 24), "planned"), ((), "planned")]
)
def test_the_cap_counts_what_was_sent(hours_ago: tuple[int, ...], status: str) -> None:
    sends = {"+15182345601": [DUE - timedelta(hours=hours) for hours in hours_ago]}
    (text,) = planned(One("C-1", "518-234-5601"), sends=sends).texts
    assert text.status == status


@pytest.mark.parametrize(
    ("priorities", "status", "reason"),
    [
        ((1, 2), "set_aside", "gives way to sms_other_0, sms_other_1"),
        ((1, 20), "planned", ""),
        ((20, 30), "planned", ""),
    ],
)
def test_a_campaign_that_matters_more_goes_first(
    priorities: tuple[int, ...], status: str, reason: str
) -> None:
    later = DUE + timedelta(minutes=30)
    wishes = [Wish(f"sms_other_{index}", priority, later) for index, priority in enumerate(priorities)]
    (text,) = planned(One("C-1", "518-234-5601"), wishes={"+15182345601": wishes}).texts
    assert (text.status, text.reason) == (status, reason)


def test_the_hold_out_is_the_same_customers_every_time_and_others_in_another_campaign() -> None:
    numbers = [f"C-{number}" for number in range(10_000)]
    held = {number for number in numbers if is_held_out(number, "sms_a", 0.05)}
    assert 400 < len(held) < 600
    assert held == {number for number in numbers if is_held_out(number, "sms_a", 0.05)}
    assert held < {number for number in numbers if is_held_out(number, "sms_a", 0.1)}
    assert held != {number for number in numbers if is_held_out(number, "sms_b", 0.05)}
    assert not any(is_held_out(number, "sms_a", 0.0) for number in numbers)


def test_who_is_held_out_is_kept_and_the_campaigns_share_goes_before_the_houses() -> None:
    number = next(f"C-{n}" for n in range(1000) if is_held_out(f"C-{n}", OCCASION.campaign, 0.04))
    customer = One(number, "518-234-5601")
    (text,) = planned(customer, occasion=replace(OCCASION, hold_out_share=None)).texts
    assert (text.status, text.reason) == ("held_out", HELD_OUT)
    (text,) = planned(customer).texts
    assert text.status == "planned"


@pytest.mark.parametrize(("body", "reason"), [("", "its text is empty"), ("x" * 1601, "more than 1600")])
def test_what_twilio_would_not_take_is_set_aside(body: str, reason: str) -> None:
    plan = planned(One("C-1", "518-234-5601"), body=lambda _: body)
    assert not plan.texts
    assert reason in plan.rejects[0].reason


def test_a_campaigns_own_recipients_fit() -> None:
    customer = Customer("c-1 ", "ADA", "518-234-5601", "RETAIL", 0, None, None)
    assert choose([customer]).by_phone == {"+15182345601": customer}
