"""Background processes that can always be found and stopped again, whatever killed their parents."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "RETAIL_OPS_HOUSE"
STOP_SECONDS = 20


def start(
    command: Sequence[str], log: Path, environment: Mapping[str, str], house: Path, folder: Path
) -> int:
    """Start a command in its own process group, marked as part of `house`; returns its process id.

    The mark is an environment variable, which children inherit, so that `belonging_to` also finds those whose
    parents were killed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={**environment, MARK: str(house)},
            start_new_session=True,
        )
    return process.pid


def belonging_to(house: Path) -> list[psutil.Process]:
    """All live processes of a house, except this one and its parents."""
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid not in ours and process.environ().get(MARK) == str(house):
                found.append(process)
    return found


def stop(house: Path) -> int:
    """End all processes of a house, asking first, and wait for it; returns how many there were."""
    processes = belonging_to(house)
    for process in processes:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=STOP_SECONDS)
    for process in [*alive, *belonging_to(house)]:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=STOP_SECONDS)
    return len(processes)


def runs(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    with suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False
