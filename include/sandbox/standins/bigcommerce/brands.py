"""Brands (version 3): the list, and a new brand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError

from include.errors import InvalidRequest
from include.sandbox.standins.bigcommerce.addresses import slug
from include.sandbox.standins.bigcommerce.bodies import read_fields
from include.sandbox.standins.bigcommerce.errors import BigCommerceError
from include.sandbox.standins.bigcommerce.filters import Filters, apply_filters, number_filters, wanted_fields
from include.sandbox.standins.bigcommerce.paging import asked_page
from include.sandbox.standins.bigcommerce.product_fields import LongText, ShortText
from include.sandbox.standins.context import context_of
from include.sandbox.standins.state import brands, writing

router = APIRouter()

_DUPLICATE = "The brand is in conflict with another brand"
_FILTERS: Filters = {
    **number_filters("id", brands.c.id),
    "name": lambda value: brands.c.name_key == value.casefold(),
    "name:like": lambda value: brands.c.name_key.contains(value.casefold(), autoescape=True),
}


class BrandUrl(BaseModel):
    """A brand's address in the shop."""

    model_config = ConfigDict(strict=True, extra="ignore")

    url: Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^(/([A-Za-z0-9\-_.]{1,256}))*/?$")]
    is_customized: bool = True


class BrandFields(BaseModel):
    """The fields that a caller may write. Unknown fields are passed over."""

    model_config = ConfigDict(strict=True, extra="ignore")

    name: Annotated[str, Field(min_length=1, max_length=255)]
    page_title: ShortText = ""
    meta_keywords: list[str] = []
    meta_description: LongText = ""
    search_keywords: LongText = ""
    image_url: str = ""
    custom_url: BrandUrl | None = None


class LoadedBrand(BrandFields):
    """A brand that is put into the shop from outside the API."""

    model_config = ConfigDict(strict=True, extra="forbid")

    id: Annotated[int, Field(ge=1)]


_BRAND_FIELDS = frozenset(LoadedBrand.model_fields)


@router.get("/v3/catalog/brands")
def read_brands(request: Request) -> JSONResponse:
    """A page of brands, sorted by id, or by name with `sort=name`."""
    parameters = dict(request.query_params)
    page = asked_page(parameters)
    wanted = wanted_fields(parameters, _BRAND_FIELDS)
    sort, direction = parameters.pop("sort", "id"), parameters.pop("direction", "asc")
    columns = {"id": brands.c.id, "name": brands.c.name_key}
    if sort not in columns or direction not in ("asc", "desc"):
        raise BigCommerceError(
            422, "The request is not valid", {"sort": f"{sort!r} {direction!r} is no order"}
        )
    order = columns[sort].desc() if direction == "desc" else columns[sort]
    chosen = apply_filters(select(brands.c.document).order_by(order), _FILTERS, parameters)
    with context_of(request).engine.connect() as connection:
        rows, meta = page.read(connection, chosen)
    data = [{name: value for name, value in row.document.items() if name in wanted} for row in rows]
    return JSONResponse({"data": data, "meta": meta})


@router.post("/v3/catalog/brands")
async def create_brand(request: Request) -> JSONResponse:
    """Make a brand; raises 409 where there is one of that name."""
    given = await read_fields(request, BrandFields)

    def add() -> JSONResponse:
        with writing(context_of(request).engine) as connection:
            return JSONResponse({"data": _add(connection, given), "meta": {}})

    return await run_in_threadpool(add)


def load_brands(engine: Engine, rows: Iterable[Mapping[str, Any]]) -> int:
    """Put brands into the web shop as if they had been there; returns how many.

    A row has at least `id` and `name`; a brand with the same id is replaced. Raises `InvalidRequest` for a
    field that brands do not have, and for two brands with the same name.
    """
    try:
        documents = [_document(LoadedBrand.model_validate(dict(row)).model_dump()) for row in rows]
    except ValidationError as error:
        raise InvalidRequest(f"brand refused: {error}") from error
    if not documents:
        return 0
    statement = sqlite_insert(brands)
    replaced = {name: statement.excluded[name] for name in ("name_key", "document")}
    values = [{"id": document["id"], **_columns(document)} for document in documents]
    try:
        with engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=replaced), values)
    except IntegrityError as error:
        raise InvalidRequest("two brands have the same name (case is not told apart)") from error
    return len(documents)


def _add(connection: Connection, given: Mapping[str, Any]) -> dict[str, Any]:
    document = _document(BrandFields.model_validate(given).model_dump())
    try:
        made = connection.execute(insert(brands).values(_columns(document)).returning(brands.c.id))
    except IntegrityError:
        raise BigCommerceError(409, _DUPLICATE, {"name": "the name is another brand's"}) from None
    document = {"id": made.scalar_one(), **document}
    connection.execute(update(brands).where(brands.c.id == document["id"]).values(document=document))
    return document


def _document(fields: Mapping[str, Any]) -> dict[str, Any]:
    url = fields["custom_url"] or {"url": f"/brands/{slug(fields['name'])}/", "is_customized": False}
    return {**fields, "custom_url": url}


def _columns(document: Mapping[str, Any]) -> dict[str, Any]:
    return {"name_key": document["name"].casefold(), "document": dict(document)}
