"""Planning an availability feed: write its files, and say which of them the server lacks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from include.changes import Plan, Reject
from include.counterpoint.items import Stream
from include.errors import BudgetExceeded
from include.inventory.feed_files import write_feed
from include.inventory.feed_items import active_items, feed_items
from include.inventory.settings import FeedSettings
from include.publishing import Candidate, RemoteFile, plan_publication
from include.settings import StoreSettings
from include.storedb.published import PublishedFile


def candidates(folder: Path, feeds: FeedSettings, name: str, rows: int | None = None) -> list[Candidate]:
    """The files of segment `name` in a local folder with their paths on the server, one for each format."""
    segment = feeds.segments[name]
    files = [f"{segment.file}.{ending}" for ending in feeds.formats]
    return [Candidate(folder / file, f"{segment.folder}/{file}", rows) for file in files]


def plan_feed(
    stream: Stream,
    folder: Path,
    name: str,
    feeds: FeedSettings,
    store: StoreSettings,
    remote: Mapping[str, RemoteFile],
    known: Mapping[str, PublishedFile],
) -> Plan:
    """Write the files of segment `name` into `folder` and plan the publication of those that changed.

    `stream` reads a query from Counterpoint. Items set aside are the plan's rejects. Raises `BudgetExceeded`
    when the feed is empty or has collapsed against the one published last.
    """
    segment = feeds.segments[name]
    files = [candidate.local for candidate in candidates(folder, feeds, name)]
    rejects: list[Reject] = []
    with stream(active_items(feeds, segment, store.stock_locations)) as rows:
        count = write_feed(feed_items(rows, feeds, rejects), files, feeds, segment)
    wanted = candidates(folder, feeds, name, count)
    check_size(name, count, [known[c.remote].row_count for c in wanted if c.remote in known], feeds)
    changes = plan_publication(wanted, remote, known)
    return Plan(tuple(changes), considered=count + len(rejects), rejects=tuple(rejects))


def check_size(name: str, count: int, published: list[int | None], feeds: FeedSettings) -> None:
    """Raise `BudgetExceeded` for a feed that must not replace the published one."""
    if count == 0:
        raise BudgetExceeded(
            f"the {name} feed has no items: is Counterpoint's connection right? "
            "The published feed stays as it is."
        )
    before = max((rows for rows in published if rows is not None), default=0)
    if count < feeds.smallest_share * before:
        raise BudgetExceeded(
            f"the {name} feed would shrink from {before} to {count} items, below the "
            f"{feeds.smallest_share:.0%} that inventory.yaml allows (feeds.smallest_share). "
            "The published feed stays as it is."
        )
