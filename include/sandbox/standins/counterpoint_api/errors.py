"""The error form of the Counterpoint API: an error code, and a message on failure."""

from __future__ import annotations

from include.sandbox.standins.answers import Answer, json_answer
from include.sandbox.standins.context import Context
from include.sandbox.standins.faults import Fault

SUCCESS = "SUCCESS"


class CounterpointError(Exception):
    """An error answer: HTTP status, error code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(message)

    @property
    def body(self) -> dict[str, str]:
        """The answer's body."""
        return {"ErrorCode": self.code, "Message": self.message}


def fault_answer(fault: Fault, _context: Context) -> Answer:
    """An ordered error status."""
    status = fault.status or 503
    code = {403: "ERROR_INVALID_APIKEY", 404: "ERROR_RECORD_NOT_FOUND"}.get(status, "ERROR_UNKNOWN")
    headers = {"Retry-After": str(round(fault.retry_after))} if fault.retry_after is not None else None
    return json_answer(status, CounterpointError(status, code, "Ordered by the sandbox").body, headers)
