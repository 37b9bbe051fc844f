"""The connection types as an operator meets them in Airflow's connection form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
from airflow.sdk._shared.secrets_masker import should_hide_value_for_key
from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

from retail_ops.get_provider_info import get_provider_info

NAMES = {
    "bigcommerce": "BigCommerce",
    "counterpoint_api": "Counterpoint API",
    "webdav": "WebDAV",
    "twilio": "Twilio",
}
AIRFLOW = Path(airflow.__file__).parent


def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((AIRFLOW / name).read_text())
    return schema


def test_description_fits_airflows_schemas() -> None:
    info = get_provider_info()
    jsonschema.validate(info, _schema("provider_info.schema.json"))
    connection_types = _schema("provider.yaml.schema.json")["properties"]["connection-types"]
    jsonschema.validate(info["connection-types"], connection_types)


def test_airflow_finds_the_hooks_and_their_connection_ids() -> None:
    hooks = ProvidersManagerTaskRuntime().hooks
    for conn_type, name in NAMES.items():
        hook = hooks[conn_type]
        assert hook is not None, f"the hook of {conn_type} cannot be imported"
        assert (hook.hook_name, hook.package_name) == (name, "retail-ops")
        assert hook.connection_id_attribute_name == "conn_id"


@pytest.mark.parametrize("conn_type", NAMES)
def test_form_shows_names_fields_and_placeholders(conn_type: str) -> None:
    form = next(form for form in HookMetaService.hook_meta_data() if form.connection_type == conn_type)
    assert form.hook_name == NAMES[conn_type]
    assert form.standard_fields is not None and form.extra_fields is not None
    assert form.standard_fields.host is not None and form.standard_fields.host.placeholder
    assert form.standard_fields.port is not None and form.standard_fields.port.hidden
    for field in form.extra_fields.values():
        assert field["schema"]["title"], "a field without a label shows its technical name"


@pytest.mark.parametrize("conn_type", NAMES)
def test_secret_fields_are_masked_by_name(conn_type: str) -> None:
    found = next(c for c in get_provider_info()["connection-types"] if c["connection-type"] == conn_type)
    for name, field in found["conn-fields"].items():
        hidden_in_form = field["schema"].get("format") == "password"
        assert hidden_in_form == should_hide_value_for_key(name), name


def test_description_imports_nothing() -> None:
    # Airflow calls it in every process, also in those that never open a connection.
    program = (
        "import sys; from retail_ops.get_provider_info import get_provider_info; get_provider_info();"
        "print([m for m in ('requests', 'airflow', 'twilio') if m in sys.modules])"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=env, check=True
    )
    assert done.stdout.strip() == "[]"
