"""What becomes of a text, by the recipient's number.

| number | what happens |
| --- | --- |
| `+1500555000#` | what Twilio's test credentials do: 21211, 21612, 21408, 21610, 21614 |
| `+150055` and an error code | that error: `+15005530007` is filtered by the networks |
| `+1###55501##` | what the simulated store's customers have: landlines, dead numbers, opted out |
| a number with a set fate | that error, until it is taken back |
| anything else | delivered |

Codes below 30000 refuse the request, the others come at delivery; a set fate may let the first kind come late
too, as a messaging service does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.dialects.sqlite import insert

from include.errors import InvalidRequest
from include.sandbox.seed.phones import TEXTING_ERRORS, line_kind
from include.sandbox.standins.state import opt_outs, text_fates
from include.sandbox.standins.twilio.errors import MESSAGES, TwilioError

EVERYBODY = "*"
FIRST_LATE_CODE = 30000

OPTED_OUT = 21610

# The numbers that Twilio's test credentials give a fixed meaning.
_MAGIC = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": OPTED_OUT,
    "+15005550009": 21614,
}
_CODED = re.compile(r"\+150055([23]\d{4})")
_FICTITIOUS = re.compile(r"\+1\d{3}55501\d\d")
# Twilio could not hand these over at all; of the others the networks said that they did not arrive.
_NEVER_LEFT = frozenset({30001, 30002, 30036})


@dataclass(frozen=True, slots=True)
class Fate:
    """How a text ends: a status of Twilio's and, unless it arrives, an error code."""

    outcome: str = "delivered"
    error_code: int | None = None


DELIVERED = Fate()
EXPIRED = Fate("failed", 30036)


def fate_of(connection: Connection, number: str) -> Fate:
    """What becomes of a text to `number`; raises `TwilioError` where the request is refused."""
    chosen = select(text_fates).where(text_fates.c.number.in_((number, EVERYBODY)))
    # "*" sorts before every number: what is set for the number itself counts.
    found = connection.execute(chosen.order_by(text_fates.c.number.desc()).limit(1)).mappings().one_or_none()
    if found is not None:
        return late_fate(found["code"]) if found["late"] else _met(found["code"])
    code = _known(number)
    if code is not None:
        return _met(code)
    if connection.scalar(select(opt_outs.c.number).where(opt_outs.c.number == number)):
        raise TwilioError(OPTED_OUT)
    return DELIVERED


def late_fate(code: int) -> Fate:
    """A fate that comes at delivery. What Twilio itself could not send failed, the rest is undelivered."""
    failed = code < FIRST_LATE_CODE or code in _NEVER_LEFT
    return Fate("failed" if failed else "undelivered", code)


def set_fate(engine: Engine, number: str, code: int, *, late: bool = False) -> None:
    """Let every text to `number` meet the error `code`; `EVERYBODY` is each number without a set fate.

    A `late` one does not refuse the request but comes at delivery; codes from 30000 on always do. Raises
    `InvalidRequest` for a code that the stand-in has no words for.
    """
    if code not in MESSAGES:
        raise InvalidRequest(f"error code {code} is not one that the Twilio stand-in knows")
    values = {"number": number, "code": code, "late": late or code >= FIRST_LATE_CODE}
    statement = insert(text_fates).values(values)
    statement = statement.on_conflict_do_update(index_elements=["number"], set_=values)
    with engine.begin() as connection:
        connection.execute(statement)


def clear_fates(engine: Engine, number: str | None = None) -> None:
    """Take back the set fate of `number`, or all of them."""
    chosen = delete(text_fates)
    with engine.begin() as connection:
        connection.execute(chosen if number is None else chosen.where(text_fates.c.number == number))


def _met(code: int) -> Fate:
    if code < FIRST_LATE_CODE:
        raise TwilioError(code)
    return late_fate(code)


def _known(number: str) -> int | None:
    if number in _MAGIC:
        return _MAGIC[number]
    if coded := _CODED.fullmatch(number):
        code = int(coded[1])
        return code if code in MESSAGES else None
    return TEXTING_ERRORS.get(line_kind(number)) if _FICTITIOUS.fullmatch(number) else None
