"""Price lists' tables, as awkward as sites make them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from include.competitors.reading import as_csv, as_offers
from include.competitors.tables import read_table
from include.errors import InvalidRequest

COLUMNS: dict[str, str | int] = {"name": "plant", "size": "Size", "price": "Your  price", "available": 4}
AWKWARD = """
<table id="stock">
 <tr><th colspan="2">Plants</th><th colspan="2">Availability</th></tr>
 <tr><th>Plant</th><th>Size</th><th>Your<br>Price</th><th></th></tr>
 <tr><td colspan="4">PERENNIALS</td></tr>
 <tr><td rowspan="2">Hosta &amp; Co</td><td>#1</td><td><del>$12</del> <b>$9.50</b></td><td>12</td></tr>
 <tr><td>#3</td><td><img alt="$19.95" src="p.png"></td><td>3</td></tr>
 <tr style="display: none"><td>Hosta &amp; Co</td><td>#1</td><td>$0.01</td><td>9</td></tr>
 <tr data-hidden><td>Decoy</td><td>#1</td><td>$0.01</td><td>9</td></tr>
 <tr><th>Plant</th><th>Size</th><th>Your Price</th><th></th></tr>
 <tr><td>Aster<span hidden>secret</span></td><td>1 qt</td><td><img src="p.png"></td><td></td></tr>
 <tr><td>Sedum</td><td>1 qt</td><td>$5<table><tr><td>per</td></tr></table></td></tr>
 <tr><td></td><td></td><td>total</td><td></td></tr>
</table>
"""


def test_an_awkward_table_gives_what_a_person_reads_in_it() -> None:
    rows = read_table(f"<div>{AWKWARD}</div>", COLUMNS)
    assert [(row.name, row.size, row.price, row.available) for row in rows] == [
        ("Hosta & Co", "#1", "was $12 $9.50", "12"),
        ("Hosta & Co", "#3", "$19.95", "3"),
        ("Aster", "1 qt", "(picture)", ""),
        ("Sedum", "1 qt", "$5per", ""),
    ]
    assert {row.section for row in rows} == {"PERENNIALS"}


def test_columns_may_go_by_number_alone() -> None:
    rows = read_table("<table><tr><td>Aster</td><td>$5</td></tr></table>", {"name": 1, "price": 2})
    assert [(row.name, row.price) for row in rows] == [("Aster", "$5")]


def test_a_missing_column_is_named_beside_those_that_are_there() -> None:
    with pytest.raises(InvalidRequest, match=r"no column headed 'Cost'; its headings are: 'Plant', 'Size'"):
        read_table(AWKWARD, {"name": "Plant", "size": "Size", "price": "Cost"})


def test_a_page_without_a_table_is_said() -> None:
    with pytest.raises(InvalidRequest, match="no table"):
        read_table("<p>closed</p>", COLUMNS)


def test_a_product_that_stands_twice_counts_once_and_is_set_aside() -> None:
    html = "<table><tr><th>Plant</th><th>Price</th></tr>{}</table>".format(
        "".join(
            f"<tr><td>{name}</td><td>{price}</td></tr>"
            for name, price in (("Hosta #1", "$5"), ("HOSTA  1 gal", "$6"), ("Aster #1", "a few dollars"))
        )
    )
    offers, rejects = as_offers(read_table(html, {"name": "Plant", "price": "Price"}))
    assert [(offer.name, offer.price.low) for offer in offers] == [
        ("Hosta #1", Decimal(5)),
        ("Aster #1", None),
    ]
    assert [reject.key for reject in rejects] == ["HOSTA 1 gal", "Aster #1"]
    assert "'$5' counts, '$6' does not" in rejects[0].reason


def test_the_csv_runs_nothing_and_is_the_same_each_time() -> None:
    html = "<table><tr><th>P</th><th>C</th></tr><tr><td>=1+1 Rosé, #1</td><td>-$3</td></tr></table>"
    offers, _ = as_offers(read_table(html, {"name": "P", "price": "C"}))
    content = as_csv(offers)
    assert content == as_csv(offers)
    text = content.decode("utf-8-sig")
    assert text.startswith("Name,Available,Size,Price,")
    assert '"\'=1+1 Rosé, #1"' in text
    assert "'-$3" in text
