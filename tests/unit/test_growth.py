"""The growth budget's rule, its settings, and what the page says at the edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.dialects import mssql

from include.errors import InvalidSettings
from include.growth.accounting import Growth, growth_by_month
from include.growth.figures import pictures
from include.growth.page import as_page
from include.growth.page_data import Month, Rule, Shown
from include.growth.settings import GrowthSettings, growth_settings
from include.periods import Period, month_after, months_apart, same_days_of_month_before
from include.settings.loader import load_settings
from include.storedb.customer_months import SalesMonth
from include.storedb.growth_months import GrowthMonth
from include.storedb.visits_before import all_visits_before, visits_before_month

JANUARY = date(2026, 1, 1)
AS_OF = date(2026, 5, 20)


def month(number: int) -> date:
    return month_after(JANUARY, number - 1)


def test_who_is_lost_is_booked_once_and_may_be_regained_again_and_again() -> None:
    # Ann comes in January, April and August; Bob in January and March, Cid in April only.
    returns = {
        (month(1), 0): 2,
        (month(3), 2): 1,
        (month(4), 3): 1,
        (month(4), 0): 1,
        (month(8), 4): 1,
    }
    found = growth_by_month(returns, date(2026, 8, 3), 2)
    assert [(one.new, one.regained, one.churned, one.pool) for one in found] == [
        (0, 0, 0, 2),
        (0, 0, 0, 2),
        (0, 0, 1, 1),
        (1, 1, 0, 3),
        (0, 0, 1, 2),
        (0, 0, 2, 0),
        (0, 0, 0, 0),
        (0, 1, 0, 1),
    ]
    assert [one.run_in for one in found] == [True] * 3 + [False] * 5
    assert growth_by_month({}, date(2026, 8, 3), 2) == []


@pytest.mark.parametrize(
    ("last", "before"),
    [
        (date(2026, 11, 19), Period(date(2026, 10, 1), date(2026, 10, 19))),
        (date(2026, 3, 30), Period(date(2026, 2, 1), date(2026, 2, 28))),
        (date(2024, 3, 29), Period(date(2024, 2, 1), date(2024, 2, 29))),
        (date(2026, 1, 1), Period(date(2025, 12, 1), date(2025, 12, 1))),
    ],
)
def test_the_same_days_of_the_month_before(last: date, before: Period) -> None:
    assert same_days_of_month_before(last) == before


def test_months_are_counted_over_years() -> None:
    assert (month_after(date(2025, 12, 1)), month_after(JANUARY, -13)) == (JANUARY, date(2024, 12, 1))
    assert months_apart(date(2024, 12, 31), JANUARY) == 13


def shown(growth: list[Growth], *, provisional: bool) -> Shown:
    months = []
    for place, one in enumerate(growth):
        last = provisional and place == len(growth) - 1
        counts = (one.customers, one.new, one.regained, one.churned, one.net, one.pool)
        row = GrowthMonth("counterpoint", one.month, 2, *counts, one.run_in, last)
        amount, customers = (Decimal("50.00"), 4) if last else (None, None)
        sales = SalesMonth(
            "counterpoint", one.month, one.month, Decimal("75.50"), 3, amount, customers, "mark"
        )
        months.append(Month(row, sales))
    rules = (Rule(2, 5, 1, 4, 3), Rule(3, 5, 0, 0, 3))
    return Shown("counterpoint", date(2026, 5, 19), tuple(months), rules)


def test_the_page_says_what_is_not_yet_sure() -> None:
    growth = [Growth(month(n), 3, 2, 1, 4, 6, run_in=n <= 3) for n in range(1, 6)]
    settings = GrowthSettings.model_validate(growth_settings().model_dump(mode="json"))
    page = as_page([shown(growth, provisional=True)], AS_OF, settings).decode()
    assert "4 are not yet back and churn unless they come in the 12 days that are left" in page
    assert "<td>$50.00</td><td>+51.0 %</td>" in page
    assert "<td>3</td><td>4</td><td>-25.0 %</td>" in page
    assert "2026-05*" in page
    assert "25.0 %</td>" in page
    over = as_page([shown(growth, provisional=False)], AS_OF, settings).decode()
    assert "1 regained, 4 churned" in over
    assert "*" not in over.partition("<body>")[2].partition("By month")[2].partition("</table>")[0]
    # In a young shop nobody can have been regained yet, and nothing is claimed.
    young = shown([replace(one, run_in=True) for one in growth[:2]], provisional=True)
    page = as_page([young], AS_OF, settings).decode()
    assert "The first 3 months tell too little" in page
    assert "not yet back" not in page.partition("By month")[0]
    assert [image.name for image in pictures(young)] == ["counterpoint-sales", "counterpoint-customers"]


def test_sql_server_can_be_asked_too() -> None:
    for statement in (visits_before_month("counterpoint", JANUARY), all_visits_before("counterpoint")):
        words = str(statement.compile(dialect=mssql.dialect()))
        # Sorting and adding up over what a subquery answers needs a query of its own there.
        assert words.index("FROM (SELECT") < words.index("GROUP BY")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("silent_months: 0", "silent_months: Input should be greater than or equal to 1"),
        ('first_month: "2020-13"', 'a month such as "2020-10" is expected'),
        ("not_customers: [42]", "42 must be in quotes"),
        ("sources: [tills]", "sources.0"),
    ],
)
def test_a_wrong_setting_is_named(
    line: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "growth_budget.yaml").write_text(line)
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    with pytest.raises(InvalidSettings, match="growth_budget") as error:
        load_settings(GrowthSettings, "growth_budget")
    assert complaint in str(error.value)
