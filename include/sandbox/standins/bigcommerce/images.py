"""Images of a product (version 3). The shop fetches no picture: the stand-in keeps what it is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import Connection, delete, func, insert, select, update

from include.sandbox.standins.bigcommerce.bodies import read_fields
from include.sandbox.standins.bigcommerce.errors import BigCommerceError
from include.sandbox.standins.bigcommerce.filters import apply_filters, wanted_fields
from include.sandbox.standins.bigcommerce.image_fields import (
    IMAGE_FIELDS,
    ImageFields,
    NewImage,
    image_document,
    shown_image,
)
from include.sandbox.standins.bigcommerce.paging import asked_page
from include.sandbox.standins.bigcommerce.product_store import find_products, note_changes
from include.sandbox.standins.context import context_of
from include.sandbox.standins.state import images, writing

router = APIRouter()

MOST_IMAGES = 1000

_LIST = "/v3/catalog/products/{product_id:int}/images"
_ONE = _LIST + "/{image_id:int}"
_NOT_SIMULATED = frozenset({"image_file"})

Document = dict[str, Any]


@router.get(_LIST)
def read_images(request: Request, product_id: int) -> Response:
    """A page of a product's images, sorted by id, or 204 without a body where there is none."""
    parameters = dict(request.query_params)
    page = asked_page(parameters)
    wanted = wanted_fields(parameters, IMAGE_FIELDS)
    chosen = apply_filters(select(images).where(images.c.product_id == product_id), {}, parameters)
    with context_of(request).engine.connect() as connection:
        find_products(connection, [product_id])
        rows, meta = page.read(connection, chosen.order_by(images.c.id))
    if not rows:
        return Response(status_code=204)
    shown = [shown_image(row.id, product_id, row.document) for row in rows]
    data = [{name: value for name, value in image.items() if name in wanted} for image in shown]
    return JSONResponse({"data": data, "meta": meta})


@router.post(_LIST)
async def create_image(request: Request, product_id: int) -> JSONResponse:
    """Take an image from its address."""
    given = await read_fields(request, NewImage, _NOT_SIMULATED)
    return await _write(request, product_id, lambda connection: _add(connection, product_id, given))


@router.put(_ONE)
async def update_image(request: Request, product_id: int, image_id: int) -> JSONResponse:
    """Change what is told of an image, or take another picture for it."""
    given = await read_fields(request, ImageFields, _NOT_SIMULATED)
    return await _write(
        request, product_id, lambda connection: _change(connection, product_id, image_id, given)
    )


@router.delete(_ONE)
def delete_image(request: Request, product_id: int, image_id: int) -> Response:
    """Delete an image, whether it exists or not."""
    with writing(context_of(request).engine) as connection:
        gone = delete(images).where(images.c.product_id == product_id, images.c.id == image_id)
        document = connection.scalar(gone.returning(images.c.document))
        if document is not None:
            [product] = find_products(connection, [product_id])
            note_changes(
                connection, product, _named(image_id, document["image_file"]), _named(image_id, None)
            )
    return Response(status_code=204)


async def _write(
    request: Request, product_id: int, write: Callable[[Connection], tuple[int, Document]]
) -> JSONResponse:
    def run() -> JSONResponse:
        with writing(context_of(request).engine) as connection:
            image_id, document = write(connection)
        return JSONResponse({"data": shown_image(image_id, product_id, document), "meta": {}})

    return await run_in_threadpool(run)


def _add(connection: Connection, product_id: int, given: Mapping[str, Any]) -> tuple[int, Document]:
    [product] = find_products(connection, [product_id])
    others = select(func.count()).select_from(images).where(images.c.product_id == product_id)
    count = connection.scalar(others) or 0
    if count >= MOST_IMAGES:
        raise BigCommerceError(
            422, "The product image is not valid", {"image": f"not more than {MOST_IMAGES} images"}
        )
    # The first image is the one that lists show.
    document = image_document({**given, "is_thumbnail": given.get("is_thumbnail", False) or not count})
    made = insert(images).values(product_id=product_id, document=document).returning(images.c.id)
    image_id = connection.execute(made).scalar_one()
    note_changes(connection, product, {}, _named(image_id, document["image_file"]))
    _keep_one_thumbnail(connection, product_id, image_id, document)
    return image_id, document


def _change(
    connection: Connection, product_id: int, image_id: int, given: Mapping[str, Any]
) -> tuple[int, Document]:
    [product] = find_products(connection, [product_id])
    chosen = select(images.c.document).where(images.c.product_id == product_id, images.c.id == image_id)
    old = connection.scalar(chosen)
    if old is None:
        raise BigCommerceError(404, f"The image {image_id} of the product {product_id} was not found")
    document = image_document(given, old)
    connection.execute(update(images).where(images.c.id == image_id).values(document=document))
    before = {f"images.{image_id}.{name}": value for name, value in old.items()}
    after = {
        f"images.{image_id}.{name}": value for name, value in document.items() if name != "date_modified"
    }
    note_changes(connection, product, before, after)
    _keep_one_thumbnail(connection, product_id, image_id, document)
    return image_id, document


def _keep_one_thumbnail(
    connection: Connection, product_id: int, image_id: int, document: Mapping[str, Any]
) -> None:
    """A product is listed with one image: the newest choice takes the place of the older one."""
    if not document["is_thumbnail"]:
        return
    others = select(images).where(images.c.product_id == product_id, images.c.id != image_id)
    for row in connection.execute(others).all():
        if row.document["is_thumbnail"]:
            changed = {**row.document, "is_thumbnail": False}
            connection.execute(update(images).where(images.c.id == row.id).values(document=changed))


def _named(image_id: int, file: str | None) -> dict[str, Any]:
    return {f"images.{image_id}": file}
