"""The words of a campaign with the store's own name, hint and way of writing names."""

from __future__ import annotations

from datetime import date
from functools import partial

from include.campaigns.settings import campaign_settings
from include.campaigns.wording import Sender, Wording
from include.customers.names import cased
from include.messaging.settings import messaging_settings


def wording_of(campaign: str, day: date) -> Wording:
    """What writes the campaign's texts on the store day `day`."""
    shared = messaging_settings()
    sender = Sender(shared.company, shared.opt_out_hint, partial(cased, family=False))
    return Wording(campaign_settings(), campaign, day, sender)
