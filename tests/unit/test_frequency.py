"""Nobody is texted more often than the store wants, and what matters most has its place."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.messaging.frequency import Wish, decide, has_room
from include.messaging.settings import CapSettings

steady = settings(derandomize=True, deadline=None, database=None)

NEW_YORK = ZoneInfo("America/New_York")
NOON = datetime(2026, 7, 1, 12, tzinfo=NEW_YORK)
CAP = CapSettings()
ONE = CapSettings(texts=1)


def hours(*offsets: float) -> list[datetime]:
    return [NOON + timedelta(hours=offset) for offset in offsets]


@pytest.mark.parametrize(
    ("offsets", "room"),
    [
        ((), True),
        ((-1,), True),
        ((-1, -2), False),
        ((-1, -23.99), False),
        ((-1, -24), True),
        ((-24, -25, -26, -27), True),
        ((0, 0), False),
        ((1, 2), False),
        ((-23, 23), True),
        ((-12, 11), False),
        ((-12, 12), True),
        ((-30, -20), True),
    ],
)
def test_two_texts_in_any_24_hours(offsets: tuple[float, ...], room: bool) -> None:
    assert has_room(NOON, hours(*offsets), CAP) is room


def test_hours_are_true_hours_on_the_night_the_clocks_change() -> None:
    evening = datetime(2026, 10, 31, 18, 30, tzinfo=NEW_YORK)
    assert has_room(datetime(2026, 11, 1, 17, 30, tzinfo=NEW_YORK), [evening], ONE)
    assert not has_room(datetime(2026, 11, 1, 17, 29, tzinfo=NEW_YORK), [evening], ONE)


def test_a_moment_without_a_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        has_room(NOON, [datetime(2026, 7, 1)], CAP)


def wish(campaign: str, priority: int, offset: float) -> Wish:
    return Wish(campaign, priority, NOON + timedelta(hours=offset))


THANKS, COUPON, REVIEW = wish("thanks", 5, 0), wish("coupon", 1, 7), wish("review", 5, 3)


def granted(wishes: list[Wish], sends: list[datetime], cap: CapSettings = CAP) -> set[str]:
    return {decision.wish.campaign for decision in decide(wishes, sends, cap) if decision.granted}


@pytest.mark.parametrize(
    ("wishes", "sends", "cap", "expected"),
    [
        ([], [], CAP, set()),
        ([THANKS], [], CAP, {"thanks"}),
        ([THANKS, COUPON], [], CAP, {"thanks", "coupon"}),
        # A place is kept for the evening's coupon.
        ([THANKS, COUPON], [], ONE, {"coupon"}),
        ([THANKS, COUPON], hours(-1), CAP, {"coupon"}),
        ([THANKS, COUPON, REVIEW], [], CAP, {"coupon", "thanks"}),
        ([THANKS, COUPON], hours(-16), ONE, set()),
        ([THANKS, COUPON], hours(-24), ONE, {"coupon"}),
        ([COUPON, wish("early", 5, -17)], [], ONE, {"coupon", "early"}),
        # Without a difference in priority, the earlier one.
        ([REVIEW, THANKS], [], ONE, {"thanks"}),
        ([wish("b", 5, 0), wish("a", 5, 0)], [], ONE, {"a"}),
        # Two customers who share the number want the same.
        ([THANKS, THANKS, COUPON], [], CAP, {"thanks", "coupon"}),
    ],
)
def test_who_may_text(
    wishes: list[Wish], sends: list[datetime], cap: CapSettings, expected: set[str]
) -> None:
    assert granted(wishes, sends, cap) == expected


def test_a_campaign_whose_turn_cannot_come_keeps_no_place() -> None:
    sends = hours(-5, -10)
    late = wish("late", 1, 1)
    next_day = wish("next day", 9, 19.5)
    assert granted([late, next_day], sends) == {"next day"}


def test_the_reason_names_who_goes_first() -> None:
    full = {d.wish.campaign: d.reason for d in decide([THANKS, COUPON, REVIEW], hours(-1), CAP)}
    assert full == {"coupon": "", "thanks": "gives way to coupon", "review": "gives way to coupon"}
    assert [d.reason for d in decide([THANKS], hours(-1, -2), CAP)] == [
        "the number has its 2 texts in 24 hours"
    ]


wishes_of_a_day = st.lists(
    st.builds(
        wish,
        st.sampled_from(["thanks", "coupon", "review", "birthday", "wholesale"]),
        st.integers(1, 3),
        st.integers(-4, 9),
    ),
    max_size=6,
)
sends_before = st.lists(st.integers(-60, -1), max_size=3).map(lambda offsets: hours(*offsets))


@steady
@given(wishes_of_a_day, sends_before, st.integers(1, 3))
def test_however_the_day_goes_no_24_hours_see_more_than_the_cap(
    wishes: list[Wish], sends: list[datetime], texts: int
) -> None:
    """Each campaign asks at its time, with what was sent so far and who is still to come."""
    cap = CapSettings(texts=texts)
    sent: list[datetime] = []
    for moment in sorted(sends):
        if has_room(moment, sent, cap):
            sent.append(moment)
    first_answer = {d.wish for d in decide(wishes, sent, cap) if d.granted}
    left, went = set(wishes), set()
    for one in sorted(left, key=lambda w: (w.due, w.priority, w.campaign)):
        if one in {d.wish for d in decide(left, sent, cap) if d.granted}:
            sent.append(one.due)
            went.add(one)
        left.discard(one)
    assert went == first_answer
    for count in range(texts, len(sent)):
        assert sorted(sent)[count] - sorted(sent)[count - texts] >= timedelta(hours=24)


@steady
@given(wishes_of_a_day, sends_before)
def test_who_gives_way_does_so_to_a_text_of_that_day_that_matters_as_much(
    wishes: list[Wish], sends: list[datetime]
) -> None:
    decisions = decide(wishes, sends, ONE)
    taken = [d.wish for d in decisions if d.granted]
    for refused in (d.wish for d in decisions if not d.granted):
        near = [*sends, *(one.due for one in taken if one.priority <= refused.priority)]
        assert any(abs(moment - refused.due) < timedelta(hours=24) for moment in near)
