"""Schema of `reports.yaml`."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from include.errors import InvalidSettings
from include.settings.loader import Settings, load_settings

_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
LONGEST_ADDRESS = 190
"""Characters of an address that the ledger keeps."""


def mail_address(value: str) -> str:
    """An address as it is written to, the domain in lower case.

    Raises `ValueError` for what is none, and for what our mails cannot be addressed to.
    """
    try:
        found = Address(addr_spec=value)
    except (ValueError, HeaderParseError, IndexError):
        raise ValueError("a mail address such as name@store.example is expected") from None
    plain = value.isascii() and value.isprintable() and not re.search(r"[\s,;:<>\"()\[\]\\]", value)
    if not plain or not found.username or not _DOMAIN.fullmatch(found.domain):
        raise ValueError("a mail address such as name@store.example is expected")
    if len(value) > LONGEST_ADDRESS:
        raise ValueError(f"an address has at most {LONGEST_ADDRESS} characters")
    return f"{found.username}@{found.domain.lower()}"


MailAddress = Annotated[str, AfterValidator(mail_address)]


class ReportSettings(Settings):
    """The whole file."""

    groups: dict[str, tuple[MailAddress, ...]]
    reports: dict[str, tuple[str, ...]]
    answer_seconds: float = Field(default=300, ge=1, le=1800)

    @field_validator("reports")
    @classmethod
    def _to_known_groups(
        cls, value: dict[str, tuple[str, ...]], info: ValidationInfo
    ) -> dict[str, tuple[str, ...]]:
        groups = info.data.get("groups", {})
        for report, names in value.items():
            if unknown := [name for name in names if name not in groups]:
                raise ValueError(
                    f"{report}: no such group: {', '.join(unknown)}; there are {', '.join(groups)}"
                )
        return value

    def recipients(self, report: str) -> list[str]:
        """The addresses of a report, each once; raises `InvalidSettings` for a report that is not named."""
        if report not in self.reports:
            raise InvalidSettings(f"reports.yaml does not say who gets {report}: add it under reports")
        found = [address for name in self.reports[report] for address in self.groups[name]]
        once: dict[str, str] = {}
        for address in found:
            once.setdefault(address.lower(), address)
        return list(once.values())


@lru_cache(maxsize=1)
def report_settings() -> ReportSettings:
    """The settings of `reports.yaml`, read once in each process."""
    return load_settings(ReportSettings, "reports")
