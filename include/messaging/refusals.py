"""What Twilio's error codes mean for a customer's record and for the campaign.

The codes are of Twilio's error dictionary. Those from 20000 on usually come with the answer to the request,
those from 30000 on later, as the message's error code. A messaging service reports some of the first kind
late too, so the meaning never depends on when a code came.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from include.messaging.settings import StrikeSettings


class Meaning(StrEnum):
    """Whose problem it is. `UNROUTABLE`: not from our sender to this number, though either may be fine.

    `UNCLEAR`: the text may have gone out; the ledger asks Twilio before anything is sent again.
    """

    OPTED_OUT = "opted_out"
    LANDLINE = "landline"
    INVALID = "invalid"
    TRANSIENT = "transient"
    UNROUTABLE = "unroutable"
    CONTENT_OR_SENDER = "content_or_sender_problem"
    BAD_CREDENTIALS = "bad_credentials"
    UNCLEAR = "unclear"
    UNKNOWN = "unknown"


class Action(StrEnum):
    """What happens to the customer's record, at once or after some strikes."""

    CLEAR_OPT_IN = "clear_opt_in"
    PARK_NUMBER = "park_number"
    FLAG_INVALID = "flag_invalid"
    NOTHING = "nothing"


class Stage(StrEnum):
    """When Twilio says so: with its answer to the request, or when the text was on its way."""

    CREATE = "create"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error code. `again`: the same text may be tried once more later. `words` are for the staff."""

    code: int | None
    stage: Stage | None
    meaning: Meaning
    action: Action
    again: bool
    words: str

    @property
    def stops_campaign(self) -> bool:
        """Every further text would fail too, or harm the sender's standing; a person has to look."""
        return self.meaning in (Meaning.CONTENT_OR_SENDER, Meaning.BAD_CREDENTIALS)


_ACTIONS = {
    Meaning.OPTED_OUT: Action.CLEAR_OPT_IN,
    Meaning.LANDLINE: Action.PARK_NUMBER,
    Meaning.INVALID: Action.FLAG_INVALID,
}

_CREATE: dict[Meaning, dict[int, str]] = {
    Meaning.OPTED_OUT: {21610: "the customer answered STOP"},
    Meaning.LANDLINE: {
        21614: "the number is not a mobile's",
        21635: "the number is a landline",
    },
    Meaning.INVALID: {
        21211: "there is no such number",
    },
    Meaning.TRANSIENT: {
        20429: "too many requests at once",
        21611: "more than ten hours of texts wait for our number",
    },
    Meaning.UNROUTABLE: {
        21408: "our account may not text to the number's region",
        21612: "our sender cannot reach the number",
    },
    Meaning.CONTENT_OR_SENDER: {
        20001: "Twilio does not understand our request",
        20404: "the account or what we send with does not exist",
        21212: "our sender's number is not valid",
        21602: "the text is empty",
        21603: "no sender is given",
        21604: "no recipient is given",
        21606: "our sender's number cannot send texts",
        21608: "the account is a trial and texts to verified numbers only",
        21609: "the address for status reports is no valid URL",
        21617: "the text has more than 1600 characters",
        21620: "the picture's address is no valid URL",
        21623: "the text has more than 10 pictures",
        21624: "the text's time of validity is no number of seconds from 1 to 36000",
        21701: "the messaging service does not exist",
        **dict.fromkeys(range(35111, 35119), "the text cannot be scheduled like this"),
    },
    Meaning.BAD_CREDENTIALS: {20003: "Twilio does not accept our account or token"},
    Meaning.UNCLEAR: {20500: "Twilio failed and may have sent the text"},
}

_DELIVERY: dict[Meaning, dict[int, str]] = {
    Meaning.OPTED_OUT: {30004: "the customer or the network blocks our texts"},
    Meaning.LANDLINE: {30006: "the number is a landline or its network takes no texts"},
    Meaning.INVALID: {30005: "the number is not in service"},
    Meaning.TRANSIENT: {
        30001: "too many texts were waiting",
        30003: "the telephone was off or out of reach",
        30008: "the network gave no reason",
        30036: "the text waited until it expired, so that it would not come at night",
    },
    Meaning.CONTENT_OR_SENDER: {
        30002: "our account is suspended",
        30007: "the networks filter the text as spam",
        30034: "our sender is not registered with the US networks",
    },
}

# Of what passes by itself, only this says something about the telephone; the rest is our own haste.
_UNREACHABLE = frozenset({30003, 30008})


def _refusals(stage: Stage, meanings: dict[Meaning, dict[int, str]]) -> dict[int, Refusal]:
    found = {}
    for meaning, codes in meanings.items():
        for code, words in codes.items():
            action = Action.PARK_NUMBER if code in _UNREACHABLE else _ACTIONS.get(meaning, Action.NOTHING)
            found[code] = Refusal(code, stage, meaning, action, meaning is Meaning.TRANSIENT, words)
    return found


REFUSALS = _refusals(Stage.CREATE, _CREATE) | _refusals(Stage.DELIVERY, _DELIVERY)
"""All known codes."""


def refusal(code: int | str | None) -> Refusal:
    """What an error code means; callbacks write it as text.

    An unknown one changes nothing and is not tried again.
    """
    text = str(code)
    number = int(text) if text.isdecimal() and len(text) < 10 else None
    if number in REFUSALS:
        return REFUSALS[number]
    words = "Twilio gave no reason that we know"
    return Refusal(number, None, Meaning.UNKNOWN, Action.NOTHING, again=False, words=words)


def strikes(failed_on: Iterable[date], delivered_on: date | None = None) -> int:
    """How many days a number failed on since it last took a text.

    Two failures of one evening are one strike: the telephone was off. `failed_on` holds the failures that
    lead to the same action.
    """
    return len({day for day in failed_on if delivered_on is None or day > delivered_on})


def action_after(refused: Refusal, struck: int, settings: StrikeSettings) -> Action:
    """What to do when a number has `struck` strikes, this one included; nothing until there are enough."""
    match refused.meaning:
        case Meaning.TRANSIENT:
            needed = settings.unreachable
        case Meaning.INVALID:
            needed = settings.invalid
        case _:
            needed = 1
    return refused.action if struck >= needed else Action.NOTHING
