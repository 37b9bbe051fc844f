"""One way to talk HTTP to a vendor: always a time-out, statuses as error classes, only harmless repeats."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

import requests
import urllib3.exceptions
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from include.errors import (
    BadCredentials,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    RetailOpsError,
    VendorRefusal,
    VendorUnavailable,
)
from include.privacy import masked
from retail_ops.hooks.vendor_answers import reason_of, waiting_time
from retail_ops.hooks.vendor_failures import Call, failure_of

T = TypeVar("T")

log = logging.getLogger(__name__)

_REPEATABLE = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PROPFIND"}
_READING = {"GET", "HEAD", "OPTIONS", "PROPFIND"}
_NOT_YET = {408, 423, 425}
_NEVER = {501, 505, 507}
_MOST_REDIRECTS = 5
_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Patience:
    """How long a session waits (seconds) and how many attempts a repeatable request gets.

    `longest_wait` covers BigCommerce, which refills its quota every 30 seconds; when a vendor asks for more,
    the task is handed back to Airflow instead of holding a worker.
    """

    connect: float = 10.0
    read: float = 60.0
    attempts: int = 4
    first_pause: float = 0.5
    longest_pause: float = 8.0
    longest_wait: float = 35.0


class _HeadersOnly(AuthBase):
    """Keeps requests from adding a login out of the user's .netrc file."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


@cache
def user_agent() -> str:
    """`retail-ops/<version>`, by which a vendor can tell our requests from others."""
    try:
        return f"retail-ops/{version('retail-ops')}"
    except PackageNotFoundError:
        return "retail-ops"


class VendorSession:
    """A session with one vendor; subclasses name it and say how it words its refusals.

    `verify` is True, False or the path of a certificate file. `secrets` are blotted out of every message.

    Every method raises `BadCredentials` (401, 403), `NotFound` (404, 410), `VendorRefusal` (other 4xx),
    `RateLimited` (429) and `VendorUnavailable` (no connection, time-out, 5xx). Where the request cannot be
    repeated without harm and may have been carried out (time-out, dropped connection, 5xx), the error is
    `OutcomeUnknown` instead.
    """

    vendor: ClassVar[str] = "the server"
    hints: ClassVar[Mapping[int, str]] = {}

    def __init__(
        self,
        base_url: str,
        *,
        auth: AuthBase | None = None,
        headers: Mapping[str, str] | None = None,
        verify: bool | str = True,
        patience: Patience | None = None,
        secrets: Collection[str] = (),
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.patience = patience or Patience()
        self._verify = verify
        self._secrets = tuple(secrets)
        self._http = requests.Session()
        self._http.auth = auth or _HeadersOnly()
        self._http.headers.update({"User-Agent": user_agent(), **(headers or {})})

    def close(self) -> None:
        """Give the pooled connections back."""
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        repeatable: bool | None = None,
        accept: Collection[int] = (),
        **options: Any,
    ) -> requests.Response:
        """Send a request and return its answer with the body read.

        `path` is appended to the base URL. `repeatable` overrules the method's own nature: a POST that
        changes nothing may be repeated. `accept` lists statuses to return instead of raising for them.
        `options` are `params`, `json`, `data`, `headers` as requests takes them; a file given as `data` is
        sent again from its start on every attempt.
        """
        call = self._call(method, path, repeatable)
        return self._repeat(call, lambda: self._attempt(call, accept, options))

    def stream(
        self, method: str, path: str, use: Callable[[Iterator[bytes]], T], **options: Any
    ) -> tuple[requests.Response, T]:
        """Send a request and hand its body to `use` piece by piece, as the server sent it (never unpacked).

        `use` is called again from the start when the connection breaks on the way.
        """
        call = self._call(method, path, None)
        headers = {"Accept-Encoding": "identity", **options.pop("headers", {})}

        def attempt() -> tuple[requests.Response, T]:
            answer = self._attempt(call, (), {**options, "headers": headers}, stream=True)
            with answer:
                return answer, self._guarded(
                    call, lambda: use(answer.raw.stream(_CHUNK_BYTES, decode_content=False))
                )

        return self._repeat(call, attempt)

    def url(self, path: str) -> str:
        """The full address of a path."""
        return f"{self.base_url}/{path.lstrip('/')}"

    def note(self, response: requests.Response) -> None:
        """Look at an answer's headers; called for every answer, also for refusals."""

    def hint(self, response: requests.Response) -> str | None:
        """What a person should look at for this refusal."""
        return self.hints.get(response.status_code)

    def judge(self, response: requests.Response, call: Call) -> RetailOpsError | None:
        """The error that an answer stands for; None when it is a success."""
        status = response.status_code
        if 200 <= status < 300:
            return None
        reason = reason_of(response)
        message = f"{call} answered {status}"
        if reason.text:
            message += f": {reason.text}"
        if hint := self.hint(response):
            message += f" ({hint})"
        message = masked(message, self._secrets)
        if status in {401, 403}:
            return BadCredentials(message)
        if status in {404, 410}:
            return NotFound(message)
        if status == 429:
            return RateLimited(message, waiting_time(response.headers))
        if status in _NOT_YET:
            return VendorUnavailable(message)
        if status >= 500 and status not in _NEVER:
            return VendorUnavailable(message) if call.repeatable else OutcomeUnknown(message)
        return VendorRefusal(message, status=status, code=reason.code, field=reason.field)

    def _call(self, method: str, path: str, repeatable: bool | None) -> Call:
        method = method.upper()
        return Call(
            vendor=self.vendor,
            method=method,
            path=masked(_shown(path), self._secrets),
            repeatable=method in _REPEATABLE if repeatable is None else repeatable,
            target=path,
        )

    def _repeat(self, call: Call, attempt: Callable[[], T]) -> T:
        retrying = Retrying(
            stop=stop_after_attempt(self.patience.attempts if call.repeatable else 1),
            wait=self._pause,
            retry=retry_if_exception(self._passes),
            before_sleep=_say,
            reraise=True,
        )
        return retrying(attempt)

    def _passes(self, error: BaseException) -> bool:
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return error.retry_after <= self.patience.longest_wait
        return isinstance(error, VendorUnavailable)

    def _pause(self, state: RetryCallState) -> float:
        pause = wait_random_exponential(self.patience.first_pause, self.patience.longest_pause)(state)
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, RateLimited) else None
        return asked + pause if asked is not None else pause

    def _attempt(
        self, call: Call, accept: Collection[int], options: Mapping[str, Any], *, stream: bool = False
    ) -> requests.Response:
        if hasattr(options.get("data"), "seek"):
            options["data"].seek(0)
        answer = self._guarded(call, lambda: self._send(call, options, stream))
        if answer.status_code in accept:
            return answer
        if error := self._guarded(call, lambda: self.judge(answer, call)):
            answer.close()
            raise error
        return answer

    def _send(self, call: Call, options: Mapping[str, Any], stream: bool) -> requests.Response:
        url, rest = self.url(call.target), dict(options)
        for _ in range(_MOST_REDIRECTS):
            answer = self._http.request(
                call.method,
                url,
                timeout=(self.patience.connect, self.patience.read),
                allow_redirects=False,
                verify=self._verify,
                stream=stream,
                **rest,
            )
            self.note(answer)
            if not answer.is_redirect:
                return answer
            answer.close()
            url = self._redirected(call, url, answer.headers["Location"])
            rest.pop("params", None)
        raise InvalidRequest(f"{call} was redirected {_MOST_REDIRECTS} times without an end")

    def _redirected(self, call: Call, url: str, location: str) -> str:
        target = urljoin(url, location)
        here, there = urlsplit(url), urlsplit(target)
        if call.method in _READING and (here.scheme, here.netloc) == (there.scheme, there.netloc):
            return target
        raise InvalidRequest(
            f"{call} was redirected to {there.scheme}://{there.hostname} and not followed, because that "
            "would hand over the credentials; if the server has moved, mend the address in the connection"
        )

    def _guarded(self, call: Call, work: Callable[[], T]) -> T:
        try:
            return work()
        except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError) as error:
            failure = failure_of(call, error)
        # Raised out here, so that the library's error and the address in it do not hang on to ours.
        raise failure


def _shown(path: str) -> str:
    plain = unquote(path.split("?")[0])
    return plain if "://" in plain else f"/{plain.lstrip('/')}"


def _say(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("%s; attempt %d follows in %.1f s", error, state.attempt_number + 1, state.upcoming_sleep)
