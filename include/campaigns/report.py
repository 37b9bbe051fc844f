"""What became of the texts of a period, and whether they brought customers back: as data."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from include.campaigns import report_data, report_tickets
from include.campaigns.report_data import FAILED, LEFT, Followed, TextTally
from include.campaigns.report_settings import CampaignReportSettings
from include.campaigns.report_stats import Difference, Share, Verdict, difference, verdict
from include.campaigns.report_tickets import Purchase
from include.counterpoint.items import Read
from include.periods import Period, last_days

WordsOfCode = Callable[[int], str]
"""What an error code of Twilio means, in words."""


@dataclass(frozen=True, slots=True)
class CampaignTexts:
    """The texts of one campaign (or of all). `audience` is `planned` + `skipped` + `held_out`; of the planned
    ones `sent` went to Twilio, some of them `unknown`. `cost` is in dollars: real for `priced` texts.
    """

    title: str
    audience: int
    planned: int
    sent: int
    delivered: int
    failed: int
    unknown: int
    skipped: int
    held_out: int
    opt_outs: int
    cost: Decimal
    priced: int


@dataclass(frozen=True, slots=True)
class Group:
    """What customers did: how many bought, redeemed the campaign's coupon (None: it has none), and what they
    spent in all, returns taken off.
    """

    bought: Share
    redeemed: Share | None
    spent: Decimal

    @property
    def spent_each(self) -> Decimal | None:
        """Dollars per customer."""
        return self.spent / self.bought.of if self.bought.of else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Customers of a campaign who were texted beside those held out."""

    title: str
    texted: Group
    held_out: Group
    difference: Difference | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """The report of the texts planned in `period`.

    `compared` are the days of it whose texts were followed to the end; None when there are none yet. Reasons
    come with their number of texts, the most frequent first.
    """

    period: Period
    compared: Period | None
    follow_days: int
    smallest_group: int
    campaigns: Sequence[CampaignTexts]
    total: CampaignTexts
    failures: Sequence[tuple[str, int]]
    skips: Sequence[tuple[str, int]]
    comparisons: Sequence[Comparison]


def campaign_report(
    texts: Read,
    tickets: Read,
    settings: CampaignReportSettings,
    day: date,
    zone: ZoneInfo,
    titles: Mapping[str, str],
    words_of_code: WordsOfCode,
    days: int | None = None,
) -> CampaignReport | None:
    """The report that is written on the store day `day`, on the texts of the `days` before it; None when
    there were none.

    `texts` reads the store database, `tickets` Counterpoint. `titles` are the campaigns' titles by id.
    """
    period = last_days(day, days or settings.days)
    tallies = report_data.text_tallies(texts, period, zone)
    if not tallies:
        return None
    outs = report_data.opt_outs(texts, period, zone, settings.follow_days)
    order = {campaign: place for place, campaign in enumerate(titles)}
    names = sorted({one.campaign for one in tallies}, key=lambda name: (order.get(name, len(order)), name))
    by_campaign = {name: [one for one in tallies if one.campaign == name] for name in names}
    # The last day on which a text could be sent whose followed days are over.
    last = min(period.last, day - timedelta(days=settings.follow_days + 1))
    compared = Period(period.first, last) if last >= period.first else None
    return CampaignReport(
        period=period,
        compared=compared,
        follow_days=settings.follow_days,
        smallest_group=settings.smallest_group,
        campaigns=[
            _texts(titles.get(name, name), found, outs.get(name, 0)) for name, found in by_campaign.items()
        ],
        total=_texts("All campaigns", tallies, sum(outs.values())),
        failures=_reasons((one for one in tallies if one.status in FAILED), words_of_code),
        skips=_reasons((one for one in tallies if one.status == "set_aside"), words_of_code),
        comparisons=_comparisons(texts, tickets, settings, compared, zone, titles, names) if compared else [],
    )


def _texts(title: str, tallies: Sequence[TextTally], opt_outs: int) -> CampaignTexts:
    statuses = Counter[str]()
    for one in tallies:
        statuses[one.status] += one.texts
    left = [one for one in tallies if one.status in LEFT]
    audience, skipped, held_out = statuses.total(), statuses["set_aside"], statuses["held_out"]
    return CampaignTexts(
        title=title,
        audience=audience,
        planned=audience - skipped - held_out,
        sent=sum(statuses[status] for status in LEFT),
        delivered=statuses["delivered"],
        failed=sum(statuses[status] for status in FAILED),
        unknown=statuses["unknown"],
        skipped=skipped,
        held_out=held_out,
        opt_outs=opt_outs,
        cost=sum((one.price + one.estimate for one in left), Decimal(0)),
        priced=sum(one.priced for one in left),
    )


def _reasons(tallies: Iterable[TextTally], words_of_code: WordsOfCode) -> list[tuple[str, int]]:
    counts = Counter[str]()
    for one in tallies:
        counts[_reason(one, words_of_code)] += one.texts
    return sorted(counts.items(), key=lambda found: (-found[1], found[0]))


def _reason(tally: TextTally, words_of_code: WordsOfCode) -> str:
    if tally.error_code:
        return f"{words_of_code(tally.error_code)} ({tally.error_code})"
    return tally.reason or "no reason was given"


def _comparisons(
    texts: Read,
    tickets: Read,
    settings: CampaignReportSettings,
    compared: Period,
    zone: ZoneInfo,
    titles: Mapping[str, str],
    names: Sequence[str],
) -> list[Comparison]:
    people = report_data.followed(texts, compared, zone)
    follow = timedelta(days=settings.follow_days)
    after = Period(compared.first + timedelta(days=1), compared.last + follow)
    bought = report_tickets.purchases(tickets, after)
    redeemed = report_tickets.redemptions(tickets, after, settings.marks)
    groups: dict[tuple[str, bool], list[Followed]] = defaultdict(list)
    for one in people:
        groups[one.campaign, one.held_out].append(one)
    found = []
    for name in names:
        both = [
            _group(groups[name, held_out], bought, redeemed.get(name), follow) for held_out in (False, True)
        ]
        if both[0].bought.of or both[1].bought.of:
            texted, held_out_ones = both
            shares = texted.bought, held_out_ones.bought
            found.append(
                Comparison(
                    titles.get(name, name),
                    texted,
                    held_out_ones,
                    difference(*shares),
                    verdict(*shares, settings.smallest_group),
                )
            )
    return found


def _group(
    people: Sequence[Followed],
    bought: Mapping[str, Sequence[Purchase]],
    redeemed: Mapping[str, Sequence[date]] | None,
    follow: timedelta,
) -> Group:
    buyers = redeemers = 0
    spent = Decimal(0)
    for one in people:
        within = [p for p in bought.get(one.customer, ()) if one.day < p.day <= one.day + follow]
        buyers += any(purchase.sales for purchase in within)
        spent += sum((purchase.total for purchase in within), Decimal(0))
        days = redeemed.get(one.customer, ()) if redeemed is not None else ()
        redeemers += any(one.day < day <= one.day + follow for day in days)
    size = len(people)
    return Group(Share(buyers, size), Share(redeemers, size) if redeemed is not None else None, spent)
