"""The mail server and the sender of all mails, as the connection `smtp_default` has them."""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from typing import Any, cast

from include.errors import BadCredentials, InvalidRequest, InvalidSettings, VendorUnavailable
from include.privacy import masked
from include.settings import store_settings

CONNECTION = "smtp_default"


def mail_sender() -> Address:
    """Whom mails come from: the store, at the address of the connection.

    Raises `InvalidSettings` when the connection has none.
    """
    from include.reporting.settings import mail_address

    found = _hook().from_email or ""
    try:
        return Address(display_name=store_settings().name, addr_spec=mail_address(found))
    except ValueError as error:
        raise InvalidSettings(
            f"the connection {CONNECTION} needs from_email in its extra, the address that mails come from: "
            f"{error} (found {found!r})"
        ) from None


def connected() -> smtplib.SMTP:
    """A connection to the mail server, encrypted and logged in as the connection says.

    Raises `BadCredentials` when the login is refused, `InvalidRequest` when the connection is missing or its
    encryption does not fit the server, `VendorUnavailable` when the server does not answer.
    """
    from airflow.sdk.exceptions import AirflowException

    hook = _hook()
    try:
        return cast("smtplib.SMTP", hook.get_conn()._smtp_client)
    except smtplib.SMTPAuthenticationError as error:
        raise BadCredentials(
            f"the mail server refuses the login ({error.smtp_code}); mend the connection {CONNECTION}"
        ) from None
    except (ssl.SSLError, smtplib.SMTPNotSupportedError) as error:
        raise InvalidRequest(
            f"no encrypted connection to the mail server: {masked(str(error))}; disable_ssl and disable_tls "
            f"of the connection {CONNECTION} have to fit the server"
        ) from None
    except (OSError, AirflowException) as error:
        raise VendorUnavailable(f"the mail server does not answer: {masked(str(error))}") from None


def _hook() -> Any:
    """The provider's hook with its connection loaded; raises `InvalidRequest` when there is none."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    hook = SmtpHook(smtp_conn_id=CONNECTION)
    try:
        hook.smtp_connection = hook.get_connection(CONNECTION)
    except AirflowNotFoundException:
        raise InvalidRequest(f"there is no connection {CONNECTION}; it names the mail server") from None
    return hook
