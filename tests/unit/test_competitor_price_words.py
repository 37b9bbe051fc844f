"""Prices as price lists word them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.competitors.prices import AS_PICTURE, NO_PRICE, ON_REQUEST, SOLD_OUT, UNCLEAR, parse_price

cents = st.integers(min_value=1, max_value=99_999_999)
counts = st.integers(min_value=2, max_value=500)


def dollars(amount: int) -> str:
    return f"{Decimal(amount) / 100:,.2f}"


@pytest.mark.parametrize(
    ("text", "low", "high", "quantity", "unit", "currency"),
    [
        ("$1,299.00", "1299", "1299", 1, "each", "USD"),
        ("3 for $10", "10", "10", 3, "each", "USD"),
        ("2/$5", "5", "5", 2, "each", "USD"),
        ("$4.99/ea", "4.99", "4.99", 1, "each", "USD"),
        ("12.50 / flat of 18", "12.50", "12.50", 18, "flat", "USD"),
        ("$12.50 /10 pack", "12.50", "12.50", 10, "pack", "USD"),
        ("$18.00 per flat", "18", "18", 1, "flat", "USD"),
        ("$24/doz", "24", "24", 12, "dozen", "USD"),
        ("$3 - $5", "3", "5", 1, "each", "USD"),
        ("$3.50–4.25 ea.", "3.50", "4.25", 1, "each", "USD"),
        ("from $5", "5", None, 1, "each", "USD"),
        ("$\u00a04.99", "4.99", "4.99", 1, "each", "USD"),
        ("99¢", "0.99", "0.99", 1, "each", "USD"),
        ("12,50 €", "12.50", "12.50", 1, "each", "EUR"),
        ("EUR 1.299,00", "1299", "1299", 1, "each", "EUR"),
        ("€ 1.299", "1299", "1299", 1, "each", "EUR"),
        ("$1.299", "1.299", "1.299", 1, "each", "USD"),
    ],
)
def test_what_a_price_says(
    text: str, low: str, high: str | None, quantity: int, unit: str, currency: str
) -> None:
    price = parse_price(text)
    assert price.reason is None
    assert (price.low, price.high) == (Decimal(low), Decimal(high) if high else None)
    assert (price.quantity, price.unit, price.currency) == (quantity, unit, currency)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("call", ON_REQUEST), ("Call 518-555-0100", ON_REQUEST), ("Price on request", ON_REQUEST),
        ("TBD", ON_REQUEST), ("sold out", SOLD_OUT), ("SOLD-OUT $4.99", SOLD_OUT), ("n/a", SOLD_OUT),
        ("", NO_PRICE), ("—", NO_PRICE), ("$0.00", NO_PRICE), ("(picture)", AS_PICTURE),
        ("abc", UNCLEAR), ("-$5", UNCLEAR), ("$5 $6", UNCLEAR), ("$5 - $3", UNCLEAR), ("was $5", UNCLEAR),
        ("1.2.3.4", UNCLEAR), ("$7 per flat of 0", UNCLEAR), ("0 for $3", UNCLEAR),
        ("2 for $5 / 10 pack", UNCLEAR), ("$123456789012", UNCLEAR),
    ],
)  # fmt: skip
def test_why_there_is_no_price(text: str, reason: str) -> None:
    price = parse_price(text)
    assert price.reason == reason
    assert (price.low, price.high, price.each) == (None, None, None)


@pytest.mark.parametrize("text", ["was $12.99 now $9.99", "Reg. $12.99 SALE: $9.99/ea", "$9.99 (was 12.99)"])
def test_a_reduced_price_keeps_the_one_before(text: str) -> None:
    price = parse_price(text.replace("(", "").replace(")", ""))
    assert (price.low, price.regular) == (Decimal("9.99"), Decimal("12.99"))


@given(cents, st.sampled_from(["${}", "{}", "$ {}", "USD {}", "{} USD", "$\u00a0{}/ea", "  ${} each "]))
def test_an_amount_is_found_in_every_spelling(amount: int, spelling: str) -> None:
    price = parse_price(spelling.format(dollars(amount)))
    assert price.low == price.high == price.each == Decimal(amount) / 100
    assert price.currency == "USD"


@given(cents)
def test_europeans_write_points_and_commas_the_other_way(amount: int) -> None:
    text = dollars(amount).translate(str.maketrans(",.", ".,"))
    price = parse_price(f"{text} €")
    assert (price.low, price.currency) == (Decimal(amount) / 100, "EUR")


@given(
    cents, counts, st.sampled_from(["{n} for ${p}", "{n}/${p}", "${p} / flat of {n}", "${p} per {n} pack"])
)
def test_many_for_one_price_cost_their_part_each(amount: int, count: int, spelling: str) -> None:
    price = parse_price(spelling.format(n=count, p=dollars(amount)))
    assert price.low == Decimal(amount) / 100
    assert price.quantity == count
    assert price.each is not None
    assert abs(price.each * count - price.low) <= Decimal("0.0001") * count


@given(cents, cents)
def test_a_range_is_from_the_lower_to_the_higher(one: int, other: int) -> None:
    low, high = sorted((one, other))
    price = parse_price(f"${dollars(low)} – ${dollars(high)}")
    assert (price.low, price.high) == (Decimal(low) / 100, Decimal(high) / 100)
    assert price.is_range == (low != high)


@given(st.text(max_size=60) | st.text(alphabet="$€0123456789.,/- forwaseach¢\u00a0", max_size=30))
def test_whatever_stands_there_is_a_price_or_a_reason(text: str) -> None:
    price = parse_price(text)
    assert (price.low is None) == (price.reason is not None)
    if price.low is not None:
        assert 0 < price.low < 10**8
        assert price.high is None or price.high >= price.low
        assert price.quantity >= 1
        assert len(price.unit) <= 40
