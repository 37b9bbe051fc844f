"""Tasks of `connectivity_watch`: the internet, and the mail about an outage that is over."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException

from include.changes import Reject, Summary
from include.errors import InvalidRequest
from include.settings import store_settings
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.connectivity.hosts import Answer
    from include.connectivity.settings import Action, ConnectivitySettings, Host
    from include.storedb.connectivity import Outage, Outages

log = logging.getLogger(__name__)

REPORT = "connectivity_watch"
LOG = ("connectivity", "outages.csv")
HOSTS = "hosts"
SHOWN_FOR = timedelta(days=30)


def watch_internet(task_run: TaskRun) -> None:
    """Look whether the internet is there; remember, log and act on what began or ended.

    Skips, saying so, when nothing began or ended. Leaves the hosts' answers behind as XCom `hosts`.
    """
    from include.connectivity.hosts import ask_all
    from include.connectivity.outage_log import write_outages
    from include.connectivity.watch import INTERNET, look, watch
    from include.storedb.runs import moment

    started, settings = time.monotonic(), _settings()
    addresses = _addresses(settings.internet.asked)
    if not addresses:
        task_run.skip("none of the hosts of connectivity.yaml has an address: nothing was asked")

    def ask() -> list[Answer]:
        answers = ask_all(addresses, settings.internet.answer_seconds)
        for answer in answers:
            words = ("%s (%s): %s: %s", answer.name, answer.place, answer.verdict, answer.words)
            log.log(logging.WARNING if answer.verdict == "failed" else logging.INFO, *words)
        return answers

    if task_run.dry_run:
        answers, connected = look(ask, settings.internet, time.sleep)
        task_run.push(HOSTS, [[a.name, a.place, a.verdict, a.words] for a in answers])
        task_run.skip(f"dry run: {_state(connected)}; nothing is remembered, logged or begun")
    outages = outages_of_the_store()
    found = watch(ask, settings.internet, outages, task_run.run, moment, time.sleep)
    task_run.push(HOSTS, [[a.name, a.place, a.verdict, a.words] for a in found.answers])
    zone = store_settings().zone
    # Those of the last days, so that a line that an interrupted run left out is made up for.
    recent = outages.confirmed(INTERNET, moment() - SHOWN_FOR)
    lines = write_outages(task_run.file(*LOG), recent, zone)
    problem = _act(task_run, settings.action, found.outage, outages)
    details: dict[str, Any] = {"connected": found.connected, "log_lines": lines}
    changes = int(found.began) + int(found.ended is not None)
    if problem and (path := task_run.write_rejects([Reject("action", problem)])):
        details["rejects"] = path
    if not changes and not problem:
        ongoing = (
            f"; the outage of {found.outage.began_at:%Y-%m-%d %H:%M} UTC goes on" if found.outage else ""
        )
        task_run.skip(f"nothing to change: {_state(found.connected)}{ongoing}")
    seconds = round(time.monotonic() - started, 3)
    task_run.leave(
        Summary(planned=changes, applied=changes, failed=int(bool(problem)), seconds=seconds, details=details)
    )


def mail_outages(task_run: TaskRun) -> None:
    """Tell of each outage that is over, once; skips when there is none."""
    from include.connectivity.letters import outage_letter
    from include.connectivity.watch import INTERNET
    from include.reporting.delivery import mail_to
    from retail_ops.mailing import send_mails

    outages = outages_of_the_store()
    untold = outages.untold(INTERNET)
    if not untold:
        task_run.skip("nothing to change: no outage that nobody was told of")
    if task_run.dry_run:
        task_run.skip(f"dry run: {len(untold)} outages are not told of")
    recipients = list(dict.fromkeys(store_settings().alert_recipients))
    if not recipients:
        task_run.skip("store.yaml has no alert_recipients: nobody is told of outages")
    mails = [
        mail_to(one, REPORT, outage.began_at.isoformat(), outage_letter(outage, store_settings().zone))
        for outage in untold
        for one in recipients
    ]
    waiting: set[str] = set()
    try:
        found = send_mails(task_run, mails)
        waiting = {one.entry.anchor for one in found if one.outcome == "waiting"}
    except AirflowSkipException:
        log.info("Everybody was told of these outages by an earlier run")
        _note_told(outages, untold)
        raise
    # What the mail server did not take is left to the next run.
    _note_told(outages, [outage for outage in untold if outage.began_at.isoformat() not in waiting])


def _act(task_run: TaskRun, action: Action, outage: Outage | None, outages: Outages) -> str:
    """Run the operator's command, once in each outage; returns what went wrong with it."""
    from include.connectivity.action import run_command
    from include.storedb.runs import moment

    if not action.command or outage is None or not outages.claim_action(outage, moment()):
        return ""
    log.warning("The internet is away: %s is run", action.command[0])
    try:
        said = run_command(action.command, action.timeout_seconds)
    except InvalidRequest as error:
        log.error("%s", error)
        return str(error)
    log.info("%s is done; it printed: %s", action.command[0], said or "nothing")
    task_run.push("action", "done")
    return ""


def _addresses(hosts: Mapping[str, Host]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, host in hosts.items():
        if address := host.address or _host_of(str(host.connection)) or host.otherwise:
            found[name] = address
        else:
            log.warning("%s is left out: the connection %s names no host", name, host.connection)
    return found


def _host_of(conn_id: str) -> str | None:
    from retail_ops.hooks.connection_fields import ConnectionFields

    try:
        fields = ConnectionFields(BaseHook.get_connection(conn_id))
        return fields.base_url() if fields.text("host") else None
    except AirflowNotFoundException:
        return None
    except InvalidRequest as error:
        log.warning("%s", error)
        return None


def _note_told(outages: Outages, told: Sequence[Outage]) -> None:
    from include.storedb.runs import moment

    for outage in told:
        outages.told(outage, moment())


def _state(connected: bool | None) -> str:
    return {True: "the internet is there", False: "no host answers", None: "no host could be asked"}[
        connected
    ]


def _settings() -> ConnectivitySettings:
    from include.connectivity.settings import connectivity_settings

    return connectivity_settings()


def outages_of_the_store() -> Outages:
    """What the store database remembers."""
    from include.storedb.connectivity import Outages
    from retail_ops.hooks.databases import StoreDbHook

    return Outages(StoreDbHook().engine)
