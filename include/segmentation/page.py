"""The page of a day's segments: who is in them, by which rule, what to do, and who moved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from include.reporting.charts import grouped_bars
from include.reporting.figures_page import Chart, Section, Table, figures_page
from include.reporting.letter import Image
from include.reporting.rendering import NONE, money
from include.segmentation.dividing import MOST_APART
from include.segmentation.figures import customers_figure, moves_figure, shares_figure, trials_figure
from include.segmentation.page_data import Shown
from include.segmentation.settings import SegmentationSettings


def as_page(shown: Sequence[Shown], as_of: date, settings: SegmentationSettings) -> bytes:
    """The page as HTML; the same bytes for the same tables."""
    line = (
        f"Purchases of the {settings.window_days} days before {as_of}. Recency is days since the last "
        "purchase, frequency is days with a purchase; they and sales are means."
    )
    sections = [section for one in shown for section in _sections(one)]
    foot = (
        "Expected value: what the action may bring, with the response that segmentation.yaml assumes. "
        "segments.csv beside this page has all customers."
    )
    return figures_page("Customer segments", line, sections, foot)


def pictures(shown: Sequence[Shown]) -> list[Image]:
    """Each source's shares of customers and sales as a PNG."""
    made = []
    for one in shown:
        customers = max(sum(found.customers for found in one.segments), 1)
        amount = float(sum(found.amount for found in one.segments)) or 1.0
        series = {
            "of customers": [found.customers / customers for found in one.segments],
            "of sales": [float(found.amount) / amount for found in one.segments],
        }
        names = [found.name for found in one.segments]
        alt = f"{one.title}: " + ", ".join(f"{found.name} {found.customers:,}" for found in one.segments)
        if names:
            name = f"segments-{one.made.source}"
            made.append(grouped_bars(name, one.title, alt, names, series, wording="{:.0%}".format))
    return made


def _sections(one: Shown) -> list[Section]:
    found = [_segments(one), _how(one)]
    if one.before is not None:
        found.append(_moves(one, one.before))
    return [*found, *_apart(one)]


def _segments(one: Shown) -> Section:
    source, total = one.made.source, sum(found.amount for found in one.segments)
    rows = [
        [
            found.name,
            f"{found.customers:,}",
            f"{found.amount / total:.1%}" if total else NONE,
            f"{found.recency:,.1f}",
            f"{found.frequency:,.1f}",
            money(found.monetary),
            found.action,
            money(found.expected_value),
        ]
        for found in one.segments
    ]
    heading = [
        "Segment",
        "Customers",
        "Of sales",
        "Days ago",
        "Frequency",
        "Sales",
        "What to do",
        "Expected value",
    ]
    rules = Table(["Segment", "Rule"], [[found.name, found.rule_text] for found in one.segments], (1,))
    charts = [
        Chart(f"shares-{source}", shares_figure(one)),
        Chart(f"customers-{source}", customers_figure(one)),
    ]
    line = f"{one.made.customers:,} customers, {one.made.set_aside:,} set aside."
    return Section(one.title, line, charts if rows else (), [Table(heading, rows, (6,)), rules])


def _how(one: Shown) -> Section:
    made = one.made
    line = f"Why {made.clusters} clusters: {made.details['reason']}."
    rows = [
        [
            f"{trial['count']}",
            f"{trial['squares']:,.1f}",
            f"{trial['silhouette']:.3f}",
            f"{trial['stability']:.3f}",
            "yes" if trial["named"] else "no",
        ]
        for trial in made.details["trials"]
    ]
    heading = ["Clusters", "Squared distances", "Silhouette", "Stability", "Names of their own"]
    if not rows:
        return Section("How they were divided", line)
    chart = Chart(f"trials-{made.source}", trials_figure(one))
    return Section("How they were divided", line, [chart], [Table(heading, rows, (4,))])


def _moves(one: Shown, before: date) -> Section:
    moved = sum(count for (was, now), count in one.moves.items() if was != now)
    line = f"From {before} (rows) to {one.made.as_of} (columns): {moved:,} customers moved."
    return Section("Movements", line, [Chart(f"moves-{one.made.source}", moves_figure(one))])


def _apart(one: Shown) -> list[Section]:
    apart = one.made.details["apart"]
    if not apart:
        return []
    rows = [
        [found["customer"] or NONE, found["reason"], f"{found['days']:,}", money(float(found["amount"]))]
        for found in apart
    ]
    shown = f"The {MOST_APART} with the largest sums" if one.made.set_aside > len(apart) else "All of them"
    table = Table(["Customer", "Why", "Days", "Sales"], rows, (1,))
    return [Section("Set aside", f"Who is in no segment. {shown}.", (), [table])]
