"""The vendors' stand-ins, one set for each test module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.sandbox.standins.server import StandIns


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIns]:
    """Stand-ins that run while a module is tested."""
    with StandIns(tmp_path_factory.mktemp("standins")) as vendors:
        yield vendors
