"""A coupon's fields (version 2): what they may hold, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from include.sandbox.standins.bigcommerce.errors import BigCommerceError

_INVALID = "The request is not valid"
NOTHING: dict[str, Any] = {"entity": "categories", "ids": []}
"""What a coupon applies to whose `applies_to` was cleared: nothing."""


def _money(value: str) -> str:
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError("must be a number in a string") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("must be a number of at least 0")
    return f"{amount:.4f}"


def _date(value: str) -> str:
    try:
        return value and format_datetime(parsedate_to_datetime(value))
    except ValueError:
        raise ValueError("must be an RFC 2822 date, or empty for never") from None


_Money = Annotated[str, AfterValidator(_money)]
_Count = Annotated[int, Field(ge=0)]


class AppliesTo(BaseModel):
    """Products or categories by their ids; category 0 is the whole shop."""

    model_config = ConfigDict(strict=True, extra="ignore")

    entity: Literal["products", "categories"]
    ids: list[int]


class Countries(BaseModel):
    """Where a coupon may be used."""

    model_config = ConfigDict(strict=True, extra="ignore")

    countries: str = ""


class CouponFields(BaseModel):
    """The fields that a caller may write; version 2 refuses all others."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    # A coupon of the type `promotion` belongs to a promotion and is not made here.
    type: Literal[
        "per_item_discount", "per_total_discount", "shipping_discount", "free_shipping", "percentage_discount"
    ]
    amount: _Money
    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_ -]{1,50}$")]
    applies_to: AppliesTo | None
    min_purchase: _Money = "0.0000"
    expires: Annotated[str, AfterValidator(_date)] = ""
    enabled: bool = True
    max_uses: _Count = 0
    max_uses_per_customer: _Count = 0
    restricted_to: Countries | Annotated[list[str], Field(max_length=0)] = []
    shipping_methods: list[str] | None = None


class NewCoupon(CouponFields):
    """A coupon that is to be made: it must say what it applies to."""

    applies_to: AppliesTo


_READ_ONLY = ("id", "num_uses", "date_created")


def new_coupon(body: Any) -> dict[str, Any]:
    """The document of a new coupon, without its id; raises 400 that names the field."""
    given = _checked(NewCoupon, body)
    return {**given, "num_uses": 0, "date_created": rfc_2822(datetime.now(UTC))}


def changed_coupon(old: Mapping[str, Any], body: Any) -> dict[str, Any]:
    """A coupon with the fields of `body`; raises 400 that names the field.

    Fields that are not given stay as they are, but for `applies_to`, which is cleared: so says its
    description.
    """
    kept = {name: value for name, value in old.items() if name in CouponFields.model_fields}
    merged = {**kept, "applies_to": None, **body} if isinstance(body, Mapping) else body
    given = _checked(CouponFields, merged)
    return {**old, **given, "applies_to": given["applies_to"] or NOTHING}


def rfc_2822(moment: datetime) -> str:
    """A time as version 2 writes it."""
    return format_datetime(moment)


def _checked(model: type[CouponFields], body: Any) -> dict[str, Any]:
    _refuse_read_only(body)
    try:
        given = model.model_validate(body).model_dump()
    except ValidationError as error:
        [first, *_] = error.errors()
        name = ".".join(str(part) for part in first["loc"])
        raise BigCommerceError(
            400, _INVALID, {name: f"The field '{name}' is invalid: {first['msg']}"}
        ) from None
    # An empty object comes back as an empty array.
    given["restricted_to"] = given["restricted_to"] if given["restricted_to"] != {"countries": ""} else []
    return given


def _refuse_read_only(body: Any) -> None:
    for name in _READ_ONLY:
        if isinstance(body, Mapping) and name in body:
            raise BigCommerceError(
                400,
                _INVALID,
                {
                    name: f"The field '{name}' cannot be written to. Please remove it from your request "
                    "before trying again."
                },
            )
