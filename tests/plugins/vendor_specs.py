"""The vendors' API specifications, to hold the stand-ins against.

`VENDOR_SPECS_DIR` names the folder of the specifications; without it `shared/specs` beside the repository is
used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from openapi_core import Config, OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse

from include.sandbox.standins import credentials
from include.sandbox.standins.server import StandIns

SPECS = Path(os.environ.get("VENDOR_SPECS_DIR") or Path(__file__).parents[3] / "shared/specs")
SECONDS = 10

needs_specs = pytest.mark.skipif(
    not SPECS.is_dir(), reason=f"no vendor specifications at {SPECS} (set VENDOR_SPECS_DIR)"
)


class Contract:
    """A specification whose servers are the stand-in: sends requests and checks both directions.

    `mend` repairs what a specification contradicts itself in.
    """

    def __init__(
        self, file: str, base: str, *, mend: Callable[[Any], None] = lambda document: None, **always: Any
    ) -> None:
        document = json.loads((SPECS / file).read_text(encoding="utf-8"))
        document["servers"] = [{"url": base}]
        for path in document["paths"].values():
            path.pop("servers", None)
            for operation in path.values():
                _let_empty_answers_be_empty(operation)
        mend(document)
        words = Config(extra_media_type_deserializers={"plain/text": bytes.decode})
        self._openapi = OpenAPI.from_dict(document, config=words)
        self._base = base
        self._always = always

    def call(self, method: str, path: str, *, refused: bool = False, **more: Any) -> requests.Response:
        """Send a request and check its answer; the request too, unless it is wrong on purpose (`refused`)."""
        values = {**self._always, **more}
        headers = {**self._always.get("headers", {}), **more.get("headers", {})}
        request = requests.Request(method, self._base + path, **{**values, "headers": headers}).prepare()
        with requests.Session() as session:
            answer = session.send(request, timeout=SECONDS)
        asked = RequestsOpenAPIRequest(request)
        if not refused:
            self._openapi.validate_request(asked)
        self._openapi.validate_response(asked, RequestsOpenAPIResponse(answer))
        return answer


def _let_empty_answers_be_empty(operation: Any) -> None:
    """An answer with an empty list of forms would be expected to have a body."""
    for answer in operation.get("responses", {}).values() if isinstance(operation, dict) else ():
        if answer.get("content") == {}:
            del answer["content"]


def bigcommerce_contract(
    vendors: StandIns, file: str, version: str, mend: Callable[[Any], None] = lambda document: None
) -> Contract:
    """A specification of BigCommerce's version `v2` or `v3`, with a token."""
    base = f"{vendors.http_url}/stores/{credentials.BIGCOMMERCE_STORE_HASH}/{version}"
    headers = {"X-Auth-Token": credentials.BIGCOMMERCE_TOKEN, "Accept": "application/json"}
    return Contract(f"bigcommerce/normalized/{file}", base, mend=mend, headers=headers)
