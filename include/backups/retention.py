"""Which backups are kept: a rule over their dates."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import date, datetime, timedelta, tzinfo

from include.backups.manifest import Manifest
from include.backups.settings import Retention

LEFTOVER_AGE = timedelta(days=2)
"""What has no manifest may be a backup in the making; only older ones are leftovers."""


def expired(backups: Sequence[Manifest], retention: Retention, now: datetime, zone: tzinfo) -> dict[str, str]:
    """The names of the backups of one target that may go, each with the reason.

    Kept are all good ones of the last `daily` days that have one, and the newest good one of each of the last
    `weekly` weeks (Monday to Sunday) and `monthly` months that have one, all by the store's calendar in
    `zone`. Suspicious ones stay for `daily` days, for a person to look at, and never take the place of a good
    one. The newest good one always stays; without a good one everything does. What is dated after `now` is
    left alone.
    """
    good = sorted((b for b in backups if b.is_good and b.at <= now), key=lambda b: b.at, reverse=True)
    if not good:
        return {}
    days = list(dict.fromkeys(_day(b, zone) for b in good))[: retention.daily]
    kept = {b.name for b in good if _day(b, zone) in days}
    kept |= _newest_of_each(good, retention.weekly, lambda b: _day(b, zone).isocalendar()[:2])
    kept |= _newest_of_each(good, retention.monthly, lambda b: (_day(b, zone).year, _day(b, zone).month))
    among = f"{retention.daily} daily, {retention.weekly} weekly and {retention.monthly} monthly"
    gone = {b.name: f"not among the {among} backups that are kept" for b in good if b.name not in kept}
    limit = now - timedelta(days=retention.daily)
    old = f"suspicious, and more than {retention.daily} days old"
    return gone | {b.name: old for b in backups if not b.is_good and b.at < limit}


def is_leftover(modified: datetime, now: datetime) -> bool:
    """Whether a file without a manifest, last changed at `modified`, is what an interrupted run left."""
    return now - modified > LEFTOVER_AGE


def _newest_of_each(
    newest_first: Sequence[Manifest], count: int, period: Callable[[Manifest], Hashable]
) -> set[str]:
    kept: dict[Hashable, str] = {}
    for backup in newest_first:
        key = period(backup)
        if key not in kept and len(kept) < count:
            kept[key] = backup.name
    return set(kept.values())


def _day(backup: Manifest, zone: tzinfo) -> date:
    return backup.at.astimezone(zone).date()
