"""The simulated store: a Counterpoint-like database, filled with the life of a garden center.

The same scale, last day and random seed give the same content on SQLite, SQL Server, PostgreSQL, MySQL and
MariaDB. Importing this package loads nothing heavy.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from include.sandbox.seed.signature import SeedSignature, SeedSummary, is_seeded

__all__ = ["SeedSignature", "SeedSummary", "is_seeded", "seed"]

DEFAULT_RANDOM_SEED = 20240507


def seed(
    url: str,
    *,
    until: date,
    scale: float = 1.0,
    random_seed: int = DEFAULT_RANDOM_SEED,
    force: bool = False,
    progress: Callable[[str], None] | None = None,
) -> SeedSummary:
    """Create and fill the simulated store in the database at that SQLAlchemy URL.

    `until` is the last day of trading; the history before it is two and a half years. Scale 1 is 5,000 items,
    20,000 customers and about 400,000 ticket lines. `progress` gets a line of text now and then.

    A database that already holds exactly this is left as it is. An interrupted filling is started again.
    `force` fills any sandbox database again. Raises `InvalidRequest` for a database that may be a real
    store (Counterpoint tables with rows but no `SANDBOX_SEED`), and, without `force`, for a sandbox filled
    otherwise.
    """
    from include.sandbox.seed.filling import fill

    signature = SeedSignature(scale=scale, until=until, random_seed=random_seed)
    return fill(url, signature, force=force, progress=progress or (lambda _: None))
