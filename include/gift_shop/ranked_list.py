"""The ranked list of customers that staff take along: who is expected to buy most within 90 days."""

from __future__ import annotations

import csv
import io

from include.gift_shop.analysis import Analysis
from include.gift_shop.settings import GiftShopSettings
from include.gift_shop.tables import MILS


def ranked_list(analysis: Analysis, settings: GiftShopSettings) -> bytes:
    """All customers as CSV, the most valuable first, with what to do about each."""
    out = io.StringIO()
    writer = csv.writer(out)
    heading = ("rank", "customer_id", "segment", "probability_90_days", "expected_pounds", "what_to_do")
    writer.writerow(heading)
    chosen = analysis.ranked()[["segment", "probability", "expected_mils"]]
    for rank, (customer, segment, chance, mils) in enumerate(chosen.itertuples(), 1):
        advice = settings.advice.get(segment, "")
        writer.writerow([rank, customer, segment, f"{chance:.3f}", f"{mils / MILS:.2f}", advice])
    return out.getvalue().encode()
