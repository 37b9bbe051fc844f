"""Who wants the newsletter, and who does not want it any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Engine, func, select, update

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.database.values import in_parts
from include.storedb.tables import NEWSLETTER

Source = Literal["form", "link", "person"]


@dataclass(frozen=True, slots=True, repr=False)
class Subscriber:
    """Somebody who wants the newsletter. `birth_month` is 1 to 12, `subscribed_at` UTC without a zone."""

    email: str
    birth_month: int | None
    subscribed_at: datetime


class Newsletter:
    """The addresses of the store database, spelt as `mail_address` does."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def subscribe(
        self, email: str, at: datetime, birth_month: int | None = None, source: Source = "form"
    ) -> bool:
        """Put an address on the list at a moment (UTC, no zone); False when it is there already.

        One that was taken off comes back. A birth month that is known stays when none is given.
        """
        month = {"birth_month": birth_month} if birth_month else {}
        back = {"status": "subscribed", "source": source, "subscribed_at": at, "unsubscribed_at": None}
        return self._move(email, at, "subscribed", back | month, month)

    def unsubscribe(self, email: str, at: datetime, source: Source = "link") -> bool:
        """Take an address off the list at a moment (UTC, no zone); False when it is off already.

        One that was never on it is written down, too, so that no other list brings it mail.
        """
        off = {"status": "unsubscribed", "source": source, "unsubscribed_at": at}
        return self._move(email, at, "unsubscribed", off, {})

    def subscribers(self) -> list[Subscriber]:
        """Everybody on the list, in the order in which they came."""
        columns = [NEWSLETTER.c[name] for name in Subscriber.__dataclass_fields__]
        wanted = select(*columns).where(NEWSLETTER.c.status == "subscribed").order_by(NEWSLETTER.c.id)

        def work() -> list[Subscriber]:
            with self.engine.connect() as connection:
                return [Subscriber(*row) for row in connection.execute(wanted)]

        return with_retries(work)

    def unsubscribed(self, emails: Iterable[str]) -> set[str]:
        """Those of the addresses that want no newsletter any more."""
        every, found = sorted(set(emails)), set()
        for part in in_parts(every):
            found |= with_retries(lambda part=part: self._unsubscribed(part))  # type: ignore[misc]
        return found

    def _unsubscribed(self, emails: Sequence[str]) -> set[str]:
        wanted = select(NEWSLETTER.c.email).where(
            NEWSLETTER.c.email.in_(emails), NEWSLETTER.c.status == "unsubscribed"
        )
        with self.engine.connect() as connection:
            return set(connection.scalars(wanted))

    def _move(
        self, email: str, at: datetime, status: str, values: dict[str, Any], always: dict[str, Any]
    ) -> bool:
        """Give an address a status, with values where it had another one, and with others in any case."""
        known = NEWSLETTER.c.email == email
        blank = {"birth_month": None, "subscribed_at": None, "unsubscribed_at": None}
        row = {"email": email, "created_at": at, **blank, **values}

        def work() -> bool:
            with self.engine.begin() as connection:
                before = connection.scalar(select(func.count()).select_from(NEWSLETTER).where(known))
                insert_missing(connection, NEWSLETTER, [row], "email")
                moved = connection.execute(
                    update(NEWSLETTER).where(known, NEWSLETTER.c.status != status).values(values)
                ).rowcount
                if always:
                    connection.execute(update(NEWSLETTER).where(known).values(always))
                return not before or moved == 1

        return with_retries(work)
