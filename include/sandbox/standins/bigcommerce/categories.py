"""Categories (version 3): the list over all trees, and the old list that version 3 began with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal
from uuid import NAMESPACE_URL, uuid5

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Engine, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError

from include.errors import InvalidRequest
from include.sandbox.standins.bigcommerce.addresses import slug
from include.sandbox.standins.bigcommerce.filters import (
    Filters,
    apply_filters,
    number_filters,
    numbers,
    wanted_fields,
)
from include.sandbox.standins.bigcommerce.paging import asked_page
from include.sandbox.standins.bigcommerce.product_fields import LongText, ShortText, SortOrder
from include.sandbox.standins.context import context_of
from include.sandbox.standins.state import categories

router = APIRouter()

_COLUMNS = categories.c
_NAMES: Filters = {
    "name": lambda value: _COLUMNS.name_key == value.casefold(),
    "name:like": lambda value: _COLUMNS.name_key.contains(value.casefold(), autoescape=True),
}
_TREE_FILTERS: Filters = {
    **_NAMES,
    "category_id:in": lambda value: _COLUMNS.id.in_(numbers(value, "category_id:in")),
    "category_id:not_in": lambda value: _COLUMNS.id.not_in(numbers(value, "category_id:not_in")),
    "tree_id:in": lambda value: _COLUMNS.tree_id.in_(numbers(value, "tree_id:in")),
    "parent_id:in": lambda value: _COLUMNS.parent_id.in_(numbers(value, "parent_id:in", 0)),
}
_OLD_FILTERS: Filters = {
    **_NAMES,
    **number_filters("id", _COLUMNS.id),
    "parent_id": lambda value: _COLUMNS.parent_id.in_(numbers(value, "parent_id", 0)),
    "parent_id:in": lambda value: _COLUMNS.parent_id.in_(numbers(value, "parent_id:in", 0)),
}


class LoadedCategory(BaseModel):
    """A category that is put into the shop from outside the API; `parent_id` is 0 at the top of its tree."""

    model_config = ConfigDict(strict=True, extra="forbid")

    category_id: Annotated[int, Field(ge=1)]
    name: Annotated[str, Field(min_length=1, max_length=50)]
    tree_id: Annotated[int, Field(ge=1)] = 1
    parent_id: Annotated[int, Field(ge=0)] = 0
    description: str = ""
    views: Annotated[int, Field(ge=0)] = 0
    sort_order: SortOrder = 0
    page_title: str = ""
    meta_keywords: list[str] = []
    meta_description: LongText = ""
    layout_file: Annotated[str, Field(max_length=50)] = ""
    image_url: str = ""
    is_visible: bool = True
    search_keywords: ShortText = ""
    default_product_sort: Literal[
        "use_store_settings",
        "featured",
        "newest",
        "best_selling",
        "alpha_asc",
        "alpha_desc",
        "avg_customer_review",
        "price_asc",
        "price_desc",
    ] = "use_store_settings"


_TREE_FIELDS = frozenset(LoadedCategory.model_fields) | {"category_uuid", "url"}
_OLD_FIELDS = frozenset(LoadedCategory.model_fields) - {"category_id", "tree_id"} | {"id", "custom_url"}


@router.get("/v3/catalog/trees/categories")
def read_categories(request: Request) -> JSONResponse:
    """A page of the categories of all trees, sorted by id."""
    return _page(request, _TREE_FILTERS, _TREE_FIELDS)


@router.get("/v3/catalog/categories")
def read_old_categories(request: Request) -> JSONResponse:
    """The same in the old form, which is deprecated."""
    return _page(request, _OLD_FILTERS, _OLD_FIELDS)


def load_categories(engine: Engine, rows: Iterable[Mapping[str, Any]]) -> int:
    """Put categories into the web shop as if they had been there; returns how many.

    A row has at least `category_id` and `name`; a category with the same id is replaced. Raises
    `InvalidRequest` for a field that categories do not have, and for two of the same name beside each other.
    """
    try:
        documents = [LoadedCategory.model_validate(dict(row)).model_dump() for row in rows]
    except ValidationError as error:
        raise InvalidRequest(f"category refused: {error}") from error
    if not documents:
        return 0
    values = [
        {
            "id": document["category_id"],
            "tree_id": document["tree_id"],
            "parent_id": document["parent_id"],
            "name_key": document["name"].casefold(),
            "document": document,
        }
        for document in documents
    ]
    statement = insert(categories)
    replaced = {name: statement.excluded[name] for name in values[0] if name != "id"}
    try:
        with engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=replaced), values)
    except IntegrityError as error:
        raise InvalidRequest("two categories of one parent have the same name") from error
    return len(documents)


def _page(request: Request, filters: Filters, fields: frozenset[str]) -> JSONResponse:
    parameters = dict(request.query_params)
    page = asked_page(parameters)
    wanted = (wanted_fields(parameters, fields) | {"category_id"}) & fields
    chosen = apply_filters(select(_COLUMNS.document).order_by(_COLUMNS.id), filters, parameters)
    with context_of(request).engine.connect() as connection:
        rows, meta = page.read(connection, chosen)
    data = [{name: value for name, value in _shown(row.document).items() if name in wanted} for row in rows]
    return JSONResponse({"data": data, "meta": meta})


def _shown(document: Mapping[str, Any]) -> dict[str, Any]:
    """A category with the fields of both forms."""
    category_id, path = document["category_id"], f"/{slug(document['name'])}/"
    return {
        **document,
        "id": category_id,
        "category_uuid": str(uuid5(NAMESPACE_URL, f"category:{category_id}")),
        "url": {"path": path, "is_customized": False},
        "custom_url": {"url": path, "is_customized": False},
    }
