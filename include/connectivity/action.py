"""The operator's own command."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from include.errors import InvalidRequest
from include.privacy import masked

LONGEST_OUTPUT = 2000
# The variables of this process hold connections with their passwords: the command gets none of those.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER")


def run_command(command: Sequence[str], seconds: float) -> str:
    """Run a command without a shell, and return what it printed, masked.

    Raises `InvalidRequest` when it cannot be started, ends with another code than 0, or takes longer than
    `seconds`; then it is ended with all processes that it started.
    """
    variables = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=variables,
            start_new_session=True,
        )
    except OSError as error:
        raise InvalidRequest(f"the command {command[0]} cannot be started: {error.strerror}") from None
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise InvalidRequest(
            f"the command {command[0]} took longer than {seconds:g} s and was ended"
        ) from None
    finally:
        _end(process)
    said = masked(output.decode("utf-8", "replace"))[-LONGEST_OUTPUT:].strip()
    if process.returncode:
        raise InvalidRequest(f"the command {command[0]} ended with code {process.returncode}: {said}")
    return said


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of it; a program that it left behind on purpose has closed its output, and stays."""
    if process.stdout and not process.stdout.closed:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
