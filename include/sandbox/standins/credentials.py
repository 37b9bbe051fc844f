"""The logins of the stand-ins, and the Airflow connections that use them.

They open nothing but the sandbox, so they are constants and may be read by anyone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from include.sandbox.standins.server import StandIns

BIGCOMMERCE_STORE_HASH = "gardensbox"
BIGCOMMERCE_TOKEN = "sandbox-bigcommerce-token"  # noqa: S105

COUNTERPOINT_COMPANY = "GARDEN"
COUNTERPOINT_USER = "AUTOMATION"
COUNTERPOINT_PASSWORD = "sandbox-counterpoint-password"  # noqa: S105
COUNTERPOINT_API_KEY = "sandbox-counterpoint-api-key"

WEBDAV_USER = "owner@example.com"
WEBDAV_PASSWORD = "sandbox-webdav-password"  # noqa: S105

TWILIO_ACCOUNT_SID = "AC5a9d0b0c5a9d0b0c5a9d0b0c5a9d0b0c"
TWILIO_AUTH_TOKEN = "sandbox-twilio-token"  # noqa: S105
TWILIO_MESSAGING_SERVICE_SID = "MG5a9d0b0c5a9d0b0c5a9d0b0c5a9d0b0c"
TWILIO_FROM_NUMBER = "+15005550006"

SMTP_USER = "automations@example.com"
SMTP_PASSWORD = "sandbox-smtp-password"  # noqa: S105

COMPETITOR_USER = "garden-buyer"
COMPETITOR_PASSWORD = "sandbox-competitor-password"  # noqa: S105


def connections(vendors: StandIns) -> dict[str, dict[str, Any]]:
    """The Airflow connections to running stand-ins, by connection id.

    Each value has the keys of Airflow's JSON connection format (`conn_type, host, port, login, password,
    extra`), so that it can be given as `AIRFLOW_CONN_<ID>`, or all of them to `airflow connections import`.
    """
    return {
        "bigcommerce": {
            "conn_type": "bigcommerce",
            "host": vendors.http_url,
            "password": BIGCOMMERCE_TOKEN,
            "extra": {"store_hash": BIGCOMMERCE_STORE_HASH},
        },
        "counterpoint_api": {
            "conn_type": "counterpoint_api",
            "host": vendors.counterpoint_api_url,
            "login": COUNTERPOINT_USER,
            "password": COUNTERPOINT_PASSWORD,
            "extra": {"company": COUNTERPOINT_COMPANY, "api_key": COUNTERPOINT_API_KEY},
        },
        "webdav": {
            "conn_type": "webdav",
            "host": vendors.webdav_url,
            "login": WEBDAV_USER,
            "password": WEBDAV_PASSWORD,
        },
        "twilio": {
            "conn_type": "twilio",
            "host": vendors.twilio_url,
            "login": TWILIO_ACCOUNT_SID,
            "password": TWILIO_AUTH_TOKEN,
            "extra": {
                "messaging_service_sid": TWILIO_MESSAGING_SERVICE_SID,
                "from_number": TWILIO_FROM_NUMBER,
                "stand_in": True,
            },
        },
        "competitor_greenfields": {
            "conn_type": "generic",
            "host": vendors.competitor_url,
            "login": COMPETITOR_USER,
            "password": COMPETITOR_PASSWORD,
        },
        "smtp_default": {
            "conn_type": "smtp",
            "host": vendors.advertised_host,
            "port": vendors.smtp_port,
            "login": SMTP_USER,
            "password": SMTP_PASSWORD,
            "extra": {
                "disable_ssl": True,
                # The server offers STARTTLS, but Airflow's asynchronous mail client cannot be told to take a
                # certificate that nobody vouches for.
                "disable_tls": True,
                "from_email": SMTP_USER,
            },
        },
    }
