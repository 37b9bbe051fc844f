"""The databases' own programs: found, started with passwords out of sight, their complaints in our errors."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from include.errors import BadCredentials, InvalidRequest, VendorUnavailable

_REFUSED = ("access denied", "authentication failed", "no password supplied", "permission denied")
_GONE = (
    "could not connect",
    "connection refused",
    "can't connect",
    "timeout",
    "server closed",
    "lost connection",
)


def tool(names: Sequence[str], package: str) -> str:
    """The first of the programs `names` that this machine has; raises `InvalidRequest` naming the package."""
    for name in names:
        if found := shutil.which(name):
            return found
    raise InvalidRequest(
        f"this machine has no {' or '.join(names)}; install the system package {package} where tasks run"
    )


def is_refusal(words: str) -> bool:
    """Whether a database or its tool complains about login or rights."""
    return any(word in words.lower() for word in _REFUSED)


def version(program: str) -> str:
    """What a program says about its version, in one line."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=30)
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else "unknown"


@contextmanager
def secret_file(content: str) -> Iterator[Path]:
    """A temporary file that only this user can read."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "secret"
        file.touch(mode=0o600)
        file.write_text(content, encoding="utf-8")
        yield file


@contextmanager
def output_of(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[IO[bytes]]:
    """What a program writes; raises when the program fails in the end, with its last words."""
    with _started(command, environment, reads=False) as (process, complaints):
        assert process.stdout  # noqa: S101
        yield process.stdout
        process.stdout.close()
        _judge(command, process.wait(), complaints)


@contextmanager
def input_of(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[IO[bytes]]:
    """The input of a program; raises when the program fails, with its last words."""
    with _started(command, environment, reads=True) as (process, complaints):
        assert process.stdin  # noqa: S101
        with suppress(BrokenPipeError):
            yield process.stdin
            process.stdin.close()
        _judge(command, process.wait(), complaints)


@contextmanager
def _started(
    command: Sequence[str], environment: Mapping[str, str] | None, *, reads: bool
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command,
            env={**os.environ, "LC_ALL": "C", **(environment or {})},
            stderr=complaints,
            stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if reads else subprocess.PIPE,
        )
        try:
            yield process, complaints
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):
                    if stream:
                        stream.close()


def _judge(command: Sequence[str], code: int, complaints: IO[bytes]) -> None:
    """Raise `BadCredentials`, `VendorUnavailable` or `InvalidRequest` with the program's last words."""
    if not code:
        return
    complaints.seek(0)
    said = complaints.read().decode(errors="replace").strip().splitlines()
    words = f"{Path(command[0]).name} ended with {code}: {' / '.join(said[-3:]) or 'it gave no reason'}"
    if code < 0 or any(word in words.lower() for word in _GONE):
        raise VendorUnavailable(words)
    raise BadCredentials(words) if is_refusal(words) else InvalidRequest(words)
