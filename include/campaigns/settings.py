"""Schema of `sms_campaigns.yaml`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any, Literal, NoReturn
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from include.campaigns import templates
from include.counterpoint.items import folded
from include.settings.customer_segments import SegmentName
from include.settings.days import TimeOfDay
from include.settings.loader import Settings, load_settings

Anchor = Literal["first_sale", "last_sale", "birth_month", "segment"]
MONTHLY: tuple[Anchor, ...] = ("birth_month", "segment")

_ID = re.compile(r"sms_[a-z0-9]+(_[a-z0-9]+)*")


def _link(value: str) -> str:
    if re.search(r"[\s\x00-\x1f]", value):
        raise ValueError("an address has no blanks")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address that begins with https:// or http:// is expected")
    return value


def _media(value: str) -> str:
    if not urlsplit(_link(value)).path.rpartition("/")[2]:
        raise ValueError("the address of an image is expected; this one names no file")
    return value


def _words(value: str) -> str:
    if not value.strip() or re.search(r"[{}\n]", value.replace("{company}", "")):
        raise ValueError("words on one line are expected; only {company} can be filled in")
    return " ".join(value.split())


def _capitals(value: Any) -> Any:
    return value if value == "any" or not isinstance(value, str) else folded(value)


Words = Annotated[str, AfterValidator(_words)]
Link = Annotated[str, AfterValidator(_link)]


class AudienceSettings(Settings):
    """Who gets a text: `days_after` days after a sale, once in the month of a birthday, or once a month.

    `returning`: only who bought on more than one day. `segments`: only who is in one of these.
    """

    category: Annotated[Literal["RETAIL", "WHOLESALE", "any"], BeforeValidator(_capitals)]
    anchor: Anchor
    days_after: int | None = Field(default=None, ge=0, le=1000, validate_default=True)
    returning: bool = False
    segments: tuple[SegmentName, ...] = Field(default=(), validate_default=True)

    @field_validator("days_after")
    @classmethod
    def _counted_from_a_sale(cls, value: int | None, info: ValidationInfo) -> int | None:
        anchor = info.data.get("anchor")
        if anchor in MONTHLY and value is not None:
            raise ValueError(f"a {anchor} has no day to count from")
        if anchor in ("first_sale", "last_sale") and value is None:
            raise ValueError(f"how many days after the {anchor}?")
        return value

    @field_validator("returning")
    @classmethod
    def _after_a_sale(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("anchor") in MONTHLY:
            raise ValueError("only an audience of a first_sale or last_sale can be returning customers")
        return value

    @field_validator("segments")
    @classmethod
    def _which(cls, value: tuple[SegmentName, ...], info: ValidationInfo) -> tuple[SegmentName, ...]:
        if info.data.get("anchor") == "segment" and not value:
            raise ValueError("which segments?")
        return value


class SendSettings(Settings):
    """When a text is sent, in store time: daily, or on one day of each month."""

    at: TimeOfDay
    day_of_month: int | None = Field(default=None, ge=1, le=28)

    @property
    def cron(self) -> str:
        """The same as a schedule."""
        return f"{self.at.minute} {self.at.hour} {self.day_of_month or '*'} * *"


class CouponSettings(Settings):
    """Until when a coupon is good: so many days after the sale, or until a day of the next month."""

    days_after_sale: int | None = Field(default=None, ge=0, le=366)
    until_day_of_next_month: int | None = Field(default=None, ge=1, le=28)

    @model_validator(mode="after")
    def _one_of_them(self) -> CouponSettings:
        if (self.days_after_sale is None) == (self.until_day_of_next_month is None):
            raise ValueError("either days_after_sale or until_day_of_next_month is expected")
        return self


class CampaignSettings(Settings):
    """One campaign: who gets which words, and when. Priority 1 goes before 2.

    `hold_out_share` of the audience gets no text; None stands for the share of `messaging.yaml`.
    """

    title: str = Field(pattern=r"\S")
    enabled: bool = True
    audience: AudienceSettings
    send: SendSettings
    template: str
    coupon: CouponSettings | None = Field(default=None, validate_default=True)
    media: Annotated[str, AfterValidator(_media)] | None = None
    prefix: Words | None = None
    reward_balance: bool = False
    opt_out_hint: bool = False
    priority: int = Field(ge=1, le=1000)
    hold_out_share: float | None = Field(default=None, ge=0, le=0.5)

    @field_validator("send")
    @classmethod
    def _as_often_as_the_audience_changes(cls, value: SendSettings, info: ValidationInfo) -> SendSettings:
        audience = info.data.get("audience")
        monthly = audience is not None and audience.anchor in MONTHLY
        if audience is not None and monthly and value.day_of_month is None:
            raise ValueError(f"a {audience.anchor} is texted once a month: a day_of_month is needed")
        if audience is not None and not monthly and value.day_of_month is not None:
            raise ValueError("sales are followed up every day: day_of_month would leave out most of them")
        return value

    @field_validator("template")
    @classmethod
    def _usable(cls, value: str) -> str:
        if value not in (known := templates.names()):
            raise ValueError(f"no such template; there are {', '.join(known)}")
        if unknown := sorted(_words_of(value) - templates.WORDS):
            _malformed(
                value, f"{', '.join(unknown)}: no such word; there are {', '.join(sorted(templates.WORDS))}"
            )
        return value

    @field_validator("coupon")
    @classmethod
    def _as_its_template_says(
        cls, value: CouponSettings | None, info: ValidationInfo
    ) -> CouponSettings | None:
        audience, name = info.data.get("audience"), info.data.get("template")
        if value and value.days_after_sale is not None and audience and audience.anchor in MONTHLY:
            raise ValueError(
                f"a {audience.anchor} has no sale to count from: until_day_of_next_month is expected"
            )
        if name is not None and (value is not None) != ("expires" in _words_of(name)):
            needs = "must say when the coupon expires" if value else "says when a coupon expires: which one?"
            raise ValueError(f"the template {name} {needs}")
        return value


def _words_of(name: str) -> frozenset[str]:
    from jinja2 import TemplateError, TemplateSyntaxError

    try:
        return templates.words_of(name)
    except TemplateSyntaxError as error:
        _malformed(error.name or name, f"line {error.lineno}: {error.message}")
    except TemplateError as error:
        _malformed(name, error.message or "it cannot be read")


def _malformed(name: str, reason: str) -> NoReturn:
    raise ValueError(f"the template {name} cannot be used: {reason}") from None


class SmsCampaigns(Settings):
    """The whole file. In greetings, farewells and prefixes `{company}` stands for the store's name.

    Segments that are older than `segments_days` days are not used; of those that are older than 30,
    housekeeping may have removed the customers.
    """

    review_link: Link
    segments_days: int = Field(ge=1, le=30)
    greetings: tuple[Words, ...] = Field(min_length=1)
    farewells: tuple[Words, ...] = Field(min_length=1)
    campaigns: dict[str, CampaignSettings]

    @field_validator("campaigns", mode="before")
    @classmethod
    def _named_as_dags(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        for name in value:
            if not (isinstance(name, str) and _ID.fullmatch(name) and len(name) <= 75):
                raise ValueError(f"{name!r} is no name for a campaign: sms_ and lower-case words joined by _")
        return {name: campaign for name, campaign in value.items() if campaign is not None}


@lru_cache(maxsize=1)
def campaign_settings() -> SmsCampaigns:
    """The settings of `sms_campaigns.yaml`, read once in each process."""
    return load_settings(SmsCampaigns, "sms_campaigns")
