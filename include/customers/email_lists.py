"""The lists for e-mail marketing: CSV files of customers, replaced only when their content changes."""

from __future__ import annotations

import csv
import logging
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from include.changes import Change, Plan, Reject, Result
from include.counterpoint.items import Stream
from include.customers.list_customers import ListCustomer, customers, list_customers
from include.customers.settings import EmailListSettings, ListColumn, ListSettings
from include.errors import InvalidRequest
from include.files import copy_atomically, local_copy, sha256_of
from include.spreadsheets import as_text

TARGET = "email_list"
_PROGRESS_EVERY = 10_000
# A formula of these characters alone can do no harm, and the leading + of a number is needed.
_PHONE = re.compile(r"\+?[\d ().x-]*\d[\d ().x-]*", re.IGNORECASE)

log = logging.getLogger(__name__)


def plan_email_list(
    stream: Stream, published: Any, candidate: Any, segment: str, settings: EmailListSettings
) -> Plan:
    """Write the list of `segment` to `candidate` and plan its publication, if it differs from `published`.

    Both are paths of the store's files, on a disk or in object storage. Where nothing changed there is no
    candidate. Customers whose address is none are the plan's rejects, by their numbers. Raises
    `InvalidRequest` for a list that has collapsed against the published one.
    """
    wanted = settings.segments[segment]
    rejects: list[Reject] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / wanted.file
        with stream(customers(settings, segment)) as rows:
            count = write_list(list_customers(rows, rejects), file, wanted)
        old = _check_size(published, count, wanted, settings.smallest_share)
        new = sha256_of(file)
        candidate.unlink(missing_ok=True)
        if new != old:
            copy_atomically(file, candidate)
    key = f"{settings.folder}/{wanted.file}"
    change = Change(TARGET, key, "sha256", old, new, f"{count} customers")
    return Plan((change,) if new != old else (), count + len(rejects), tuple(rejects))


def write_list(found: Iterable[ListCustomer], file: Path, wanted: ListSettings) -> int:
    """Write a list as UTF-8 with a heading, and return the number of customers; memory stays flat."""
    count = 0
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(column.heading for column in wanted.columns)
        for customer in found:
            writer.writerow(_cells(customer, wanted.columns))
            count += 1
            if count % _PROGRESS_EVERY == 0:
                log.info("%s: %d customers so far", wanted.file, count)
    return count


def _cells(customer: ListCustomer, columns: Iterable[ListColumn]) -> Iterator[str]:
    for column in columns:
        value = getattr(customer, column.shows)
        text = "" if value is None else str(value)
        yield text if column.shows == "phone" and _PHONE.fullmatch(text) else as_text(text)


def _check_size(published: Any, count: int, wanted: ListSettings, smallest_share: float) -> str | None:
    """The SHA-256 of the published list, None where there is none yet."""
    if not published.exists():
        return None
    with local_copy(published) as file:
        # No cell has a line break: each line is a customer, but for the heading.
        with file.open("rb") as lines:
            before = max(0, sum(1 for line in lines if line.strip()) - 1)
        sha256 = sha256_of(file)
    if count < smallest_share * before:
        raise InvalidRequest(
            f"the list {wanted.file} would shrink from {before} to {count} customers, below the "
            f"{smallest_share:.0%} that email_lists.yaml allows (smallest_share). "
            "The published list stays as it is."
        )
    return sha256


def publish_email_list(change: Change, published: Any, candidate: Any) -> Result:
    """Put the candidate of a planned change in the place of the published list, and remove it.

    A list that is there already, because an earlier try was killed after its work, counts as applied. One
    that somebody changed since the plan, or a candidate that is not the planned one, is not touched.
    """
    there = _sha256(published)
    if there == change.new:
        candidate.unlink(missing_ok=True)
        return Result(change, "applied")
    if there != change.old:
        return Result(change, "conflicted", "the published list changed after the plan was made")
    if not candidate.exists():
        return Result(change, "conflicted", "the planned list is gone")
    with local_copy(candidate) as file:
        if sha256_of(file) != change.new:
            return Result(change, "conflicted", "the planned list changed after the plan was made")
        copy_atomically(file, published)
    candidate.unlink(missing_ok=True)
    return Result(change, "applied")


def _sha256(path: Any) -> str | None:
    if not path.exists():
        return None
    with local_copy(path) as file:
        return sha256_of(file)
