"""Asking hosts whether they are there."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal
from urllib.parse import urlsplit

import requests

from include.connectivity.limits import all_within

Verdict = Literal["reached", "failed", "not asked"]
_PING_REFUSED = ("not permitted", "permission denied", "lacking privilege", "missing cap_net_raw")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host said, in words without anything secret; `place` is its host and port."""

    name: str
    place: str
    verdict: Verdict
    words: str


class _NotAsked(Exception):
    """This machine cannot ask in that way."""


def ask_all(addresses: Mapping[str, str], seconds: float) -> list[Answer]:
    """Ask all hosts at once, each for at most `seconds`.

    An https server's certificate is verified, and any HTTP answer counts as reached: the question is whether
    it is there. `ping://` is left out where the system has no ping or does not let us use it.
    """
    # A server that sends its answer letter by letter never runs into the time-outs of its connection.
    outcomes = all_within(
        seconds + 1, {name: partial(_ask, address, seconds) for name, address in addresses.items()}
    )
    return [_answer(name, address, outcomes[name]) for name, address in addresses.items()]


def _answer(name: str, address: str, outcome: str | Exception) -> Answer:
    place = urlsplit(address).netloc
    match outcome:
        case str():
            return Answer(name, place, "reached", outcome)
        case _NotAsked():
            return Answer(name, place, "not asked", str(outcome))
        case TimeoutError():
            return Answer(name, place, "failed", "no answer in time")
        case _:
            return Answer(name, place, "failed", _words(outcome))


def _ask(address: str, seconds: float) -> str:
    parts = urlsplit(address)
    host = parts.hostname or ""
    match parts.scheme:
        case "tcp":
            with socket.create_connection((host, parts.port), timeout=seconds):
                return "takes connections"
        case "ping":
            return _ping(host, seconds)
        case _:
            # Its own address and no redirects: a hotel's login page must not pass for the vendor.
            answer = requests.head(address, timeout=seconds, allow_redirects=False)
            return f"answers with HTTP {answer.status_code}"


def _ping(host: str, seconds: float) -> str:
    program = shutil.which("ping")
    if program is None:
        raise _NotAsked("this machine has no ping")
    command = [program, "-n", "-c", "1", "-W", str(max(1, int(seconds))), host]
    try:
        # The host comes from the settings, which allow no dash at its beginning.
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    if done.returncode == 0:
        return "answers to ping"
    if any(words in done.stderr.lower() for words in _PING_REFUSED):
        raise _NotAsked("this machine does not let us ping")
    raise ConnectionError("does not answer to ping")


def _words(error: Exception) -> str:
    cause = str(error).lower()
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted, or it speaks no TLS"
    if isinstance(error, (TimeoutError, requests.exceptions.Timeout)) or "timed out" in cause:
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError) or "refused" in cause:
        return "refuses connections"
    if isinstance(error, socket.gaierror) or "resolve" in cause or "name or service" in cause:
        return "its name is not known: no internet, or no name server"
    if "unreachable" in cause:
        return "there is no way to it"
    if "does not answer" in cause:
        return str(error)
    return f"cannot be reached ({type(error).__name__})"
