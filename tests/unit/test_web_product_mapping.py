"""Which web product sells which item, and the shop as a file between two tasks."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, insert

from include.changes import Reject
from include.counterpoint.items import Item
from include.counterpoint.tables import CPI_BC_PROD, CPI_BC_PRODUCTS
from include.storedb.web_products import FoundBy, RememberedProduct
from include.web_shop.mapping import ConnectorRows, MappedShop, connector_rows, map_products
from include.web_shop.shop import Shop, WebProduct, WebVariant
from include.web_shop.snapshot import FIELDS, as_products, read_shop, write_shop


def item(number: str, binding: str | None = None, *, on_web: bool = True) -> Item:
    return Item(
        number=number,
        description=None,
        status="A",
        category=None,
        vendor=None,
        brand=None,
        binding=binding,
        is_parent=False,
        price=None,
        buffer=None,
        available=None,
        on_web=on_web,
        is_visible=True,
        always_online=None,
        featured=None,
        sort_order=None,
        tracked=True,
    )


def product(id_: int, sku: str = "", *variants: str, visible: bool = True) -> WebProduct:
    """A product whose variants have the ids 10 * id, 10 * id + 1, ..."""
    skus = variants or (sku,)
    return WebProduct(
        id=id_,
        name=f"Name {id_}",
        sku=sku,
        total_sold=0,
        sort_order=0,
        is_featured=False,
        is_visible=visible,
        availability="available",
        related_products=(),
        variants=tuple(WebVariant(10 * id_ + n, text) for n, text in enumerate(skus)),
    )


def memory(key: str, id_: int, variant: int | None = None, found_by: FoundBy = "sku") -> RememberedProduct:
    return RememberedProduct(key, id_, variant, found_by)


@dataclass(frozen=True)
class Case:
    """`rows` are (key, product, variant, found by)."""

    products: Sequence[WebProduct] = ()
    items: Sequence[Item] = ()
    connector: Mapping[str, int] = field(default_factory=dict)
    variants: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)
    remembered: Sequence[RememberedProduct] = ()
    rows: Sequence[tuple[str, int, int | None, str]] = ()
    rejects: Sequence[tuple[str, str]] = ()

    def map(self) -> MappedShop:
        return map_products(
            {found.id: found for found in self.products},
            self.items,
            ConnectorRows(self.connector, self.variants),
            {row.item_key: row for row in self.remembered},
        )


CASES = {
    "nothing at all": Case(),
    "a single item by its product's SKU": Case(
        [product(1, "0012")], [item("0012")], {"0012": 1}, rows=[("0012", 1, 10, "sku")]
    ),
    "letter case and blanks do not matter": Case(
        [product(1, " rose-1 ")], [item("Rose-1  ")], rows=[("ROSE-1", 1, 10, "sku")]
    ),
    "a leading zero does": Case(
        [product(1, "12")], [item("0012")], rejects=[("0012", "not in the web shop yet")]
    ),
    "a bound product by its items' SKUs": Case(
        [product(1, "", "0012", "0013")],
        [item("0012", "B0001"), item("0013", "b0001 ")],
        rows=[("B0001", 1, None, "sku"), ("0012", 1, 10, "sku"), ("0013", 1, 11, "sku")],
    ),
    "a bound product by the binding id alone": Case(
        [product(1, "b0001", "X", "Y")],
        [item("0012", "B0001", on_web=False)],
        rows=[("B0001", 1, None, "sku")],
    ),
    "a new item": Case(items=[item("0012")], rejects=[("0012", "not in the web shop yet")]),
    "an item that is not for the web": Case(items=[item("0012", on_web=False)]),
    "products without a SKU are nobody's": Case(
        [product(1), product(2)], [item(" "), item("0012", on_web=False)]
    ),
    "a SKU that was edited by hand": Case(
        [product(1, "0012 NEW")], [item("0012")], {"0012": 1}, rows=[("0012", 1, 10, "connector")]
    ),
    "only the connector's list of variants knows it": Case(
        [product(1, "", "X", "Y")],
        [item("0012")],
        variants={"0012": (1, 11)},
        rows=[("0012", 1, 11, "connector")],
    ),
    "nobody but last night knows it": Case(
        [product(1, "X")],
        [item("0012")],
        remembered=[memory("0012", 1, 10)],
        rows=[("0012", 1, 10, "remembered")],
    ),
    "what was remembered was deleted": Case(
        [product(1, "X")],
        [item("0012")],
        remembered=[memory("0012", 9)],
        rejects=[("0012", "not in the web shop yet")],
    ),
    "deleted in the shop": Case(
        [product(1, "X")],
        [item("0012")],
        {"0012": 5},
        {"0012": (5, 50)},
        rejects=[
            ("0012", "the connector's product 5 was deleted in the web shop; no product is used"),
        ],
    ),
    "deleted in the shop, and not for the web any more": Case(
        items=[item("0012", on_web=False)], connector={"0012": 5}
    ),
    "recreated under another id": Case(
        [product(7, "0012")],
        [item("0012")],
        {"0012": 5},
        rows=[("0012", 7, 70, "sku")],
        rejects=[("0012", "the connector's product 5 was deleted in the web shop; product 7 is used")],
    ),
    "the SKU is right where the connector is wrong": Case(
        [product(1, "0012"), product(2, "0013")],
        [item("0012"), item("0013")],
        {"0012": 2, "0013": 2},
        rows=[("0012", 1, 10, "sku"), ("0013", 2, 20, "sku")],
    ),
    "two products with one SKU, the connector's is taken": Case(
        [product(1, "0012"), product(2, "0012 ")],
        [item("0012")],
        {"0012": 2},
        rows=[("0012", 2, 20, "sku")],
        rejects=[
            (
                "0012",
                "2 products of the web shop have this SKU: product 1 (Name 1), product 2 (Name 2); "
                "product 2 is used",
            )
        ],
    ),
    "two products with one SKU, the visible one is taken": Case(
        [product(1, "0012", visible=False), product(2, "0012")],
        [item("0012", on_web=False)],
        rows=[("0012", 2, 20, "sku")],
        rejects=[
            (
                "0012",
                "2 products of the web shop have this SKU: product 1 (Name 1), product 2 (Name 2); "
                "product 2 is used",
            )
        ],
    ),
    "two products with one SKU, last night's is taken": Case(
        [product(1, "0012"), product(2, "0012")],
        [item("0012")],
        remembered=[memory("0012", 2)],
        rows=[("0012", 2, 20, "sku")],
        rejects=[
            (
                "0012",
                "2 products of the web shop have this SKU: product 1 (Name 1), product 2 (Name 2); "
                "product 2 is used",
            )
        ],
    ),
    "a product of its own wins over a variant of another": Case(
        [product(1, "", "0012", "X"), product(2, "0012")],
        [item("0012")],
        {"0012": 1},
        rows=[("0012", 2, 20, "sku")],
        rejects=[
            (
                "0012",
                "2 products of the web shop have this SKU: product 1 (Name 1), product 2 (Name 2); "
                "product 2 is used",
            )
        ],
    ),
    "a binding id that is spread": Case(
        [product(1, "0012"), product(2, "", "0013", "0014")],
        [item("0012", "B0001"), item("0013", "B0001"), item("0014", "B0001")],
        {"B0001": 1},
        rows=[
            ("B0001", 2, None, "sku"),
            ("0012", 1, 10, "sku"),
            ("0013", 2, 20, "sku"),
            ("0014", 2, 21, "sku"),
        ],
        rejects=[
            (
                "B0001",
                "spread over 2 products of the web shop: product 2 (Name 2) with 2 of its items, "
                "product 1 (Name 1) with 1 of its items; product 2 is used",
            )
        ],
    ),
    "two binding ids in one product": Case(
        [product(1, "", "0012", "0013", "0014")],
        [item("0012", "B0002"), item("0013", "B0001"), item("0014", "B0002")],
        rows=[
            ("B0002", 1, None, "sku"),
            ("0012", 1, 10, "sku"),
            ("0013", 1, 11, "sku"),
            ("0014", 1, 12, "sku"),
        ],
        rejects=[("B0001", "product 1 (Name 1) already sells B0002; no product is used")],
    ),
    "an item that was taken out of its binding": Case(
        [product(1, "", "0012", "0013", "0014")],
        [item("0012", "B0001"), item("0013", "B0001"), item("0014", on_web=False)],
        rows=[("B0001", 1, None, "sku"), ("0012", 1, 10, "sku"), ("0013", 1, 11, "sku")],
        rejects=[("0014", "product 1 (Name 1) already sells B0001; no product is used")],
    ),
    "the connector gives one product to two items": Case(
        [product(1, "X")],
        [item("0012"), item("0013")],
        {"0012": 1, "0013": 1},
        rows=[("0012", 1, 10, "connector")],
        rejects=[("0013", "product 1 (Name 1) already sells 0012; no product is used")],
    ),
    "a bound item that the product lacks": Case(
        [product(1, "", "0012", "X")],
        [item("0012", "B0001"), item("0013", "B0001"), item("0014", "B0001", on_web=False)],
        rows=[("B0001", 1, None, "sku"), ("0012", 1, 10, "sku")],
        rejects=[("0013", "not in the web shop yet: product 1 (Name 1) has no variant with this SKU")],
    ),
    "bound items whose variants lost their SKUs": Case(
        [product(1, "", "X", "Y", "Z")],
        [item("0012", "B0001"), item("0013", "B0001")],
        {"B0001": 1},
        {"0012": (1, 11), "0013": (1, 99)},
        [memory("0013", 1, 12)],
        rows=[("B0001", 1, None, "connector"), ("0012", 1, 11, "connector"), ("0013", 1, 12, "remembered")],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_which_product_sells_what(case: Case) -> None:
    mapped = case.map()
    assert sorted(mapped.rows, key=lambda row: row.item_key) == sorted(
        (RememberedProduct(*row) for row in case.rows),  # type: ignore[arg-type]
        key=lambda row: row.item_key,
    )
    assert mapped.rejects == tuple(Reject(*reject) for reject in case.rejects)
    keys = {found.web_key for found in case.items}
    assert dict(mapped.shop.ids) == {row[0]: row[1] for row in case.rows if row[0] in keys}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_order_of_products_and_items_makes_no_difference(case: Case) -> None:
    turned = replace(case, products=case.products[::-1], items=case.items[::-1]).map()
    assert (turned.rows, turned.rejects, turned.shop.ids) == (
        case.map().rows,
        case.map().rejects,
        case.map().shop.ids,
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_was_remembered_finds_the_same_again(case: Case) -> None:
    first = case.map()
    again = replace(case, remembered=first.rows).map()
    assert (again.rows, again.rejects) == (first.rows, first.rejects)


def test_fifty_thousand_items_each_find_their_own_product() -> None:
    bound = [item(f"{n:06}", f"B{n // 4:05}") for n in range(20_000)]
    single = [item(f"{n:06}") for n in range(20_000, 50_000)]
    products = [product(n + 1, "", *(f"{4 * n + k:06}" for k in range(4))) for n in range(5_000)]
    products += [product(n, f"{n:06}") for n in range(20_000, 49_990)]
    mapped = Case(products, [*bound, *single]).map()
    assert len(mapped.shop.ids) == 5_000 + 29_990
    assert len(set(mapped.shop.ids.values())) == len(mapped.shop.ids)
    assert len(mapped.rejects) == 10
    assert len(mapped.rows) == 5_000 + 49_990


def test_the_connectors_latest_row_counts_however_it_is_written() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        for table in (CPI_BC_PRODUCTS, CPI_BC_PROD):
            table.create(connection)
        moments = [None, datetime(2026, 3, 1), datetime(2026, 1, 1), datetime(2026, 3, 1)]
        names = ["rose", "Rose ", "ROSE", "lily"]
        rows = list(enumerate(zip(names, moments, strict=True), 1))
        connection.execute(
            insert(CPI_BC_PRODUCTS),
            [{"ITEM_NO": name, "PRODUCT_ID": n, "CREATE_DATE": at} for n, (name, at) in rows],
        )
        connection.execute(
            insert(CPI_BC_PROD),
            [
                {"SKU": name, "PRODUCT_ID": n, "VARIANT_ID": None, "LAST_MODIFIED": at}
                for n, (name, at) in rows
            ],
        )
        found = connector_rows(lambda query: list(connection.execute(query)))
    assert found == ConnectorRows({"ROSE": 2, "LILY": 4}, {"ROSE": (2, None), "LILY": (4, None)})


ANSWER = {
    "id": 5001,
    "name": 'Rose "Café" 3"',
    "sku": "0012",
    "total_sold": 12,
    "sort_order": -820,
    "is_featured": True,
    "is_visible": False,
    "availability": "preorder",
    "related_products": [-1],
    "variants": [{"id": 70, "sku": "0012", "product_id": 5001}],
}
ROSE = WebProduct(
    5001, 'Rose "Café" 3"', "0012", 12, -820, True, False, "preorder", (-1,), (WebVariant(70, "0012"),)
)


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        (ANSWER, ROSE),
        ({"id": 7}, WebProduct(7, "", "", 0, 0, False, False, "available", (), ())),
        (
            dict.fromkeys(ANSWER) | {"id": "7"},
            WebProduct(7, "", "", 0, 0, False, False, "available", (), ()),
        ),
        (
            ANSWER
            | {"total_sold": "12", "sort_order": -820.0, "is_featured": 1, "availability": " PreOrder"},
            ROSE,
        ),
        (ANSWER | {"total_sold": -3}, replace(ROSE, total_sold=-3)),
        (ANSWER | {"sku": 12, "variants": []}, replace(ROSE, sku="12", variants=())),
    ],
)
def test_products_are_read_as_the_shop_means_them(answer: dict[str, Any], read: WebProduct) -> None:
    found = as_products([answer])
    assert (found.products, found.rejects) == ({read.id: read}, ())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ANSWER | {"id": None}, "id is None, a number above 0 is expected"),
        (ANSWER | {"id": -1}, "id is -1"),
        (ANSWER | {"total_sold": "many"}, "total_sold is 'many', a whole number is expected"),
        (ANSWER | {"total_sold": True}, "total_sold is True"),
        (ANSWER | {"sort_order": 1.5}, "sort_order is 1.5"),
        (ANSWER | {"sort_order": float("nan")}, "sort_order is nan"),
        (ANSWER | {"is_featured": "perhaps"}, "is_featured is 'perhaps', true or false is expected"),
        (ANSWER | {"related_products": 5}, "related_products is 5, a list is expected"),
        (ANSWER | {"related_products": ["x"]}, "related_products is 'x'"),
        (ANSWER | {"name": {"en": "Rose"}}, "name is {'en': 'Rose'}, a text is expected"),
        (ANSWER | {"variants": [{"sku": "0012"}]}, "id is None"),
        (ANSWER | {"variants": ["0012"]}, "found '0012' in the place of a variant"),
        (["not", "a", "product"], "in the place of a product"),
    ],
)
def test_a_product_that_cannot_be_read_is_set_aside_and_the_next_is_read(answer: Any, words: str) -> None:
    found = as_products([answer, ANSWER | {"id": 9}])
    assert list(found.products) == [9]
    (reject,) = found.rejects
    assert words in reject.reason


def test_of_a_product_that_came_twice_the_last_counts() -> None:
    found = as_products([ANSWER, ANSWER | {"total_sold": 13}])
    assert [read.total_sold for read in found.products.values()] == [13]
    assert found.rejects == ()


def test_all_fields_of_a_product_are_asked_for() -> None:
    assert set(FIELDS) == set(ANSWER) - {"id", "variants"}


@pytest.mark.parametrize("shop", [Shop(), Shop({5001: ROSE}, {"0012": 5001, "B0001": 77})])
def test_a_shop_survives_its_file(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "web_shop.jsonl.gz"
    write_shop(Shop({1: replace(ROSE, id=1)}, {"old": 1}), path)
    write_shop(shop, path)
    assert read_shop(path) == shop
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_half_a_file_is_not_taken_for_a_shop(tmp_path: Path) -> None:
    path = tmp_path / "web_shop.jsonl.gz"
    write_shop(Shop({n: replace(ROSE, id=n) for n in range(1, 500)}, {}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises((EOFError, gzip.BadGzipFile)):
        read_shop(path)
