"""The words of the text to somebody whose item is back, and which of these texts are still to be sent."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from sqlalchemy import Engine, func, select

from include.database.retries import with_retries
from include.stock_notices.coupons import Coupon
from include.stock_notices.goods import Goods, shortened
from include.stock_notices.letter import dollars, long_day
from include.stock_notices.settings import StockNoticeSettings
from include.stock_notices.standing import CAMPAIGN
from include.storedb.tables import TEXT_MESSAGE

# Typographic signs, of which a single one makes the whole text more than twice as dear.
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "×": "x"})


def notice_text(
    goods: Goods,
    coupon: Coupon | None,
    link: str,
    settings: StockNoticeSettings,
    company: str,
    opt_out_hint: str,
) -> str:
    """The text; what is missing leaves no gap."""
    title = "".join(
        letter for letter in goods.title.translate(_PLAIN) if unicodedata.category(letter)[0] != "C"
    )
    words = settings.text.words.format(
        company=company,
        item=shortened(title, settings.text.longest_item).translate(_PLAIN),
        offer=_offer(coupon, settings) if coupon else "",
        link=link,
        opt_out_hint=opt_out_hint,
    )
    return "\n".join(" ".join(line.split()) for line in words.split("\n")).strip()


def _offer(coupon: Coupon, settings: StockNoticeSettings) -> str:
    return settings.text.offer.format(
        amount=dollars(settings.coupon.amount).lstrip("$"),
        min_purchase=dollars(settings.coupon.min_purchase).lstrip("$"),
        code=coupon.code,
        expires=long_day(coupon),
    )


def open_texts(engine: Engine) -> dict[str, datetime]:
    """The occasions (anchors) with texts to send or to settle, and when they were planned (UTC, no zone)."""
    column = TEXT_MESSAGE.c
    these = (column.campaign == CAMPAIGN, column.status.in_(("planned", "unknown")))
    wanted = select(column.anchor, func.min(column.planned_at)).where(*these).group_by(column.anchor)

    def work() -> dict[str, datetime]:
        with engine.connect() as connection:
            rows = connection.execute(wanted.order_by(column.anchor))
            return {anchor: _moment(at) for anchor, at in rows}

    return with_retries(work)


def _moment(value: datetime | str) -> datetime:
    # SQLite forgets the type of an aggregate.
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
