"""Twilio's error form: a code of its own beside the HTTP status."""

from __future__ import annotations

from typing import Any

from include.sandbox.standins.answers import Answer, json_answer
from include.sandbox.standins.context import Context
from include.sandbox.standins.faults import Fault

_STATUS_OF_CODE = {20003: 401, 20009: 409, 20404: 404, 20429: 429, 20500: 500, 30409: 409}
_CODE_OF_STATUS = {401: 20003, 404: 20404, 429: 20429}

MESSAGES = {
    20001: "A parameter's value is not valid",
    20003: "Authenticate",
    20009: "The message cannot be changed before its delivery has been completed",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    21211: "The 'To' number is not a valid phone number",
    21212: "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID",
    21408: "Permission to send an SMS has not been enabled for the region of the 'To' number",
    21602: "Message body is required",
    21603: "A 'From' phone number is required",
    21604: "A 'To' phone number is required",
    21606: "The 'From' phone number is not a valid, SMS-capable phone number of this account",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "The 'From' number has exceeded the maximum number of queued messages",
    21612: "The 'To' phone number is not currently reachable from the 'From' number",
    21614: "The 'To' number is not a valid mobile number",
    21608: "The number is unverified; trial accounts can only send to verified numbers",
    21609: "The 'StatusCallback' is not a valid URL",
    21617: "The message body exceeds the 1600 character limit",
    21620: "A 'MediaUrl' is not a valid URL",
    21623: "A message can have no more than 10 media files",
    21624: "The 'ValidityPeriod' is not a whole number from 1 to 36000",
    21635: "The 'To' number is a landline",
    21701: "The Messaging Service does not exist",
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30034: "Message from an unregistered number",
    30036: "Validity period expired",
    30409: "This message cannot be canceled",
    35111: "The 'SendAt' timestamp is missing",
    35114: "Scheduling does not support this timestamp",
    35118: "A Messaging Service is needed to schedule a message",
}


class TwilioError(Exception):
    """An error answer by its Twilio code; most are 400."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.status = _STATUS_OF_CODE.get(code, 400)
        super().__init__(MESSAGES[code])

    @property
    def body(self) -> dict[str, Any]:
        """The answer's body."""
        return error_body(self.code, self.status)


def error_body(code: int, status: int) -> dict[str, Any]:
    """The body of an error answer."""
    return {
        "code": code,
        "message": MESSAGES[code],
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


def fault_answer(fault: Fault, _context: Context) -> Answer:
    """An ordered error status."""
    status = fault.status or 503
    headers = {"Retry-After": str(round(fault.retry_after))} if fault.retry_after is not None else None
    return json_answer(status, error_body(_CODE_OF_STATUS.get(status, 20500), status), headers)
