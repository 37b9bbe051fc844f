"""The error classes that hooks raise and the retry policy of `retail_ops.dag_defaults` maps.

`BadCredentials`, `InvalidRequest` and `BudgetExceeded` fail a task at once: trying again cannot help.
`VendorUnavailable`, `RateLimited` and `Deadlock` are retried. `OutcomeUnknown` is never retried blindly: the
ledger reconciles it with the vendor.
"""

from __future__ import annotations


class RetailOpsError(Exception):
    """Base of every error that this project raises on purpose."""


class BadCredentials(RetailOpsError):
    """The other side refused our login, token or key; a person has to mend the connection."""


class InvalidRequest(RetailOpsError):
    """The request or its data is wrong and will be wrong again: the message names the field and the value."""


class InvalidSettings(InvalidRequest):
    """A settings file does not fit its schema: the message names the file, the field and the value."""


class VendorRefusal(InvalidRequest):
    """The vendor understood the request and refuses it: repeating it will not help.

    `status` is the HTTP status, `code` the vendor's own error code (Twilio 21610, Counterpoint
    ERROR_MISSING_REQUIRED_DATA), `field` the field that the vendor complains about, where it names one.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | int | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field = field


class NotFound(InvalidRequest):
    """What was asked for does not exist on the other side."""


class VendorUnavailable(RetailOpsError):
    """The other side did not answer, dropped the connection or answered with a server error."""


class RateLimited(VendorUnavailable):
    """The other side asks us to wait.

    `retry_after` is in seconds; None when the answer did not say how long.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Deadlock(RetailOpsError):
    """The database chose our transaction as a deadlock's victim, or a lock was not granted in time."""


class OutcomeUnknown(RetailOpsError):
    """A request that cannot be taken back left, and no answer came: it may have been carried out."""


class VerificationFailed(VendorUnavailable):
    """What was read back differs from what was written; the transfer is repeated."""


class BudgetExceeded(RetailOpsError):
    """A plan wants to change more than its budget allows, or was made from suspiciously little data."""
