"""The file of new customers that staff read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from include.csv_logs import CsvLog
from include.files import StoragePath
from include.spreadsheets import as_text

HEADING = (
    "date", "customer_number", "first_name", "last_name", "phone_number", "email", "street", "city", "state",
    "zip_code",
)  # fmt: skip
_COLUMNS = ("FST_NAM", "LST_NAM", "PHONE_1", "EMAIL_ADRS_1", "ADRS_1", "CITY", "STATE", "ZIP_COD")


class NewCustomerLog:
    """`new_customers.csv`, each customer once; `when` is the run's moment in store time."""

    def __init__(self, path: StoragePath, when: datetime) -> None:
        self._when = f"{when:%Y-%m-%d %H:%M:%S}"
        self._file = CsvLog(path, HEADING, lambda cells: tuple(cells[1:2]))

    def write(self, number: str, record: dict[str, Any]) -> None:
        """Add the line of a customer, by the record sent to Counterpoint, unless it is there."""
        values = [number, *(record["AR_CUST"].get(name, "") for name in _COLUMNS)]
        self._file.add([[self._when, *map(as_text, values)]])
