"""The fields of a customer: which there are, what fits into them, and what the till fills in by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Numeric, String

from include.counterpoint.tables import AR_CUST
from include.sandbox.standins.counterpoint_api.errors import CounterpointError

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,7})?)?", re.ASCII)
REQUIRED = ("FST_NAM", "LST_NAM")
FIRST_NUMBER = 100_001

# Columns of a real AR_CUST that the automations have no use for, but that a request may name.
_OTHER_WIDTHS = {
    "ADRS_2": 40,
    "ADRS_3": 40,
    "CNTRY": 20,
    "TAX_COD": 10,
    "SALUTATION": 10,
    "PROF_COD_4": 10,
    "PROF_COD_5": 10,
    "PROF_ALPHA_2": 30,
    "PROF_ALPHA_3": 30,
    "PROF_ALPHA_4": 30,
    "PROF_ALPHA_5": 30,
}
_WIDTHS = {
    **{column.name: column.type.length for column in AR_CUST.c if isinstance(column.type, String)},
    **_OTHER_WIDTHS,
}
_NUMBERS = frozenset(column.name for column in AR_CUST.c if isinstance(column.type, Numeric))
_MOMENTS = frozenset(column.name for column in AR_CUST.c if isinstance(column.type, DateTime))
_FLAGS = frozenset({"INCLUDE_IN_MARKETING_MAILOUTS", "IS_ECOMM_CUST"})

# The template customers of the workgroups, and what they say about names: nobody is called that.
TEMPLATES: dict[str, dict[str, Any]] = {
    "1": {
        "CUST_TYP": "C",
        "CUST_NAM_TYP": "P",
        "CATEG_COD": "RETAIL",
        "STR_ID": "1",
        "LOY_PGM_COD": "BASIC",
        "LOY_PTS_BAL": 0,
        "INCLUDE_IN_MARKETING_MAILOUTS": "N",
        "IS_ECOMM_CUST": "N",
        "NO_OF_ORDS": 0,
    }
}


def template(workgroup: str | None) -> dict[str, Any]:
    """What a new customer of a workgroup begins with; the first one's where none is named.

    Raises `CounterpointError` for a workgroup that does not exist. The API guide does not say how a server
    answers that.
    """
    found = TEMPLATES.get("1" if workgroup is None else workgroup.strip())
    if found is None:
        raise CounterpointError(400, "ERROR_INVALID_CONFIGURATION", f"Workgroup {workgroup} does not exist")
    return dict(found)


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """The known fields of a request; unknown ones are passed over, as the API does with all of its bodies.

    Raises `CounterpointError` 500 `ERROR_UNKNOWN` for what the database would not take, in words that name
    no column: that is all that the API says.
    """
    known: dict[str, Any] = {}
    for name, value in values.items():
        if name in _WIDTHS or name in _NUMBERS or name in _MOMENTS:
            known[name] = _fitting(name, value)
    return known


def derived(document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that the till makes of others."""
    first, last = str(document.get("FST_NAM") or ""), str(document.get("LST_NAM") or "")
    name = str(document.get("NAM") or f"{first} {last}".strip())
    made = {"NAM": name, "NAM_UPR": name.upper(), "FST_NAM_UPR": first.upper(), "LST_NAM_UPR": last.upper()}
    return checked(made)


def as_moment(value: datetime) -> str:
    """A moment in the API's form: no offset, seven digits behind the second."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0"


def read_moment(text: str) -> datetime:
    """The moment (no zone) in a request; raises `ValueError` for anything else, offsets included."""
    if not _MOMENT.fullmatch(text.strip()):
        raise ValueError(text)
    # Python knows six digits behind the second, the API writes seven.
    return datetime.fromisoformat(text.strip()[:26])


def utc_now() -> datetime:
    """Now in UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def _fitting(name: str, value: Any) -> Any:
    if value is None:
        return None
    try:
        if isinstance(value, (dict, list)):
            raise ValueError(name)
        if name in _NUMBERS:
            return float(value)
        if name in _MOMENTS:
            return as_moment(read_moment(str(value)))
    except ValueError:
        raise _refused() from None
    text = str(value)
    too_long = len(text) > (_WIDTHS[name] or len(text))
    if too_long or (name in _FLAGS and text not in ("Y", "N", "!")):
        raise _refused()
    return text


def _refused() -> CounterpointError:
    return CounterpointError(500, "ERROR_UNKNOWN", "An unknown error occurred")
