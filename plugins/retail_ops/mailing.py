"""The two tasks of every report: write it, with its page in the store's files, and mail it once to each
recipient.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, ObjectStoragePath, Param
from airflow.sdk.definitions.context import Context

from include.changes import Reject, Summary
from include.errors import VendorUnavailable
from include.privacy import masked
from include.settings import store_settings
from retail_ops.mail_connection import connected, mail_sender
from retail_ops.page_link import PAGE_LINK
from retail_ops.pages import keep_page
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.reporting.delivery import Delivery, Mail
    from include.reporting.letter import Letter

log = logging.getLogger(__name__)

AGAIN = "mail_again"


@dataclass(frozen=True, slots=True)
class Report:
    """A report to keep and to mail: `occasion` (up to 40 characters) is what it is mailed once for, such as a
    period; `numbers` go into the run's summary.

    Without an occasion it is kept as the page of its day, and nobody is mailed. What is `missing` from it
    makes the run red, after the mail.
    """

    letter: Letter
    occasion: str
    numbers: dict[str, Any]
    missing: tuple[Reject, ...] = ()


class WriteReportOperator(BaseOperator):
    """Write a report: its page by `retail_ops.pages.keep_page`, its letter beside the run's plans, for
    `MailReportOperator`.

    `compose` is called with the `TaskRun`; it may skip the task.
    """

    template_fields: Sequence[str] = ()
    operator_extra_links = (PAGE_LINK,)
    ui_color = "#e4dcf1"

    def __init__(self, *, compose: Callable[[TaskRun], Report], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.compose = compose

    def execute(self, context: Context) -> dict[str, str]:
        """Returns where letter and page are, and the occasion."""
        from include.reporting.letter import write_letter
        from include.reporting.page import as_page

        task_run, started = TaskRun(context), time.monotonic()
        report = self.compose(task_run)
        latest = None if report.occasion else False
        kept = keep_page(task_run, task_run.when.date(), as_page(report.letter), latest=latest)
        letter = task_run.run_file(f"{self.task_id}.letter.json.gz")
        write_letter(report.letter, letter)
        details = {"page": kept.place, **report.numbers}
        if path := task_run.write_rejects(report.missing):
            details["rejects"] = path
        seconds = round(time.monotonic() - started, 3)
        task_run.leave(Summary(failed=len(report.missing), seconds=seconds, details=details))
        return {"letter": str(letter), "page": kept.place, "occasion": report.occasion}


class MailReportOperator(BaseOperator):
    """Mail what a `WriteReportOperator` wrote to the report's recipients (`reports.yaml`), each on its own.

    Whoever got the occasion's mail, or may have, gets no other: neither from a retry nor from another run.
    Mails that the server did not take are tried again by Airflow's retries; a refused recipient and a mail
    of which nobody knows whether it was taken count as failed in the summary. The parameter `mail_again`
    says that a person wants the latter sent once more.
    """

    template_fields: Sequence[str] = ("written",)
    ui_color = "#f1dce6"

    def __init__(self, *, name: str, written: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.written = written

    def execute(self, context: Context) -> None:
        """Raises `VendorUnavailable` while mails are left that can be tried again."""
        from include.reporting.delivery import mail_to
        from include.reporting.letter import read_letter
        from include.reporting.settings import report_settings

        task_run = TaskRun(context)
        recipients = report_settings().recipients(self.name)
        if not recipients:
            task_run.skip(f"reports.yaml names nobody who gets {self.name}")
        if not self.written["occasion"]:
            task_run.skip(f"an earlier day's report is mailed to nobody; the page is {self.written['page']}")
        if task_run.dry_run:
            task_run.skip(
                f"dry run: {len(recipients)} mails were not sent; the page is {self.written['page']}"
            )
        letter = read_letter(ObjectStoragePath(self.written["letter"]))
        occasion = self.written["occasion"]
        send_mails(task_run, [mail_to(one, self.name, occasion, letter) for one in recipients])


def report_tasks(
    name: str, compose: Callable[[TaskRun], Report], **more: Any
) -> tuple[WriteReportOperator, MailReportOperator]:
    """The tasks `write` and `mail` of a report; `more` goes to `write`."""
    written = WriteReportOperator(task_id="write", compose=compose, **more)
    return written, MailReportOperator(task_id="mail", name=name, written=written.output)


def mail_params() -> dict[str, Param]:
    """The trigger form's field for mails of which nobody knows whether they came."""
    return {
        AGAIN: Param(
            False,
            type="boolean",
            title="Mail again what may have been lost",
            description="Once more to those who may not have got the mail. Ask them first.",
        )
    }


def send_mails(
    task_run: TaskRun, mails: Sequence[Mail], details: Mapping[str, Any] | None = None
) -> list[Delivery]:
    """Send mails under the ledger, and leave the task's summary behind, with `details` in it.

    Skips the task when there was nothing left to do. Raises `VendorUnavailable` when some mails were not
    taken and Airflow would try again, and what concerns every mail.
    """
    from include.reporting.delivery import Delivering
    from include.reporting.settings import report_settings
    from include.reporting.smtp import MailServer
    from include.storedb.ledger import Ledger
    from retail_ops.hooks.databases import StoreDbHook

    started = time.monotonic()
    found: list[Delivery] = []
    sender = mail_sender()
    ledger = Ledger(StoreDbHook().engine, task_run.run)
    now, again = datetime.now(store_settings().zone), bool(task_run.params.get(AGAIN))
    seconds = report_settings().answer_seconds
    try:
        with MailServer(connected, sender.addr_spec, seconds) as server:
            # What was delivered before an error stays in the list.
            found.extend(Delivering(server, sender, ledger, now, again=again).deliver(mails))
    finally:
        if found:
            _leave(task_run, len(mails), found, time.monotonic() - started, details or {})
    waiting = [one for one in found if one.outcome == "waiting"]
    if waiting and task_run.tries_left:
        raise VendorUnavailable(
            f"{len(waiting)} of {len(mails)} mails were not taken yet: {waiting[0].message}"
        )
    if found and all(one.outcome.endswith("_before") for one in found):
        task_run.skip("nothing to change: everybody was mailed before")
    return found


def _leave(
    task_run: TaskRun, planned: int, found: Iterable[Delivery], seconds: float, details: Mapping[str, Any]
) -> None:
    outcomes = [one.outcome for one in found]
    words = {
        "refused": "the mail server refuses this recipient",
        "unknown": "it is not known whether this mail was taken, and it is not sent again; ask the recipient",
        "waiting": "was not taken yet",
        "refused_before": "was refused in an earlier run, and was not tried again",
    }
    rejects = [
        Reject(shown(one.entry.recipient), f"{words[one.outcome]}: {masked(one.message)}")
        for one in found
        if one.outcome in words
    ]
    for reject in rejects:
        log.warning("%s: %s", reject.key, reject.reason)
    rejected = {"rejects": path} if (path := task_run.write_rejects(rejects)) else {}
    task_run.leave(
        Summary(
            planned=planned,
            applied=outcomes.count("sent"),
            skipped=outcomes.count("sent_before") + outcomes.count("refused_before"),
            failed=sum(outcomes.count(one) for one in ("refused", "unknown", "waiting")),
            seconds=round(seconds, 3),
            details={**details, **rejected},
        )
    )


def shown(address: str) -> str:
    """An address as logs and files may show it: the first letter and the domain."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"
