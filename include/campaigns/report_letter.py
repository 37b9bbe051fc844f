"""The campaign report in words and pictures: tables that mail, plain text and CSV share."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal

from include.campaigns.report import CampaignReport, CampaignTexts, Comparison, Group
from include.campaigns.report_stats import Share
from include.reporting.charts import grouped_bars
from include.reporting.letter import Attachment, Image, Letter
from include.reporting.rendering import NONE, compose, count, day, money, percent
from include.spreadsheets import as_text

TEMPLATE = "campaign_report"
_MOST_REASONS = 8
_SENT = (
    "Campaign",
    "Audience",
    "Skipped",
    "Held out",
    "Planned",
    "Sent",
    "Delivered",
    "Failed",
    "Opt-outs",
    "Cost",
)
_DID = ("Campaign", "Customers", "Bought", "Coupon used", "Spent each", "Difference in buying")
_WORDS = {"more": "more bought", "less": "fewer bought"}


def campaign_letter(report: CampaignReport) -> Letter:
    """The letter of a report; campaigns' titles may hold anything."""
    total = report.total
    subject = f"Text campaigns, {day(report.period.first)} to {day(report.period.last)}"
    data = {
        "report": report,
        "sent_heading": _SENT,
        "sent": [_sent_row(one) for one in report.campaigns],
        "sent_total": _sent_row(total),
        "did_heading": _DID,
        "did": [row for one in report.comparisons for row in _did_rows(one)],
        "failures": _top(report.failures),
        "skips": _top(report.skips),
        "cost_words": _cost_words(total),
        "not_yet": _not_yet(report),
        "delivered_share": percent(Share(total.delivered, total.sent).rate),
    }
    file = f"text_campaigns_{report.period.first}_{report.period.last}.csv"
    attachment = Attachment(file, "text/csv", _csv(report))
    return compose(TEMPLATE, subject, data, _charts(report), [attachment])


def _sent_row(one: CampaignTexts) -> list[str]:
    numbers = (
        one.audience, one.skipped, one.held_out, one.planned, one.sent, one.delivered, one.failed,
        one.opt_outs,
    )  # fmt: skip
    about = "≈ " if one.priced < one.sent else ""
    return [one.title, *map(count, numbers), f"{about}{money(one.cost)}"]


def _did_rows(one: Comparison) -> list[list[str]]:
    found = one.difference
    words = _WORDS.get(one.verdict, one.verdict)
    if found is None or one.verdict == "too few to say":
        said = words
    else:
        rate, low, high = (f"{100 * value:+.1f}" for value in (found.rate, found.low, found.high))
        said = f"{rate} points ({low} to {high}): {words}"
    return [[one.title], ["texted", *_did(one.texted), said], ["held out", *_did(one.held_out), ""]]


def _did(group: Group) -> list[str]:
    redeemed = NONE if group.redeemed is None else _share(group.redeemed)
    return [count(group.bought.of), _share(group.bought), redeemed, money(group.spent_each)]


def _share(share: Share) -> str:
    return NONE if share.rate is None else f"{count(share.hits)} ({percent(share.rate)})"


def _top(reasons: Sequence[tuple[str, int]]) -> list[list[str]]:
    shown = [[reason, count(texts)] for reason, texts in reasons[:_MOST_REASONS]]
    if rest := reasons[_MOST_REASONS:]:
        shown.append([f"{len(rest)} other reasons", count(sum(texts for _, texts in rest))])
    return shown


def _cost_words(total: CampaignTexts) -> str:
    if not total.sent:
        return ""
    if total.priced == total.sent:
        return "Costs are what Twilio charged."
    if not total.priced:
        return "≈: costs are estimates; Twilio has not told its prices yet."
    return (
        f"≈: Twilio has told its price for {count(total.priced)} of {count(total.sent)} texts; the "
        "others are estimated."
    )


def _not_yet(report: CampaignReport) -> str:
    days = f"the {report.follow_days} days after the text are over"
    if report.compared is None:
        return f"Nothing can be compared yet: of no text {days}."
    if report.compared.last < report.period.last:
        return (
            f"Only customers for whom {days} are counted: texts up to {day(report.compared.last)}. "
            "Later ones follow in the next reports."
        )
    return f"Of all texts {days}."


def _charts(report: CampaignReport) -> list[Image]:
    # Longer lists are unreadable as bars; the tables have them all.
    campaigns = [one for one in report.campaigns if one.planned][:12]
    if not campaigns:
        return []
    fates = {
        "delivered": [one.delivered for one in campaigns],
        "failed": [one.failed for one in campaigns],
        "no word yet": [max(0, one.planned - one.delivered - one.failed) for one in campaigns],
    }
    alt = "; ".join(
        f"{c.title}: {c.planned} planned, {c.delivered} delivered, {c.failed} failed" for c in campaigns
    )
    labels = [one.title for one in campaigns]
    charts = [grouped_bars("fates", "What became of the texts", alt, labels, fates, stacked=True)]
    if told := [one for one in report.comparisons if one.verdict != "too few to say"][:10]:
        charts.append(_effect(report, told))
    return charts


def _effect(report: CampaignReport, told: Sequence[Comparison]) -> Image:
    series = {
        "texted": [one.texted.bought for one in told],
        "held out": [one.held_out.bought for one in told],
    }
    alt = "; ".join(
        f"{one.title}: {percent(one.texted.bought.rate)} of those texted bought, "
        f"{percent(one.held_out.bought.rate)} of those held out"
        for one in told
    )
    return grouped_bars(
        "effect",
        f"Bought within {report.follow_days} days (lines: 95 % confidence)",
        alt,
        [one.title for one in told],
        {kind: [share.rate for share in shares] for kind, shares in series.items()},
        spans={kind: [share.span for share in shares] for kind, shares in series.items()},
        wording=percent,
    )


def _csv(report: CampaignReport) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    groups = [
        f"{kind}_{what}"
        for kind in ("texted", "held_out")
        for what in ("customers", "bought", "redeemed", "spent")
    ]
    writer.writerow([
        "campaign", "audience", "skipped", "held_out", "planned", "sent", "delivered", "failed", "unknown",
        "opt_outs", "cost", "texts_with_real_price", *groups, "difference", "low", "high", "verdict",
    ])  # fmt: skip
    compared = {one.title: one for one in report.comparisons}
    for one in report.campaigns:
        row = [
            as_text(one.title), one.audience, one.skipped, one.held_out, one.planned, one.sent, one.delivered,
            one.failed, one.unknown, one.opt_outs, one.cost.quantize(Decimal("0.0001")), one.priced,
        ]  # fmt: skip
        writer.writerow([*row, *_compared_cells(compared.get(one.title))])
    return out.getvalue().encode("utf-8-sig")


def _compared_cells(one: Comparison | None) -> list[object]:
    if one is None:
        return []
    cells: list[object] = []
    for group in (one.texted, one.held_out):
        redeemed = "" if group.redeemed is None else group.redeemed.hits
        cells += [group.bought.of, group.bought.hits, redeemed, group.spent]
    found = one.difference
    numbers = [f"{x:.4f}" for x in (found.rate, found.low, found.high)] if found else ["", "", ""]
    return [*cells, *numbers, one.verdict]
