"""Texts of a campaign, from the store database to Twilio."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from include.errors import InvalidSettings
from include.messaging.pace import Pace
from include.messaging.reconciling import FoundText, Vendor
from include.messaging.sending import SendReport, send_texts, utc_now
from include.messaging.settings import messaging_settings
from include.settings import store_settings
from retail_ops.hooks.twilio_messaging import TwilioHook
from retail_ops.task_run import TaskRun

_MOST_MESSAGES = 1000


def twilio_vendor(hook: TwilioHook) -> Vendor:
    """Twilio as `send_texts` needs it; the sender and the callback address are the connection's.

    Its calls raise the classes of `TwilioHook`, whose messages hold nothing personal. Raises `InvalidRequest`
    when the connection lacks something.
    """
    client, sender, callback = hook.get_conn(), hook.sender(), hook.status_callback()
    fixed = {**sender, **({"status_callback": callback} if callback else {})}

    def create(phone: str, body: str, media: str | None, validity: int) -> str:
        pictures = {"media_url": [media]} if media else {}
        made = client.messages.create(to=phone, body=body, validity_period=validity, **fixed, **pictures)
        return str(made.sid)

    def find(phone: str, since: datetime) -> Iterator[FoundText]:
        # Not filtered by the day they were sent: one that waits in Twilio's queue has none yet.
        for message in client.messages.list(to=phone, limit=_MOST_MESSAGES, page_size=_MOST_MESSAGES):
            if message.date_created is None or message.date_created >= since:
                yield FoundText(str(message.sid), message.body or "", str(message.status))

    return Vendor(create, find)


def send_campaign(
    task_run: TaskRun,
    campaign: str,
    anchor: str,
    pace: Pace | None = None,
    clock: Callable[[], datetime] = utc_now,
    over: str = "",
) -> SendReport:
    """Send the planned texts of an occasion as `send_texts` does, with the house's settings.

    Raises `InvalidSettings` when the connection's time-out is too long to tell whether a text was sent.
    """
    from retail_ops.hooks.databases import StoreDbHook

    settings, hook = messaging_settings(), TwilioHook()
    pace = pace or Pace(settings.segments_per_second, settings.threads)
    patience = timedelta(seconds=float(hook.get_conn().http_client.timeout))
    if pace.lease + 2 * patience >= pace.settle_after:
        raise InvalidSettings(
            f"timeout_seconds of the connection {hook.conn_id!r} is {patience.total_seconds():g}, so long "
            "that it cannot be told in time whether a text was sent; leave it out or take 30"
        )
    engine, zone = StoreDbHook().engine, store_settings().zone
    vendor = twilio_vendor(hook)
    run = task_run.run
    return send_texts(
        engine, run, campaign, anchor, vendor, settings, zone, pace=pace, clock=clock, over=over
    )
