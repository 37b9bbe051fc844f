"""How products are shown: with which fields, and with which of what belongs to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from include.sandbox.standins.bigcommerce.errors import BigCommerceError
from include.sandbox.standins.bigcommerce.filters import comma_list, wanted_fields
from include.sandbox.standins.bigcommerce.image_fields import shown_image
from include.sandbox.standins.bigcommerce.product_fields import INCLUDABLE, PRODUCT_FIELDS
from include.sandbox.standins.bigcommerce.variant_fields import shown_variant
from include.sandbox.standins.state import images, variants

Document = Mapping[str, Any]


@dataclass(frozen=True)
class ProductView:
    """What of a product is shown: `fields` of its own and `parts` that belong to it."""

    fields: frozenset[str]
    parts: frozenset[str]

    def show(self, connection: Connection, documents: Sequence[Document]) -> list[dict[str, Any]]:
        """Products as an answer shows them."""
        found = {part: _PARTS[part](connection, documents) for part in sorted(self.parts)}
        return [
            {name: value for name, value in document.items() if name in self.fields}
            | {part: by_product[document["id"]] for part, by_product in found.items()}
            for document in documents
        ]


def asked_view(parameters: dict[str, str]) -> ProductView:
    """Take `include`, `include_fields` and `exclude_fields` out of the parameters; raises 422."""
    parts = comma_list(parameters.pop("include", ""))
    unknown = sorted(parts - set(_PARTS))
    if unknown:
        raise BigCommerceError(
            422,
            "The sandbox does not know these parts of products",
            {"include": f"not simulated: {', '.join(unknown)}"},
        )
    return ProductView(wanted_fields(parameters, PRODUCT_FIELDS, INCLUDABLE), parts)


def variants_of(
    connection: Connection, documents: Sequence[Document]
) -> defaultdict[int, list[dict[str, Any]]]:
    """The variants of products by product id, each product's by their ids."""
    products = {document["id"]: document for document in documents}
    chosen = select(variants).where(variants.c.product_id.in_(products)).order_by(variants.c.id)
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(chosen):
        found[row.product_id].append(shown_variant(row.id, row.document, products[row.product_id]))
    return found


def images_of(
    connection: Connection, documents: Sequence[Document]
) -> defaultdict[int, list[dict[str, Any]]]:
    """The images of products by product id, each product's by their ids."""
    ids = [document["id"] for document in documents]
    chosen = select(images).where(images.c.product_id.in_(ids)).order_by(images.c.id)
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(chosen):
        found[row.product_id].append(shown_image(row.id, row.product_id, row.document))
    return found


_PARTS = {"variants": variants_of, "images": images_of}
