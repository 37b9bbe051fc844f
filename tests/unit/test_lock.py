"""The lock that a fresh machine installs from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PAIRS = [
    ("requirements.in", "requirements.txt"),
    ("benchmarks/requirements.in", "benchmarks/requirements.txt"),
]
PYTHONS = ("3.11", "3.12", "3.13")


def direct(name: str) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return [Requirement(line) for line in lines if line]


def locked(name: str) -> dict[str, list[Requirement]]:
    found: dict[str, list[Requirement]] = {}
    for line in re.findall(r"^[A-Za-z0-9].*?(?= \\$)", (ROOT / name).read_text(), flags=re.MULTILINE):
        requirement = Requirement(line)
        found.setdefault(requirement.name.lower(), []).append(requirement)
    return found


@pytest.mark.parametrize(("source", "lock"), PAIRS)
def test_every_direct_dependency_is_locked_for_every_python(source: str, lock: str) -> None:
    versions = locked(lock)
    for wanted in direct(source):
        for python in PYTHONS:
            place = {"python_version": python, "python_full_version": f"{python}.0"}
            fitting = [
                r for r in versions.get(wanted.name.lower(), []) if not r.marker or r.marker.evaluate(place)
            ]
            assert len(fitting) == 1, f"{wanted} on Python {python}: {fitting}; run make lock"
            (pin,) = fitting[0].specifier
            assert pin.operator == "=="
            assert Version(pin.version) in wanted.specifier, (
                f"{fitting[0]} does not fit {wanted}; run make lock"
            )


@pytest.mark.parametrize(("source", "lock"), PAIRS)
def test_everything_is_hashed_and_no_index_is_named(source: str, lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", text)
    unhashed = [entry.split()[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry]
    assert unhashed == []


def test_nothing_that_needs_system_headers_is_installed() -> None:
    assert "mysqlclient" not in locked("requirements.txt")
