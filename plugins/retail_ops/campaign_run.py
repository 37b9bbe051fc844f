"""One run of a text campaign: its occasion, its clock, and whether it is a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from sqlalchemy import Engine

from include.campaigns.audience import anchor_day
from include.campaigns.settings import CampaignSettings, campaign_settings
from include.errors import InvalidRequest, InvalidSettings
from include.messaging.phones import NoPhone, read_phone
from include.messaging.planning import Occasion
from include.messaging.settings import messaging_settings
from include.settings import store_settings
from include.storedb.text_rows import TEST_PREFIX
from include.storedb.texts import Texts
from retail_ops.hooks.twilio_messaging import TwilioHook
from retail_ops.task_run import TaskRun

NOT_APPROVED = "nobody approved it"
DAY_OVER = "its day was over"
TURNED_OFF = "the campaign was turned off"
NOT_MEANT = "its customer is not in the campaign's audience any more"


@dataclass
class CampaignRun:
    """A run of the campaign `name`.

    `waited_for` is the moment that the run has waited for where a simulation stands in for Twilio: no night
    passes there.
    """

    task_run: TaskRun
    name: str
    waited_for: datetime | None = field(default=None, init=False)

    @cached_property
    def settings(self) -> CampaignSettings:
        """The campaign's own settings. Raises `InvalidSettings` when there is none of that name any more."""
        found = campaign_settings().campaigns.get(self.name)
        if found is None:
            raise InvalidSettings(f"sms_campaigns.yaml has no campaign {self.name}")
        return found

    @property
    def due(self) -> datetime:
        """When the run's texts are due, in store time."""
        when = self.task_run.when
        return self.scheduled(self.settings) if self.is_simulated else when

    def scheduled(self, campaign: CampaignSettings) -> datetime:
        """When a campaign is due on the run's day, in store time."""
        return datetime.combine(self.task_run.when.date(), campaign.send.at, store_settings().zone)

    @cached_property
    def is_simulated(self) -> bool:
        """Whether the texts go to a stand-in for Twilio: then it is always the campaign's own time of day."""
        return TwilioHook().is_stand_in()

    def now(self) -> datetime:
        """The moment by which it is late, or night."""
        return self.waited_for or (self.due if self.is_simulated else datetime.now(UTC))

    @property
    def lateness(self) -> timedelta:
        """How long ago the texts were due."""
        return self.now() - self.due

    @property
    def time_left(self) -> timedelta:
        """For how long the run may still begin to text (`fresh_minutes`); below zero it is too late."""
        return timedelta(minutes=messaging_settings().fresh_minutes) - self.lateness

    @cached_property
    def store_db(self) -> Engine:
        """The store database."""
        from retail_ops.hooks.databases import StoreDbHook

        return StoreDbHook().engine

    @cached_property
    def texts(self) -> Texts:
        """The texts of the store database, as this task uses them."""
        return Texts(self.store_db, self.task_run.run)

    @property
    def is_today(self) -> bool:
        """Whether it still is the day on which the texts were due, at the store."""
        zone = store_settings().zone
        return self.now().astimezone(zone).date() == self.due.astimezone(zone).date()

    @property
    def over(self) -> str:
        """Why nothing may be sent any more; empty when it may."""
        if not self.settings.enabled and not self.is_test:
            return TURNED_OFF
        return "" if self.is_today else DAY_OVER

    @property
    def is_test(self) -> bool:
        """Whether nobody but the test recipients may get texts."""
        params = self.task_run.params
        return bool(params.get("test_mode") or params.get("test_recipients"))

    @cached_property
    def testers(self) -> list[str]:
        """Telephone numbers that get a test; raises `InvalidRequest` for one that cannot be texted."""
        numbers = self.task_run.params.get("test_recipients") or messaging_settings().test.recipients
        for place, number in enumerate(numbers, 1):
            phone = read_phone(number)
            if isinstance(phone, NoPhone):
                raise InvalidRequest(f"test recipient {place} cannot be texted: {phone.reason}")
        return list(numbers)

    @property
    def only_shows(self) -> bool:
        """Whether the run sends nothing at all, and only says what it would."""
        return self.task_run.dry_run or (self.is_test and not self.testers)

    @property
    def occasion(self) -> Occasion:
        """What the texts are stored under; a test has a name and an occasion of its own."""
        campaign, due = self.settings, self.due
        if self.is_test:
            moment = self.task_run.when.strftime("%Y-%m-%dT%H:%M:%S.%f")
            return Occasion(TEST_PREFIX + self.name, moment, due, campaign.priority, campaign.media, 0)
        anchor = anchor_day(campaign.audience, self.task_run.when.date()).isoformat()
        return Occasion(self.name, anchor, due, campaign.priority, campaign.media, campaign.hold_out_share)
