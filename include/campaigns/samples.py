"""Made-up customers, to show what a campaign says without telling of real ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from include.campaigns.audience import Recipient, anchor_day
from include.campaigns.settings import AudienceSettings

MADE_UP = (
    ("ANN", "518-555-0142", 0),
    ("Zoë", "(518) 555-0107", 12),
    ("  Bob & Sue ", "15185550163", 1234),
    ("Maximiliana-Alexandrina", "555-0142", 7),
    ("=SUM(A1)", "+1 518 555 0120", 3),
)
"""First name, phone and points of customers who are as customers are."""


def made_up(wanted: AudienceSettings, day: date, count: int, phones: Sequence[str] = ()) -> list[Recipient]:
    """`count` made-up customers of an audience on the store day `day`, the first ones with these phones."""
    anchor = anchor_day(wanted, day)
    people = [MADE_UP[number % len(MADE_UP)] for number in range(count)]
    return [
        Recipient(
            str(number),
            first_name,
            phones[number] if number < len(phones) else phone,
            None,
            points,
            anchor,
            anchor,
        )
        for number, (first_name, phone, points) in enumerate(people)
    ]
