"""Random numbers of the seed: one independent, repeatable stream per subject."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Generator = np.random.Generator
Integers = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]
Texts = NDArray[np.object_]


def stream(random_seed: int, subject: str) -> Generator:
    """The generator of one subject; subjects share no numbers, so that changing one leaves the others."""
    return np.random.default_rng([random_seed, zlib.crc32(subject.encode())])


def pick(rng: Generator, choices: Sequence[Any], size: int) -> list[Any]:
    """`size` values drawn evenly from `choices`."""
    return [choices[position] for position in rng.integers(0, len(choices), size).tolist()]


def some(rng: Generator, population: Sequence[Any] | Integers, share: float, at_least: int = 1) -> list[Any]:
    """Distinct members of `population`: that share of it, but at least so many (as far as there are any)."""
    size = min(len(population), max(at_least, round(share * len(population))))
    members = population.tolist() if isinstance(population, np.ndarray) else population
    return [members[position] for position in rng.choice(len(members), size, replace=False).tolist()]


def objects(values: Sequence[Any]) -> Texts:
    """The values as an array of Python objects, to be indexed by arrays of positions."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def cents_to_dollars(cents: Integers) -> list[float]:
    """Whole cents as dollars."""
    return (cents / 100.0).tolist()
