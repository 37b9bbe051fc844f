"""`python -m include.inbound --host 127.0.0.1 --port 8087`: Twilio's reports and the web forms.

It needs the variable AIRFLOW_CONN_STORE_DB, for Twilio AIRFLOW_CONN_TWILIO, and for the links by which people
leave our mailing lists AIRFLOW_CONN_WEB_FORMS.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys

import uvicorn

from include.database.engines import engine_for
from include.errors import InvalidRequest
from include.inbound.app import build
from include.inbound.connections import form_secrets, signature_of, store_database
from include.inbound.forms import WebForms
from include.inbound.settings import inbound_settings
from include.settings import store_settings

PORT = 8087
_MOST_AT_ONCE = 200


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; the exit code is 2 when a variable or setting is wrong."""
    parser = argparse.ArgumentParser(prog="python -m include.inbound", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=PORT, help="port to listen on (default: %(default)s)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    log = logging.getLogger("include.inbound")
    try:
        settings = inbound_settings()
        engine = engine_for(store_database(os.environ))
        signature = signature_of(os.environ, settings.public_url)
        secret, links = form_secrets(os.environ, settings.public_url)
    except InvalidRequest as error:
        log.error("not started: %s", error)
        return 2
    if isinstance(signature, str):
        log.warning("nothing is accepted from Twilio: %s", signature)
    if isinstance(links, str):
        log.warning("links to unsubscribe do not work: %s", links)
    store = store_settings().name
    found = None if isinstance(links, str) else links
    public_url = found.public_url if found else settings.public_url
    forms = WebForms(settings.forms, store, secret, found, public_url)
    app = build(
        engine,
        None if isinstance(signature, str) else signature,
        requests_per_minute=settings.requests_per_minute,
        help_text=settings.help_for(store),
        forms=forms,
    )
    # Whose X-Forwarded-For is believed, the variable FORWARDED_ALLOW_IPS says. No access log: addresses may
    # carry what a customer wrote.
    uvicorn.run(
        app,
        host=options.host,
        port=options.port,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_MOST_AT_ONCE,
        timeout_graceful_shutdown=10,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
