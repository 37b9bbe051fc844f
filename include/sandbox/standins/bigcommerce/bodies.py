"""The body of a request: read as JSON, and checked by a model of fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from include.sandbox.standins.bigcommerce.errors import BigCommerceError

_Model = TypeVar("_Model", bound=BaseModel)


async def read_json(request: Request) -> Any:
    """The body; raises `BigCommerceError`: 415 without a JSON content type, 400 where it is no JSON."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BigCommerceError(415, "The Content-Type must be application/json")
    try:
        return json.loads(await request.body())
    except ValueError:
        raise BigCommerceError(400, "Input is invalid: the body is not JSON") from None


async def read_list(request: Request, most: int) -> list[Any]:
    """A batch of one to `most` objects; raises what `read_json` does, 413 for more and 422 for no batch."""
    body = await read_json(request)
    if not isinstance(body, list) or not body:
        raise BigCommerceError(422, "The batch is not valid", {"": "an array of at least one is needed"})
    if len(body) > most:
        raise BigCommerceError(
            413, f"The request payload is too large. The maximum items allowed in the array is {most}."
        )
    return body


def checked(
    model: type[_Model], item: Any, not_simulated: frozenset[str] = frozenset()
) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields of `model` that `item` has, and what is wrong with it by field.

    The API writes the fields in `not_simulated`, the stand-in keeps none of them: passing over them would
    look like success.
    """
    try:
        given = model.model_validate(item).model_dump(exclude_unset=True)
    except ValidationError as error:
        return {}, {".".join(str(part) for part in e["loc"]): e["msg"] for e in error.errors()}
    names = sorted(not_simulated & set(item)) if isinstance(item, Mapping) else []
    return given, {name: f"{name} is not simulated" for name in names}


async def read_fields(
    request: Request, model: type[_Model], not_simulated: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The fields of one object; raises what `read_json` does, and 422 that names the wrong fields."""
    given, errors = checked(model, await read_json(request), not_simulated)
    if errors:
        raise BigCommerceError(422, "The request is not valid", errors)
    return given
