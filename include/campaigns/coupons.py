"""Until when a coupon in a text is good."""

from __future__ import annotations

from datetime import date, timedelta

from include.campaigns.settings import CouponSettings

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


def expires(coupon: CouponSettings, day: date, anchor: date, last_sale: date | None = None) -> date:
    """The last day of a coupon that is sent on the store day `day`.

    Days after a sale are counted from the customer's last one: `last_sale`, if it lies between the occasion
    of the text (`anchor`) and `day`.
    """
    if coupon.until_day_of_next_month is not None:
        next_month = day.replace(day=28) + timedelta(days=4)
        return next_month.replace(day=coupon.until_day_of_next_month)
    sale = last_sale if last_sale and anchor <= last_sale <= day else anchor
    return sale + timedelta(days=coupon.days_after_sale or 0)


def in_words(day: date) -> str:
    """A day such as "May 3, 2026", whatever the machine's language."""
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"
