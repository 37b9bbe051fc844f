"""Who gets a campaign's text in one run, from the customer file to the planned texts."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from include.campaigns.audience import Recipient, anchor_day, as_recipients, audience
from include.campaigns.samples import made_up
from include.campaigns.settings import CampaignSettings, campaign_settings
from include.counterpoint.items import folded
from include.files import write_atomically
from include.messaging.frequency import Wish
from include.messaging.phones import as_e164
from include.messaging.planning import Around, Chosen, TextPlan, choose, plan_texts
from include.messaging.settings import messaging_settings
from include.privacy import masked
from include.spreadsheets import as_text
from include.storedb.suppression import Suppressions
from include.storedb.text_history import TextHistory
from include.storedb.text_rows import PlannedText
from retail_ops.campaign_run import CampaignRun
from retail_ops.campaign_segments import NoSegments, customers_in
from retail_ops.campaign_words import wording_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

log = logging.getLogger(__name__)

_COLUMNS = ("customer", "phone", "status", "reason", "segments", "dollars", "text")


def plan_campaign(run: CampaignRun, store_db: Engine) -> TextPlan:
    """The texts of a run, those set aside and held out included; nothing is stored."""
    chosen = choose(_testers(run) if run.is_test else _customers(run, run.settings))
    words = wording_of(run.name, run.task_run.when.date())
    around = _around(run, chosen, store_db)
    return plan_texts(chosen, run.occasion, words.message, around, messaging_settings())


def _testers(run: CampaignRun) -> list[Recipient]:
    numbers, day = run.testers, run.task_run.when.date()
    return made_up(run.settings.audience, day, len(numbers), numbers)


def _customers(run: CampaignRun, campaign: CampaignSettings) -> list[Recipient]:
    from retail_ops.hooks.databases import CounterpointHook

    wanted, day = campaign.audience, run.task_run.when.date()
    if not wanted.segments:
        with CounterpointHook().stream(audience(wanted, day)) as rows:
            return as_recipients(rows)
    members = customers_in(wanted.segments, day, campaign_settings().segments_days, run.store_db)
    with CounterpointHook().stream(audience(wanted, day)) as rows:
        return as_recipients(row for row in rows if folded(row.CUST_NO) in members)


def _around(run: CampaignRun, chosen: Chosen[Recipient], store_db: Engine) -> Around:
    occasion, hours = run.occasion, timedelta(hours=messaging_settings().cap.hours)
    history, phones = TextHistory(store_db), chosen.by_phone
    since = min(datetime.now(UTC), run.due) - hours
    sends = history.sends(
        phones, since.astimezone(UTC).replace(tzinfo=None), except_for=(occasion.campaign, occasion.anchor)
    )
    return Around(
        Suppressions(store_db).active(phones),
        {phone: [at.replace(tzinfo=UTC) for at in moments] for phone, moments in sends.items()},
        {} if run.is_test else _wishes(run, set(phones), history),
    )


def _wishes(run: CampaignRun, phones: set[str], history: TextHistory) -> dict[str, list[Wish]]:
    """Which other campaigns want to text the phones later on that day and have not yet."""
    day, found = run.task_run.when.date(), dict[str, list[Wish]]()
    for name, campaign in campaign_settings().campaigns.items():
        due = run.scheduled(campaign)
        on_another_day = campaign.send.day_of_month not in (None, day.day)
        if name == run.name or not campaign.enabled or on_another_day or due < run.due:
            continue
        wish = Wish(name, campaign.priority, due)
        settled = _settled(history, name, anchor_day(campaign.audience, day).isoformat())
        try:
            wanted = {as_e164(recipient.phone) or "" for recipient in _customers(run, campaign)}
        except NoSegments as error:
            log.warning("%s will text nobody today: %s", name, error)
            continue
        for phone in phones & wanted - settled:
            found.setdefault(phone, []).append(wish)
    return found


def _settled(history: TextHistory, campaign: str, anchor: str) -> set[str]:
    """Phones of which that campaign has decided already; its texts on their way are in the history."""
    return {phone for phone, status in history.statuses(campaign, anchor).items() if status != "planned"}


def write_texts(run: CampaignRun, texts: Iterable[PlannedText]) -> str:
    """Write the texts of a run as CSV for people, phones masked; returns the file's place."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in texts:
        fields = (one.cust_no, masked(one.phone), one.status, one.reason, one.segments, one.cost, one.body)
        writer.writerow(as_text(str(field)) for field in fields)
    path = run.task_run.run_file("texts.csv")
    write_atomically(path, text.getvalue().encode())
    return str(path)
