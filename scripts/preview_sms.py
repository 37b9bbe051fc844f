"""Shows what a text campaign would say, and sends nothing: `make preview-sms campaign=sms_birthday`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import URL, Engine
from sqlalchemy.exc import SQLAlchemyError

from include.campaigns.audience import Recipient, as_recipients, audience
from include.campaigns.samples import made_up
from include.campaigns.settings import AudienceSettings, CampaignSettings, SmsCampaigns, campaign_settings
from include.database.engines import engine_for
from include.errors import InvalidSettings
from include.messaging.phones import Phone, read_phone
from include.messaging.segments import measure
from include.sandbox.laptop.places import Places
from include.settings import store_settings
from retail_ops.campaign_segments import NoSegments, customers_in
from retail_ops.campaign_words import wording_of


def preview(settings: SmsCampaigns, name: str, day: date, count: int) -> Iterator[str]:
    """The lines of a preview: up to `count` texts that the campaign would send on the store day `day`."""
    campaign = settings.campaigns[name]
    wording = wording_of(name, day)
    yield f"{name}: {campaign.title}"
    yield f"{_when(campaign)}; this is what it would say on {day}."
    found, origin = _recipients(campaign.audience, day, count)
    yield origin
    for number, recipient in enumerate(found, 1):
        body, phone = wording.message(recipient), read_phone(recipient.phone)
        yield ""
        to = phone.masked if isinstance(phone, Phone) else f"nobody: {phone.reason}"
        yield f"{number}. To {to}"
        yield from (f"   {line}" for line in body.split("\n"))
        yield f"   ({_size(body, campaign.media)})"


def _when(campaign: CampaignSettings) -> str:
    on = f"Day {campaign.send.day_of_month} of each month" if campaign.send.day_of_month else "Daily"
    return f"{'' if campaign.enabled else 'Turned off. '}{on} at {campaign.send.at:%H:%M} store time"


def _size(body: str, media: str | None) -> str:
    length = measure(body)
    letters = f" because of {' '.join(length.dear)}" if length.dear else ""
    cost = (
        f"one message with {media}" if media else f"{length.segments} segment{'s' * (length.segments != 1)}"
    )
    return f"{len(body)} characters, {length.encoding}{letters}, {cost}"


def _recipients(wanted: AudienceSettings, day: date, count: int) -> tuple[list[Recipient], str]:
    """Some of the sandbox store's customers, or made-up ones, and a word on which they are."""
    places = Places.here()
    if not places.counterpoint.exists():
        return made_up(wanted, day, count), "There is no sandbox store here: these customers are made up."
    try:
        with _sqlite(places.counterpoint).connect() as connection:
            found = as_recipients(connection.execute(audience(wanted, day)))
        if wanted.segments:
            days = campaign_settings().segments_days
            members = customers_in(wanted.segments, day, days, _sqlite(places.store_db))
            found = [recipient for recipient in found if recipient.key in members]
    except NoSegments as error:
        words = str(error)
        return made_up(wanted, day, count), f"{words[0].upper()}{words[1:]}: these customers are made up."
    except SQLAlchemyError as error:
        reason = f"The sandbox store cannot be read ({type(error).__name__}): these customers are made up."
        return made_up(wanted, day, count), reason
    if not found:
        return made_up(wanted, day, count), "Nobody in the sandbox store: these customers are made up."
    some = found[:: max(1, len(found) // count)][:count]
    return some, f"Audience in the sandbox store: {len(found)}. Shown: {len(some)}."


def _sqlite(file: Path) -> Engine:
    return engine_for(URL.create("sqlite", database=str(file)))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; one such as 2026-11-20 is expected") from None


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 2 with a message for a campaign that does not exist and for settings that do not fit."""
    parser = argparse.ArgumentParser(prog="preview_sms", description=__doc__)
    parser.add_argument("campaign", nargs="?", default="")
    parser.add_argument("--day", type=_day, default=None)
    parser.add_argument("--count", type=_count, default=5)
    asked = parser.parse_args(arguments)
    try:
        settings = campaign_settings()
        if asked.campaign not in settings.campaigns:
            known = "".join(f"  {name}\n" for name in settings.campaigns)
            sys.stderr.write(f"which campaign? make preview-sms campaign=... with one of\n{known}")
            return 2
        day = asked.day or datetime.now(store_settings().zone).date()
        for line in preview(settings, asked.campaign, day, asked.count):
            sys.stdout.write(f"{line}\n")
    except InvalidSettings as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
