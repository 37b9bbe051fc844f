"""The plain methods against figures that were published of a real shop's daily sales."""

from __future__ import annotations

import csv
import os
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from include.forecasting.history import MEAN_WEEKS, weekday_mean

DATA = Path(os.environ.get("RETAIL_DATA_DIR") or Path(__file__).resolve().parents[3] / "shared" / "data")
SALON = DATA / "salon_sales.csv"
WEEK, ORIGINS = 7, 26

pytestmark = pytest.mark.skipif(not SALON.exists(), reason=f"no {SALON.name} (set RETAIL_DATA_DIR)")


@pytest.fixture(scope="module")
def days() -> np.ndarray:
    """The sums of all days that are dated; the seven closed ones are 0."""
    sums: dict[date, Decimal] = {}
    with SALON.open(newline="") as file:
        for row in csv.DictReader(file):
            if len(row["Date"]) > len("2020-01"):
                day = date.fromisoformat(row["Date"][:10])
                sums[day] = sums.get(day, Decimal(0)) + Decimal(row["Total"])
    first = min(sums)
    count = (max(sums) - first).days + 1
    return np.array([float(sums.get(first + timedelta(days=n), 0)) for n in range(count)])


@pytest.mark.parametrize(("weeks", "error"), [(1, 152.96), (6, 104.93), (MEAN_WEEKS, 113.52), (12, 102.28)])
def test_the_last_week_is_missed_by_what_was_published(days: np.ndarray, weeks: int, error: float) -> None:
    made = weekday_mean(days[:-WEEK], WEEK, weeks)
    assert round(float(abs(made - days[-WEEK:]).mean()), 2) == error


@pytest.mark.parametrize(
    ("weeks", "error", "share"),
    [(1, 99.99, 0.3682), (4, 85.37, 0.3144), (MEAN_WEEKS, 79.92, 0.2943), (13, 80.00, 0.2946)],
)
def test_half_a_year_of_weeks_is_missed_by_what_was_published(
    days: np.ndarray, weeks: int, error: float, share: float
) -> None:
    ends = [len(days) - WEEK * back for back in range(ORIGINS)]
    wrong = sum(
        float(abs(weekday_mean(days[: end - WEEK], WEEK, weeks) - days[end - WEEK : end]).sum())
        for end in ends
    )
    assert round(wrong / (ORIGINS * WEEK), 2) == error
    assert round(wrong / float(days[-ORIGINS * WEEK :].sum()), 4) == share
