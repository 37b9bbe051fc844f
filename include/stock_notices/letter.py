"""The mail that says that an item is back."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from include.reporting.letter import Image, Letter
from include.reporting.rendering import compose, money
from include.settings import store_settings
from include.stock_notices.coupons import Coupon
from include.stock_notices.goods import Goods, shortened
from include.stock_notices.settings import StockNoticeSettings

_MANY = 50
_LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True)
class Notice:
    """One mail's own facts. `first_name` is empty for somebody whom we do not know; `link` leads to the item
    in the web shop, `photo_url` to the shop's picture, for an item without a `photo`; each may be missing.
    """

    goods: Goods
    coupon: Coupon | None
    first_name: str = ""
    link: str = ""
    photo: Image | None = None
    photo_url: str = ""
    unsubscribe: str = ""


def notice_letter(notice: Notice, settings: StockNoticeSettings) -> Letter:
    """The letter."""
    goods, coupon = notice.goods, notice.coupon
    title = shortened(goods.title, _LONGEST_TITLE)
    long_enough = len(goods.description) > settings.shortest_description
    data = {
        "title": title,
        "first_name": notice.first_name,
        "stock": stock_words(goods.available),
        "description": shortened(goods.description, settings.longest_description) if long_enough else "",
        "coupon": coupon,
        "offer": offer(settings.coupon.amount, settings.coupon.min_purchase),
        "expires": long_day(coupon) if coupon else "",
        "link": notice.link,
        "photo_url": "" if notice.photo else notice.photo_url,
        "unsubscribe": notice.unsubscribe,
        "signature": settings.signature or store_settings().name,
        "postal_address": settings.postal_address,
    }
    images = (notice.photo,) if notice.photo else ()
    return compose("stock_notification", f"{title} is back in stock", data, images)


def offer(amount: Decimal, min_purchase: Decimal) -> str:
    """What a coupon gives: $10 off your order of $100 or more."""
    return f"{dollars(amount)} off your order of {dollars(min_purchase)} or more"


def dollars(amount: Decimal) -> str:
    """An amount without needless cents."""
    return money(amount).removesuffix(".00")


def stock_words(available: int) -> str:
    """How many there are, as a customer wants to know."""
    if available > _MANY:
        return f"more than {_MANY} in stock"
    return "only 1 in stock" if available == 1 else f"{available} in stock"


def long_day(coupon: Coupon) -> str:
    """A coupon's last day: Monday, November 23."""
    day = coupon.expires
    return f"{_DAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}"


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
