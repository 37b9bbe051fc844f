"""What was published where, so that nothing is uploaded twice and a collapsed file is noticed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, select, update

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.storedb.runs import RunContext, digest, moment
from include.storedb.tables import PUBLISHED


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file as it was last published.

    `source_state` is a cheap mark of the local file (size and time) that tells whether hashing it again is
    needed.
    """

    path: str
    sha256: str
    size: int
    etag: str | None = None
    row_count: int | None = None
    source_state: str | None = None


class PublishedFiles:
    """The files of one server (`server` is its base URL)."""

    def __init__(self, engine: Engine, server: str) -> None:
        self.engine = engine
        self.server = server

    def all(self, folder: str = "") -> dict[str, PublishedFile]:
        """What was published below `folder`, by path."""
        columns = [PUBLISHED.c[name] for name in PublishedFile.__dataclass_fields__]
        wanted = select(*columns).where(PUBLISHED.c.server == self.server)
        wanted = wanted.where(PUBLISHED.c.path.startswith(folder, autoescape=True))
        with self.engine.connect() as connection:
            return {row.path: PublishedFile(*row) for row in connection.execute(wanted)}

    def put(self, file: PublishedFile, run: RunContext) -> None:
        """Remember a file as published now."""
        place = digest(self.server, file.path)
        values = {
            "server": self.server,
            "path": file.path,
            "sha256": file.sha256,
            "size": file.size,
            "etag": file.etag,
            "row_count": file.row_count,
            "source_state": file.source_state,
            "published_at": moment(),
            **run.columns(),
        }

        def work() -> None:
            with self.engine.begin() as connection:
                known = update(PUBLISHED).where(PUBLISHED.c.place_hash == place).values(values)
                if connection.execute(known).rowcount == 0:
                    insert_missing(connection, PUBLISHED, [{"place_hash": place, **values}], "place_hash")

        with_retries(work)
