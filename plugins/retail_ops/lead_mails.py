"""The morning mail to the sales staff about requests for a landscape design."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context

from include.changes import Reject
from include.settings import store_settings
from retail_ops.mailing import AGAIN, send_mails
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.lead_mails.waiting import Batch
    from include.reporting.letter import Letter
    from include.storedb.leads import Lead, Leads

FILE = "design_request_leads.csv"
REPORT = "design_lead_followup"


class MailLeadsOperator(BaseOperator):
    """Mail each recipient of `reports.yaml` the requests that he or she was not mailed before.

    The mail is kept as a page, too: `reports/design_lead_followup/<day>.html` and `latest.html` of the
    store's files (a dry run's in `reports/preview/`). Without a new request it skips.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#f1dce6"

    def execute(self, context: Context) -> None:
        """Raises what `retail_ops.mailing.send_mails` raises."""
        from include.lead_mails.settings import lead_mail_settings
        from include.lead_mails.waiting import batches, leads_since
        from include.reporting.settings import report_settings

        task_run, leads = TaskRun(context), _leads()
        if not task_run.dry_run:
            for reject in _taken_in(task_run, leads):
                self.log.warning("Set aside, %s of %s: %s", reject.key, FILE, reject.reason)
        recipients = report_settings().recipients(REPORT)
        if not recipients:
            task_run.skip(f"reports.yaml names nobody who gets {REPORT}")
        oldest = timedelta(days=lead_mail_settings().oldest_days)
        since = task_run.when.astimezone(UTC).replace(tzinfo=None) - oldest
        found = leads_since(leads, since)
        again = bool(task_run.params.get(AGAIN))
        waiting = batches(leads.engine, found, recipients, again=again)
        if not waiting:
            task_run.skip("no new design requests")
        page = _keep_page(task_run, max(waiting, key=lambda batch: len(batch.leads)).leads)
        self.log.info("The mail: %s", page)
        if task_run.dry_run:
            task_run.skip(f"dry run: {len(waiting)} mails were not sent; the page is {page}")
        _send(task_run, leads, waiting)


def _send(task_run: TaskRun, leads: Leads, waiting: Sequence[Batch]) -> None:
    from include.lead_mails.waiting import put_down, settle
    from include.reporting.delivery import Mail
    from include.storedb.ledger import Ledger

    ledger = Ledger(leads.engine, task_run.run)
    for batch in waiting:
        put_down(ledger, batch)
    by_mail = {batch.mail: batch for batch in waiting}
    for delivery in send_mails(task_run, [Mail(batch.mail, _letter(batch.leads)) for batch in waiting]):
        if delivery.outcome in ("sent", "sent_before"):
            settle(ledger, by_mail[delivery.entry])


def _keep_page(task_run: TaskRun, leads: Sequence[Lead]) -> str:
    from include.files import write_atomically
    from include.reporting.page import as_page

    page = as_page(_letter(leads))
    folder = ("reports", *(["preview"] if task_run.dry_run else []), REPORT)
    places = [task_run.file(*folder, f"{stem}.html") for stem in (f"{task_run.when:%Y-%m-%d}", "latest")]
    for place in places:
        write_atomically(place, page)
    return str(places[0])


def _letter(leads: Sequence[Lead]) -> Letter:
    from include.lead_mails.letter import lead_letter
    from include.lead_mails.settings import lead_mail_settings
    from include.messaging.phones import Phone, read_phone

    def display(text: str) -> str | None:
        phone = read_phone(text)
        return phone.display if isinstance(phone, Phone) else None

    return lead_letter(leads, lead_mail_settings(), store_settings().zone, display)


def _taken_in(task_run: TaskRun, leads: Leads) -> tuple[Reject, ...]:
    from include.leads.lead_files import import_leads

    path = task_run.file(FILE)
    return import_leads(path, store_settings().zone, leads)[1] if path.exists() else ()


def _leads() -> Leads:
    from include.storedb.leads import Leads
    from retail_ops.hooks.databases import StoreDbHook

    return Leads(StoreDbHook().engine)
