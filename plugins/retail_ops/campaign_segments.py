"""Who of a campaign's audience is in the customer segments that it aims at."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from sqlalchemy import Engine

from include.errors import InvalidRequest
from include.storedb.customer_segments import Segmentations

SOURCE = "counterpoint"


class NoSegments(InvalidRequest):
    """There are no segments that may be used."""


def customers_in(segments: Collection[str], day: date, most_days: int, store_db: Engine) -> set[str]:
    """The customers of these segments, by number as the databases compare it, as last known on a store day.

    Raises `NoSegments` where customers were not divided in the `most_days` days up to that day.
    """
    kept = Segmentations(store_db)
    made = kept.newest(SOURCE, day)
    if made is None:
        raise NoSegments("there are no customer segments yet; run customer_segmentation")
    if made.as_of < day - timedelta(days=most_days):
        raise NoSegments(
            f"the segments are from {made.as_of}, more than {most_days} days ago (segments_days in "
            "sms_campaigns.yaml); run customer_segmentation"
        )
    return kept.members(made, segments)
