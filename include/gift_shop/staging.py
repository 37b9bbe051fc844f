"""Brings a delivery into the warehouse without making it count: lines, rejects, and its invoices added up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, delete, func, insert, or_, select, update

from include.gift_shop.bulk import insert_frames
from include.gift_shop.cleaning import clean
from include.gift_shop.deliveries import Delivery, new_load
from include.gift_shop.invoice_sums import InvoiceSums
from include.gift_shop.tables import LINE, LOAD, REJECT, STAGED_INVOICE, STAGED_PRODUCT
from include.periods import Period

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Staged:
    """What one load brought; `rejects` are (line, reason)."""

    load_no: int
    lines: int
    amount_mils: int
    rejects: tuple[tuple[int, str], ...]


def stage(
    engine: Engine,
    delivery: Delivery,
    frames: Iterable[pd.DataFrame],
    *,
    run_id: str,
    day_first: bool = False,
    month: Period | None = None,
) -> Staged:
    """Stage a delivery, or only its invoices of one month, in one transaction.

    `frames` are the delivery's rows as `include.gift_shop.reading.frames` gives them.
    """
    with engine.begin() as connection:
        load_no = new_load(connection, delivery, month.first if month else None, run_id)
        intake = _Intake(load_no, day_first, month)
        insert_frames(connection, LINE, intake.lines(frames))
        if intake.rejects:
            connection.execute(insert(REJECT), intake.rejects)
        insert_frames(connection, STAGED_INVOICE, intake.invoices(delivery.number))
        if month is not None:
            _only(connection, load_no, month)
        if products := intake.descriptions():
            connection.execute(insert(STAGED_PRODUCT), products)
        lines, amount = connection.execute(
            select(
                func.coalesce(func.sum(STAGED_INVOICE.c.line_count), 0),
                func.coalesce(func.sum(STAGED_INVOICE.c.amount_mils), 0),
            ).where(STAGED_INVOICE.c.load_no == load_no)
        ).one()
        counts = {"line_count": lines, "reject_count": len(intake.rejects), "amount_mils": amount}
        connection.execute(update(LOAD).where(LOAD.c.load_no == load_no).values(counts))
    reasons = tuple((row["line_no"], row["reason"]) for row in intake.rejects)
    return Staged(load_no, int(lines), int(amount), reasons)


class _Intake:
    """Cleans frames one by one, and keeps what comes out beside the lines."""

    def __init__(self, load_no: int, day_first: bool, month: Period | None) -> None:
        self._load_no, self._day_first, self._month = load_no, day_first, month
        self.rejects: list[dict[str, Any]] = []
        self._names: dict[str, Counter[str]] = defaultdict(Counter)
        self._sums = InvoiceSums()

    def lines(self, frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            cleaned = clean(frame, day_first=self._day_first)
            lines = self._near(cleaned.lines)
            rejects = zip(cleaned.rejects.index, cleaned.rejects.to_dict("records"), strict=True)
            for line_no, row in rejects:
                named = {str(name): value for name, value in row.items()}
                self.rejects.append({"load_no": self._load_no, "line_no": int(line_no), **named})
            self._count(lines)
            self._sums.add(lines)
            yield lines.assign(load_no=self._load_no, line_no=lines.index)

    def _count(self, lines: pd.DataFrame) -> None:
        counts = lines.groupby(["stock_code", "description"], dropna=False, sort=False).size().reset_index()
        for code, name, count in counts.itertuples(index=False):
            self._names[code][name.strip() if isinstance(name, str) else ""] += int(count)

    def _near(self, lines: pd.DataFrame) -> pd.DataFrame:
        """The lines of the month and of a day around it: an invoice may be written over midnight."""
        import pandas as pd

        if self._month is None:
            return lines
        day = pd.Timedelta(days=1)
        start, end = pd.Timestamp(self._month.first) - day, pd.Timestamp(self._month.end) + day
        return lines[(lines["sold_at"] >= start) & (lines["sold_at"] < end)]

    def invoices(self, delivery_no: int) -> Iterator[pd.DataFrame]:
        """The staged lines, added up; one with a rejected line is not complete."""
        incomplete = {row["invoice_no"] for row in self.rejects}
        for frame in self._sums.invoices(incomplete, delivery_no):
            yield frame.assign(load_no=self._load_no)

    def descriptions(self) -> list[dict[str, Any]]:
        """The most frequent description of each product; by the alphabet where two are as frequent."""
        return [
            {
                "load_no": self._load_no,
                "stock_code": code,
                "description": min(names, key=lambda name: (not name, -names[name], name))[:100] or None,
            }
            for code, names in self._names.items()
        ]


def _only(connection: Connection, load_no: int, month: Period) -> None:
    """Of what was staged, only the invoices of the month stay."""
    invoice = STAGED_INVOICE.c
    outside = or_(invoice.sold_on < month.first, invoice.sold_on > month.last)
    others = select(invoice.invoice_no).where(invoice.load_no == load_no, outside)
    connection.execute(delete(LINE).where(LINE.c.load_no == load_no, LINE.c.invoice_no.in_(others)))
    connection.execute(delete(STAGED_INVOICE).where(invoice.load_no == load_no, outside))
