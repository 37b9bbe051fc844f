"""A product image's fields: what they may hold, and the addresses that the shop makes of the image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from include.sandbox.standins.bigcommerce.product_fields import SortOrder, timestamp

_SIZES = {"zoom": 1280, "standard": 386, "thumbnail": 220, "tiny": 44}

IMAGE_FIELDS = frozenset(
    {"id", "product_id", "is_thumbnail", "sort_order", "description", "image_file", "date_modified"}
    | {f"url_{name}" for name in _SIZES}
)
"""All fields that an image is shown with."""


class ImageFields(BaseModel):
    """The fields that a caller may write. Unknown fields are passed over."""

    model_config = ConfigDict(strict=True, extra="ignore")

    image_url: Annotated[str, Field(max_length=255, pattern=r"^https?://[^/\s]+/\S+$")] = ""
    is_thumbnail: bool = False
    sort_order: SortOrder = 0
    description: str = ""


class NewImage(ImageFields):
    """An image that is to be fetched from an address."""

    image_url: Annotated[str, Field(max_length=255, pattern=r"^https?://[^/\s]+/\S+$")]


def image_document(given: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the shop keeps of an image: no picture, but the name that the shop gives its file."""
    start = old or {"is_thumbnail": False, "sort_order": 0, "description": ""}
    document = {**start, **given, "date_modified": timestamp()}
    if "image_url" in document:
        document["image_file"] = "u/" + document.pop("image_url").rpartition("/")[2].partition("?")[0]
    return document


def shown_image(image_id: int, product_id: int, document: Mapping[str, Any]) -> dict[str, Any]:
    """An image as an answer shows it."""
    name, _, ending = document["image_file"].rpartition("/")[2].rpartition(".")
    address = f"https://cdn.example.com/products/{product_id}/images/{image_id}/{name}"
    urls = {f"url_{size}": f"{address}.{pixels}.{pixels}.{ending}" for size, pixels in _SIZES.items()}
    return {"id": image_id, "product_id": product_id, **document, **urls}
