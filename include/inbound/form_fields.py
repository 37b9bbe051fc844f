"""What each form asks for: the schema of what a browser or a page's script sends, with words for people.

Lengths fit the store database; what Counterpoint has less room for is cut where a customer is made of it, so
that nobody's name is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import phonenumbers
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from include.errors import InvalidRequest
from include.inbound.settings import FormSettings
from include.storedb.mail_addresses import LONGEST, mail_address
from include.storedb.stock_request_files import LONGEST_ITEM, item_key
from include.storedb.typed import length, one_line, plain

MOST_COMMENTS = 2000
_REGION = "US"
# What a list of states shows before one is chosen.
_NO_STATE = "state"
_ON = frozenset({"on", "yes", "true", "1"})
_OFF = frozenset({"", "off", "no", "false", "0"})


def _wrong(words: str) -> PydanticCustomError:
    return PydanticCustomError("form", "{words}", {"words": words})


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise _wrong("This has to be a text.")
    return value


@dataclass(frozen=True)
class Line:
    """One line of up to `most` characters; `missing` is what to say where it may not be empty."""

    most: int
    missing: str = ""

    def __call__(self, value: Any) -> str:
        text = one_line(_text(value))
        if not text and self.missing:
            raise _wrong(self.missing)
        if length(text) > self.most:
            raise _wrong(f"This has {length(text)} characters; {self.most} are the most.")
        return text


def _lines(value: Any) -> str:
    text = plain(_text(value)).strip()
    if length(text) > MOST_COMMENTS:
        raise _wrong(f"This has {length(text)} characters; {MOST_COMMENTS} are the most.")
    return text


def _email(value: Any) -> str:
    text = Line(LONGEST, "Enter your e-mail address.")(value)
    try:
        return mail_address(text)
    except InvalidRequest:
        raise _wrong("Enter an e-mail address like name@example.com.") from None


def _phone(value: Any) -> str:
    """A number that may be one, as it was typed."""
    text = Line(40)(value)
    if text and _number(text) is None:
        raise _wrong("Enter a phone number with its area code, like 518-555-0142.")
    return text


def _mobile(value: Any) -> str:
    """A number of the USA or Canada, E.164; empty for none."""
    text = _phone(value)
    number = _number(text) if text else None
    if number is not None and (number.country_code != 1 or number.extension):
        raise _wrong("Enter a mobile number of the USA or Canada, without an extension.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if number else ""


def _number(text: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, _REGION)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _item(value: Any) -> str:
    text = Line(LONGEST_ITEM, "Enter the item number; it stands on the item's page.")(value)
    return item_key(text)


def _tick(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = _text(value).strip().casefold()
    if word not in _ON | _OFF:
        raise _wrong("Tick the box or leave it empty.")
    return word in _ON


def _state(value: Any) -> str:
    text = Line(20)(value)
    return "" if text.casefold() == _NO_STATE else text


def _chosen(value: Any, offered: tuple[str, ...]) -> str:
    text = Line(50)(value)
    if text and text not in offered:
        raise _wrong("Choose from the list.")
    return text


def _timeline(value: Any, info: ValidationInfo) -> str:
    return _chosen(value, _settings(info).timelines)


def _interests(value: Any, info: ValidationInfo) -> tuple[str, ...]:
    ticked = () if value is None else (value,) if isinstance(value, str) else value
    if not isinstance(ticked, list | tuple):
        raise _wrong("This has to be a list of texts.")
    offered = _settings(info).interests
    if len(ticked) > len(offered):
        raise _wrong("Choose from the list.")
    return tuple(dict.fromkeys(filter(None, (_chosen(one, offered) for one in ticked))))


def _month(value: Any) -> int | None:
    text = Line(2)(value)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 12):
        raise _wrong("Choose a month, or none.")
    return int(text)


def _settings(info: ValidationInfo) -> FormSettings:
    context: Any = info.context
    settings: FormSettings = context
    return settings


Email = Annotated[str, BeforeValidator(_email)]


class FormFields(BaseModel):
    """Base of the forms: a field that is not there is empty, unknown ones are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, validate_default=True)


class DesignForm(FormFields):
    """A request for a landscape design."""

    first_name: Annotated[str, BeforeValidator(Line(50, "Enter your first name."))] = ""
    last_name: Annotated[str, BeforeValidator(Line(50, "Enter your last name."))] = ""
    email: Email = ""
    phone: Annotated[str, BeforeValidator(_phone)] = ""
    interested_in: Annotated[tuple[str, ...], BeforeValidator(_interests)] = ()
    timeline: Annotated[str, BeforeValidator(_timeline)] = ""
    street: Annotated[str, BeforeValidator(Line(75))] = ""
    city: Annotated[str, BeforeValidator(Line(50))] = ""
    state: Annotated[str, BeforeValidator(_state)] = ""
    zip_code: Annotated[str, BeforeValidator(Line(10))] = ""
    comments: Annotated[str, BeforeValidator(_lines)] = ""


class StockForm(FormFields):
    """A wish to hear when an item is back; `sku` is folded, `phone` E.164 or empty."""

    sku: Annotated[str, BeforeValidator(_item)] = ""
    name: Annotated[str, BeforeValidator(Line(80, "Enter your name."))] = ""
    email: Email = ""
    phone: Annotated[str, BeforeValidator(_mobile)] = ""
    text_consent: Annotated[bool, BeforeValidator(_tick)] = False


class NewsletterForm(FormFields):
    """A subscription; `birth_month` is 1 to 12 or None."""

    email: Email = ""
    birth_month: Annotated[int | None, BeforeValidator(_month)] = None


def read_fields(
    form: type[FormFields], values: Mapping[str, Any], settings: FormSettings
) -> FormFields | dict[str, str]:
    """What was sent, tidied, or what is wrong with it, in words for the visitor by field."""
    try:
        found = form.model_validate(dict(values), context=settings)
    except ValidationError as error:
        return {str(one["loc"][0]): one["msg"] for one in reversed(error.errors()) if one["loc"]}
    if isinstance(found, StockForm) and bool(found.phone) != found.text_consent:
        if found.phone:
            return {"text_consent": "Tick the box to get a text, or leave the phone number empty."}
        return {"phone": "Enter the number for the text, or take away the tick below."}
    return found
