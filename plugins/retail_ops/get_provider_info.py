"""What Airflow's provider manager reads about this package: the connection types and their form fields.

It is called in every Airflow process, so it imports nothing. The plugin is not listed here: its entry point
in `pyproject.toml` loads it already, and a second mention would load it twice.
"""

from __future__ import annotations

from typing import Any

_OPTIONAL_TEXT = {"type": ["string", "null"]}


def _timeout_field(default: int) -> dict[str, Any]:
    return {
        "label": "Time-out in seconds",
        "description": "How long to wait for an answer before the request counts as failed.",
        "schema": {"type": ["integer", "null"], "minimum": 1, "maximum": 900, "default": default},
    }


def get_provider_info() -> dict[str, Any]:
    """The provider's description, as `airflow/provider_info.schema.json` wants it.

    Secret form fields are either the connection's password or have a name that Airflow masks in logs and in
    its API (`api_key`).
    """
    return {
        "package-name": "retail-ops",
        "name": "Retail Ops",
        "description": "A store's vendors: BigCommerce, the Counterpoint API, WebDAV and Twilio.",
        "connection-types": [_bigcommerce(), _counterpoint_api(), _webdav(), _twilio()],
    }


def _bigcommerce() -> dict[str, Any]:
    return {
        "connection-type": "bigcommerce",
        "hook-class-name": "retail_ops.hooks.bigcommerce.BigCommerceHook",
        "hook-name": "BigCommerce",
        "ui-field-behaviour": {
            "hidden-fields": ["login", "port", "schema"],
            "relabeling": {"host": "API base URL", "password": "Access token"},
            "placeholders": {
                "host": "https://api.bigcommerce.com",
                "password": "access token of the store's API account",
            },
        },
        "conn-fields": {
            "store_hash": {
                "label": "Store hash",
                "description": "The part after store- in the store's permanent address.",
                "schema": {"type": "string", "minLength": 3, "pattern": "^[A-Za-z0-9]+$"},
            },
            "reserve": {
                "label": "Requests left to others",
                "description": "How many requests of the shop's quota are left to its other apps and tasks.",
                "schema": {"type": ["integer", "null"], "minimum": 0, "maximum": 1000, "default": 5},
            },
            "timeout_seconds": _timeout_field(60),
        },
    }


def _counterpoint_api() -> dict[str, Any]:
    return {
        "connection-type": "counterpoint_api",
        "hook-class-name": "retail_ops.hooks.counterpoint_api.CounterpointApiHook",
        "hook-name": "Counterpoint API",
        "ui-field-behaviour": {
            "hidden-fields": ["port", "schema"],
            "relabeling": {"host": "API server", "login": "User", "password": "Password"},
            "placeholders": {"host": "https://server:52000", "login": "Counterpoint user"},
        },
        "conn-fields": {
            "company": {
                "label": "Company alias",
                "description": "The alias of the company as the API server's configuration names it.",
                "schema": {"type": "string", "minLength": 1},
            },
            "api_key": {
                "label": "API key",
                "description": "Issued by NCR for the integration; keys end after two years.",
                "schema": {"type": "string", "format": "password", "minLength": 1},
            },
            "verify_tls": {
                "label": "Check the server's certificate",
                "description": "Leave on. For a self-signed certificate name its file below instead.",
                "schema": {"type": ["boolean", "null"], "default": True},
            },
            "ca_file": {
                "label": "Certificate file",
                "description": "PEM file with the server's self-signed certificate or its authority.",
                "schema": _OPTIONAL_TEXT,
            },
            "timeout_seconds": _timeout_field(60),
        },
    }


def _webdav() -> dict[str, Any]:
    return {
        "connection-type": "webdav",
        "hook-class-name": "retail_ops.hooks.webdav.WebDavHook",
        "hook-name": "WebDAV",
        "ui-field-behaviour": {
            "hidden-fields": ["port", "schema"],
            "relabeling": {"host": "Address of the WebDAV folder"},
            "placeholders": {
                "host": "https://store-<hash>.mybigcommerce.com/dav",
                "login": "e-mail address of the WebDAV user",
            },
        },
        "conn-fields": {
            "authentication": {
                "label": "Authentication",
                "description": "BigCommerce asks for digest.",
                "schema": {"type": ["string", "null"], "enum": ["digest", "basic"], "default": "digest"},
            },
            "timeout_seconds": _timeout_field(120),
        },
    }


def _twilio() -> dict[str, Any]:
    return {
        "connection-type": "twilio",
        "hook-class-name": "retail_ops.hooks.twilio_messaging.TwilioHook",
        "hook-name": "Twilio",
        "ui-field-behaviour": {
            "hidden-fields": ["port", "schema"],
            "relabeling": {
                "host": "Other API address (tests only)",
                "login": "Account SID",
                "password": "Auth token",
            },
            "placeholders": {"host": "leave empty for Twilio itself", "login": "AC..."},
        },
        "conn-fields": {
            "messaging_service_sid": {
                "label": "Messaging service SID",
                "description": "MG...: the service that texts are sent through.",
                "schema": {**_OPTIONAL_TEXT, "pattern": "^(MG[0-9a-fA-F]{32})?$"},
            },
            "from_number": {
                "label": "Sender number",
                "description": "Used when there is no messaging service; with country code: +15005550006.",
                "schema": _OPTIONAL_TEXT,
            },
            "status_callback_url": {
                "label": "Status callback URL",
                "description": "Where Twilio reports what became of a text.",
                "schema": _OPTIONAL_TEXT,
            },
            "timeout_seconds": _timeout_field(30),
        },
    }
