"""What a refusal does to a customer's record: opt-outs at once, doubtful numbers only after a while."""

from __future__ import annotations

from datetime import date

import pytest

from include.messaging.refusals import (
    REFUSALS,
    Action,
    Meaning,
    Stage,
    action_after,
    refusal,
    strikes,
)
from include.messaging.settings import StrikeSettings
from include.sandbox.seed.phones import TEXTING_ERRORS
from include.sandbox.standins.twilio.errors import MESSAGES

THREE_AND_TWO = StrikeSettings(unreachable=3, invalid=2)
NOTHING, CLEAR, PARK, FLAG = Action.NOTHING, Action.CLEAR_OPT_IN, Action.PARK_NUMBER, Action.FLAG_INVALID


@pytest.mark.parametrize(
    ("code", "after"),
    [
        (21610, [CLEAR, CLEAR, CLEAR]),
        (30004, [CLEAR, CLEAR, CLEAR]),
        (21614, [PARK, PARK, PARK]),
        (21635, [PARK, PARK, PARK]),
        (30006, [PARK, PARK, PARK]),
        (21211, [NOTHING, FLAG, FLAG]),
        (30005, [NOTHING, FLAG, FLAG]),
        (30003, [NOTHING, NOTHING, PARK]),
        (30008, [NOTHING, NOTHING, PARK]),
        *(
            (code, [NOTHING] * 3)
            for code in (
                *(20003, 20429, 20500, 21212, 21408, 21606, 21608, 21611, 21612, 21617, 30001, 30002),
                *(30007, 30034, 30036, 35111, 35114, 35115, 35117, 35118, 63999),
            )
        ),
    ],
)
def test_what_happens_to_the_record_after_one_two_three_strikes(code: int, after: list[Action]) -> None:
    assert [action_after(refusal(code), struck, THREE_AND_TWO) for struck in (1, 2, 3)] == after


def test_what_can_be_tried_again() -> None:
    again = {code for code, refused in REFUSALS.items() if refused.again}
    assert again == {20429, 21611, 30001, 30003, 30008, 30036}


def test_what_stops_a_campaign() -> None:
    stopping = {code for code, refused in REFUSALS.items() if refused.stops_campaign}
    scheduling = set(range(35111, 35119))
    assert stopping == scheduling | {
        *(20001, 20003, 20404, 21212, 21602, 21603, 21604, 21606, 21608, 21609, 21617, 21620, 21623, 21624),
        21701,
        *(30002, 30007, 30034),
    }


def test_one_odd_recipient_does_not_stop_the_others() -> None:
    for code in (21211, 21408, 21610, 21612, 21614, 30003, 30004, 30005, 30006):
        assert not refusal(code).stops_campaign


def test_what_may_have_been_sent_is_not_sent_again() -> None:
    unclear = refusal(20500)
    assert (unclear.meaning, unclear.again, unclear.stops_campaign) == (Meaning.UNCLEAR, False, False)


@pytest.mark.parametrize("code", [None, "", "abc", 0, 99999, "99999", -1, "²", "9" * 5000, "30003.0"])
def test_an_unknown_code_changes_nothing(code: int | str | None) -> None:
    found = refusal(code)
    assert (found.meaning, found.action, found.again) == (Meaning.UNKNOWN, NOTHING, False)
    assert not found.stops_campaign


def test_a_callback_writes_codes_as_text() -> None:
    assert refusal("21610") is refusal(21610)


def test_codes_of_the_request_and_of_the_delivery_are_told_apart() -> None:
    late = {code for code, refused in REFUSALS.items() if refused.stage is Stage.DELIVERY}
    assert late == {30001, 30002, 30003, 30004, 30005, 30006, 30007, 30008, 30034, 30036}


def test_every_code_that_the_stand_in_answers_to_a_new_text_is_known() -> None:
    about_old_texts = {20009, 30409}
    unknown = {code for code in MESSAGES if refusal(code).meaning is Meaning.UNKNOWN}
    assert unknown == about_old_texts


def test_the_sandbox_has_a_line_for_each_way_to_lose_a_number() -> None:
    found = {kind: refusal(code).meaning for kind, code in TEXTING_ERRORS.items()}
    assert found == {
        "landline": Meaning.LANDLINE,
        "unknown": Meaning.INVALID,
        "unreachable": Meaning.TRANSIENT,
        "opted_out": Meaning.OPTED_OUT,
    }


def test_every_refusal_is_explained() -> None:
    assert all(refused.words for refused in [*REFUSALS.values(), refusal(None)])


MAY = [date(2026, 5, day) for day in range(1, 10)]


@pytest.mark.parametrize(
    ("failed", "delivered", "expected"),
    [
        ([], None, 0),
        (MAY[:3], None, 3),
        ([MAY[0], MAY[0], MAY[0]], None, 1),
        (MAY[:3], MAY[1], 1),
        (MAY[:3], MAY[2], 0),
        ([MAY[4], MAY[0], MAY[4]], MAY[3], 1),
    ],
)
def test_strikes_are_days_since_the_number_last_took_a_text(
    failed: list[date], delivered: date | None, expected: int
) -> None:
    assert strikes(failed, delivered) == expected
