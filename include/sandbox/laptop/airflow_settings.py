"""Airflow's settings on a laptop, as environment variables."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from include.inbound.app import STATUS_PATH
from include.sandbox.laptop.places import ROOT, Places


def secret(places: Places, name: str, make: Any) -> str:
    """A secret of this house, made once and kept readable for its owner only."""
    file = places.airflow_home / "secrets" / name
    # Empty: made by a house that was killed at that moment.
    if not file.exists() or not file.read_text():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
        file.write_text(make())
    return file.read_text()


def environment(places: Places, port: int, *, schedules: bool) -> dict[str, str]:
    """The variables for all Airflow processes: SQLite, LocalExecutor, everything on 127.0.0.1.

    With `schedules` off nothing starts by the clock; runs start by hand only.
    """
    sections: dict[str, dict[str, Any]] = {
        "CORE": {
            "DAGS_FOLDER": ROOT,
            "PLUGINS_FOLDER": ROOT / "plugins",
            "LOAD_EXAMPLES": False,
            "EXECUTOR": "LocalExecutor",
            "PARALLELISM": 4,
            "TEST_CONNECTION": "Enabled",
            "SIMPLE_AUTH_MANAGER_ALL_ADMINS": True,
            "FERNET_KEY": secret(places, "fernet_key", lambda: Fernet.generate_key().decode()),
            "EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        },
        "API": {
            "HOST": "127.0.0.1",
            "PORT": port,
            "BASE_URL": f"http://127.0.0.1:{port}",
            "SECRET_KEY": secret(places, "api_secret_key", lambda: secrets.token_hex(32)),
        },
        "API_AUTH": {"JWT_SECRET": secret(places, "jwt_secret", lambda: secrets.token_hex(64))},
        "SCHEDULER": {
            "USE_JOB_SCHEDULE": schedules,
            "ENABLE_HEALTH_CHECK": False,
            # A killed laptop house shall notice its lost tasks at once, not after the default five minutes.
            "TASK_INSTANCE_HEARTBEAT_TIMEOUT": 45,
            "TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 10,
        },
        "DAG_PROCESSOR": {"DAG_VERSION_INFLATION_CHECK_LEVEL": "error", "REFRESH_INTERVAL": 30},
        "USAGE_DATA_COLLECTION": {"ENABLED": False},
    }
    variables = {
        f"AIRFLOW__{s}__{key}": str(value) for s, values in sections.items() for key, value in values.items()
    }
    outer = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return {
        **outer,
        **variables,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{outer.get('PATH', '')}",
        "AIRFLOW_HOME": str(places.airflow_home),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "RETAIL_OPS_STORE_FILES": places.store_files.as_uri(),
        "RETAIL_OPS_PHOTO_FOLDER": str(places.photos),
    }


def connections(places: Places, inbound_url: str | None = None) -> dict[str, dict[str, Any]]:
    """All Airflow connections of the sandbox: the stand-ins' own, the databases and the off-site storage.

    `inbound_url` is where the service runs to which Twilio reports.
    """
    databases = {
        "counterpoint": places.counterpoint,
        "store_db": places.store_db,
        "lgs_warehouse": places.warehouse,
    }
    found: dict[str, dict[str, Any]] = json.loads(places.connections.read_text())
    found |= {name: {"conn_type": "sqlite", "host": str(file)} for name, file in databases.items()}
    found["offsite"] = {"conn_type": "generic", "host": (places.var / "offsite").as_uri()}
    if inbound_url:
        found["twilio"]["extra"]["status_callback_url"] = f"{inbound_url}{STATUS_PATH}"
        signing = secret(places, "web_forms", lambda: secrets.token_hex(32))
        found["web_forms"] = {"conn_type": "generic", "host": inbound_url, "password": signing}
    return found


def as_variables(found: Mapping[str, dict[str, Any]], names: Iterable[str]) -> dict[str, str]:
    """Some of the connections as environment variables, for what runs without Airflow."""
    return {f"AIRFLOW_CONN_{name.upper()}": json.dumps(found[name]) for name in names}


def pools() -> dict[str, dict[str, Any]]:
    """The pools of `config/pools.json`."""
    found: dict[str, dict[str, Any]] = json.loads((ROOT / "config" / "pools.json").read_text())
    return found
