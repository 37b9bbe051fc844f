"""An answer that a stand-in gives without asking its application: for fault orders."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Status, headers and body of an HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def json_answer(status: int, content: Any, headers: dict[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    all_headers = {"Content-Type": "application/json", **(headers or {})}
    return Answer(status, tuple(all_headers.items()), json.dumps(content).encode())
