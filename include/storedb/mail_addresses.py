"""E-mail addresses as the house keeps them: one spelling, so that one person is not two."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from include.errors import InvalidRequest

LONGEST = 254
"""Characters of the longest address that mail servers take (RFC 5321)."""


def mail_address(text: str) -> str:
    """The address in `text` in small letters, its domain in ASCII; nothing is asked of the network.

    Raises `InvalidRequest` for what is no address of the internet. Its words do not repeat the address.
    """
    address = text.strip()
    if not address or len(address) > LONGEST:
        raise InvalidRequest("the e-mail address is " + ("too long" if address else "missing"))
    try:
        found = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise InvalidRequest("the e-mail address is malformed") from None
    return (found.ascii_email or found.normalized).lower()
