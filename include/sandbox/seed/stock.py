"""Stock per location and the receivings of goods."""

from __future__ import annotations

from datetime import datetime, time

import numpy as np

from include.counterpoint.tables import IM_INV
from include.sandbox.seed.catalogue import Catalogue
from include.sandbox.seed.documents import Documents
from include.sandbox.seed.item_rows import Columns
from include.sandbox.seed.randomness import Floats, Generator, Integers, some
from include.sandbox.seed.seasons import SHOP, WEB, Calendar, demand

SHOP_LOCATION, WEB_LOCATION, YARD_LOCATION = "1", "WEB", "2"
LOCATIONS = (SHOP_LOCATION, WEB_LOCATION, YARD_LOCATION)
_IN_THE_YARD = ("TREES", "EVERGREEN", "DECIDUOUS", "FLOWERING", "SUPPLIES")
_RECEIPTS_PER_ITEM = 3.0
_LINES_PER_RECEIVER = 8
_FIRST_RECEIVER = 100_001


def _on_hand(catalogue: Catalogue, rng: Generator) -> dict[str, Floats]:
    size = len(catalogue.items)
    plenty = np.floor(rng.lognormal(2.4, 1.1, size))
    nothing = rng.random(size) < np.where(catalogue.active, 0.14, 0.75)
    shop = np.where(nothing, 0.0, np.maximum(1, plenty))
    web = np.where(
        catalogue.on_web & ~nothing & (rng.random(size) < 0.3), rng.integers(1, 12, size), 0
    ).astype(float)
    in_yard = (
        np.isin(catalogue.category_code.astype(str), _IN_THE_YARD) & (rng.random(size) < 0.45) & ~nothing
    )
    yard = np.where(in_yard, np.floor(rng.lognormal(2.8, 1.0, size)), 0.0)
    for quantity in (shop, web, yard):
        quantity[~catalogue.tracked] = 0
    shop[catalogue.new] = np.maximum(shop[catalogue.new], 12)
    for position in some(rng, catalogue.kept, 0.015, 5):
        shop[position] = -float(rng.integers(1, 30))
        web[position] = yard[position] = 0
    # A product of which every variant is gone has to sink in the shop's listing.
    bindings = sorted({item.binding for item in catalogue.items if item.binding})
    gone = set(some(rng, bindings, 0.06, 2))
    for position, item in enumerate(catalogue.items):
        if item.binding in gone:
            shop[position] = web[position] = yard[position] = 0
    return {SHOP_LOCATION: shop, WEB_LOCATION: web, YARD_LOCATION: yard}


def stock_rows(
    catalogue: Catalogue, documents: Documents, last_sold: Integers, calendar: Calendar, rng: Generator
) -> Columns:
    """The columns of `IM_INV`: one row per item and location. `last_sold` is -1 for never."""
    kept, size = catalogue.kept, len(catalogue.items)
    on_hand = _on_hand(catalogue, rng)
    committed = {
        SHOP_LOCATION: documents.committed(size, SHOP),
        WEB_LOCATION: documents.committed(size, WEB),
        YARD_LOCATION: np.zeros(size),
    }
    sold = {
        SHOP_LOCATION: last_sold[:, SHOP],
        WEB_LOCATION: last_sold[:, WEB],
        YARD_LOCATION: np.full(size, -1),
    }
    coming = np.where(rng.random(size) < 0.12, rng.integers(6, 60, size), 0).astype(float)
    midnight = calendar.dates().astype("datetime64[s]")
    rows: Columns = {column.name: [] for column in IM_INV.columns}
    for location in LOCATIONS:
        available = on_hand[location][kept] - committed[location][kept]
        ordered = coming[kept] if location == SHOP_LOCATION else np.zeros(len(kept))
        days = sold[location][kept]
        moments = midnight[np.maximum(days, 0)].tolist()
        rows["ITEM_NO"] += catalogue.numbers[kept].tolist()
        rows["LOC_ID"] += [location] * len(kept)
        rows["QTY_ON_HND"] += on_hand[location][kept].tolist()
        rows["QTY_COMMIT"] += committed[location][kept].tolist()
        rows["QTY_AVAIL"] += available.tolist()
        rows["QTY_ON_PO"] += ordered.tolist()
        rows["NET_QTY"] += (available + ordered).tolist()
        rows["LST_SAL_DAT"] += [
            moment if day >= 0 else None for moment, day in zip(moments, days, strict=True)
        ]
        rows["LST_MAINT_DT"] += [datetime.combine(calendar.until, time(5))] * len(kept)
    return rows


def receiving_rows(catalogue: Catalogue, calendar: Calendar, rng: Generator) -> Columns:
    """The columns of `PO_RECVR_HIST_LIN`. New items came in for the first time within the last two weeks."""
    goods = np.flatnonzero(~catalogue.deleted & ~catalogue.new & catalogue.tracked)
    lines = round(len(goods) * _RECEIPTS_PER_ITEM)
    # Goods come a few weeks before they are wanted, and never on the last day or on a Sunday.
    wanted = np.roll(demand(calendar).sum(axis=1), -21) * (calendar.weekdays() < 6)
    wanted[-1] = 0
    day = rng.choice(calendar.days, lines, p=wanted / wanted.sum())
    item = rng.choice(goods, lines)
    quantity = rng.integers(2, 60, lines).astype(float)
    recent = np.flatnonzero((np.arange(calendar.days) >= calendar.last - 13) & (wanted > 0))
    again = np.array(some(rng, goods, 0.01, 4), dtype=np.int64)
    late = np.concatenate([np.flatnonzero(catalogue.new), again])
    day = np.concatenate([day, rng.choice(recent, len(late))])
    item = np.concatenate([item, late])
    quantity = np.concatenate([quantity, rng.integers(12, 120, len(late)).astype(float)])

    order = np.lexsort((item, day))
    day, item, quantity = day[order], item[order], quantity[order]
    start_of_day = np.searchsorted(day, day, side="left")
    inside_day = np.arange(len(day)) - start_of_day
    new_receiver = inside_day % _LINES_PER_RECEIVER == 0
    cost = np.round(catalogue.cost[item] * quantity).astype(np.int64)
    return {
        "RECVR_NO": [f"RC{number}" for number in (np.cumsum(new_receiver) - 1 + _FIRST_RECEIVER).tolist()],
        "SEQ_NO": (inside_day % _LINES_PER_RECEIVER + 1).tolist(),
        "ITEM_NO": catalogue.numbers[item].tolist(),
        "RECVR_DAT": calendar.dates()[day].astype("datetime64[s]").tolist(),
        "QTY_RECVD": quantity.tolist(),
        "EXT_COST": (cost / 100).tolist(),
    }
