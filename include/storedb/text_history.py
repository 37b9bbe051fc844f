"""What is known of phones that are to be texted: texts of all campaigns, and whether one is suppressed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import Engine, and_, func, select

from include.database.retries import with_retries
from include.database.values import in_parts
from include.storedb.tables import LEDGER, SUPPRESSION, TEXT_MESSAGE
from include.storedb.text_rows import KIND, Standing, Text

# SQL Server takes at most 2,100 values in one statement.
_BATCH = 500
_FEWEST_OCCASIONS = 3
# What may have reached the phone: a claim that is open counts, too.
_SENDS = and_(LEDGER.c.kind == KIND, LEDGER.c.status != "refused")


class TextHistory:
    """The ledger's texts to a phone, whatever the campaign."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def sends(
        self, phones: Iterable[str], since: datetime, *, except_for: tuple[str, str]
    ) -> dict[str, list[datetime]]:
        """When the phones were texted after `since` (UTC, no zone) over all campaigns, and may have been.

        The occasion `except_for` (campaign and anchor), which asks, does not count.
        """
        every = sorted(set(phones))
        campaign, anchor = except_for
        other = (LEDGER.c.campaign != campaign) | (LEDGER.c.anchor != anchor)
        found: dict[str, list[datetime]] = {}

        def work(part: Sequence[str]) -> list[Any]:
            wanted = select(LEDGER.c.recipient, LEDGER.c.claimed_at).where(
                LEDGER.c.recipient.in_(part), LEDGER.c.claimed_at > since, _SENDS, other
            )
            with self.engine.connect() as connection:
                return list(connection.execute(wanted))

        for part in in_parts(every, _BATCH):
            for phone, at in with_retries(lambda part=part: work(part)):  # type: ignore[misc]
                found.setdefault(phone, []).append(at)
        return found

    def statuses(self, campaign: str, anchor: str) -> dict[str, str]:
        """How the texts of an occasion stand, by phone."""
        column = TEXT_MESSAGE.c
        wanted = select(column.phone, column.status).where(
            column.campaign == campaign, column.anchor == anchor
        )

        def work() -> dict[str, str]:
            with self.engine.connect() as connection:
                return dict(connection.execute(wanted).tuples().all())

        return with_retries(work)

    def usual_size(self, campaign: str, anchor: str, occasions: int = 14) -> float | None:
        """How many phones the campaign's audience mostly had (the median) on its last occasions but this one.

        None when there were fewer than three: nothing is usual yet.
        """
        column = TEXT_MESSAGE.c
        wanted = (
            select(func.count())
            .where(column.campaign == campaign, column.anchor < anchor)
            .group_by(column.anchor)
            .order_by(column.anchor.desc())
            .limit(occasions)
        )

        def work() -> list[int]:
            with self.engine.connect() as connection:
                return list(connection.scalars(wanted))

        sizes = with_retries(work)
        return median(sizes) if len(sizes) >= _FEWEST_OCCASIONS else None

    def claimed(self, texts: Iterable[Text]) -> set[Text]:
        """Those of at most a thousand texts that somebody has claimed, whatever became of it."""
        hashes = {text.entry.hash(): text for text in texts}
        wanted = select(LEDGER.c.entry_hash).where(LEDGER.c.entry_hash.in_(hashes))

        def work() -> set[Text]:
            with self.engine.connect() as connection:
                return {hashes[found] for found in connection.scalars(wanted)}

        return with_retries(work)

    def standing(self, text: Text, since: datetime) -> Standing:
        """How things are at this moment; other texts to the phone count after `since` (UTC, no zone)."""
        suppressed = select(SUPPRESSION.c.reason).where(
            SUPPRESSION.c.phone == text.phone, SUPPRESSION.c.cleared_at.is_(None)
        )
        status = select(TEXT_MESSAGE.c.status, suppressed.scalar_subquery()).where(
            TEXT_MESSAGE.c.id == text.id
        )
        others = select(LEDGER.c.claimed_at).where(
            LEDGER.c.recipient == text.phone,
            LEDGER.c.claimed_at > since,
            _SENDS,
            LEDGER.c.entry_hash != text.entry.hash(),
        )

        def work() -> Standing:
            with self.engine.connect() as connection:
                row = connection.execute(status).first()
                found = tuple(connection.scalars(others))
            return Standing(row[0], row[1], found) if row else Standing("gone", None, found)

        return with_retries(work)

    def known_sids(self, phone: str, sids: Iterable[str]) -> set[str]:
        """Those of Twilio's messages to a phone that are known to be texts of ours."""
        these = list(sids)[:_BATCH]
        texts = select(TEXT_MESSAGE.c.sid).where(TEXT_MESSAGE.c.sid.in_(these))
        entries = select(LEDGER.c.vendor_id).where(LEDGER.c.recipient == phone, LEDGER.c.vendor_id.in_(these))

        def work() -> set[str]:
            with self.engine.connect() as connection:
                return {*connection.scalars(texts), *connection.scalars(entries)}

        return with_retries(work)
