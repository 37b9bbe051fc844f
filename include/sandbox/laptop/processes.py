"""Background processes that can always be found and stopped again, whatever killed their parents."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "RETAIL_OPS_HOUSE"
SESSIONS = "sessions.txt"
STOP_SECONDS = 20


def start(
    command: Sequence[str], log: Path, environment: Mapping[str, str], house: Path, folder: Path
) -> int:
    """Start a command in a session of its own as part of `house`; returns its process id.

    The session is written down and the environment marked, so that `belonging_to` also finds children whose
    parents were killed, and processes that gave themselves another title.
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
    with (house / SESSIONS).open("a") as sessions:
        sessions.write(f"{process.pid} {psutil.Process(process.pid).create_time()} {folder}\n")
    return process.pid


def belonging_to(house: Path) -> list[psutil.Process]:
    """All live processes of a house, except this one and its parents."""
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    sessions = _sessions(house)
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid not in ours and _belongs(process, house, sessions):
                found.append(process)
    return found


def _sessions(house: Path) -> dict[int, tuple[float, str]]:
    file = house / SESSIONS
    lines = file.read_text().splitlines() if file.exists() else []
    rows = (line.split(" ", 2) for line in lines)
    return {int(session): (float(at), folder) for session, at, folder in rows}


def _belongs(process: psutil.Process, house: Path, sessions: Mapping[int, tuple[float, str]]) -> bool:
    started, folder = sessions.get(os.getsid(process.pid), (None, ""))
    # The number of a session that has ended may be another process's by now; its age and folder tell.
    if started is not None and process.create_time() >= started and process.cwd() == folder:
        return True
    return process.environ().get(MARK) == str(house)


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
    (house / SESSIONS).unlink(missing_ok=True)
    return len(processes)


def runs(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    with suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False
