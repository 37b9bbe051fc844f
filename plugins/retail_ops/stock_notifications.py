"""Tasks around `include.stock_notices`: requests whose items are back are answered, each once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.changes import Budget, Plan, Reject, Result
from include.errors import InvalidRequest
from include.settings import store_settings
from retail_ops.mailing import AGAIN
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.stock_notices.coupons import Coupons
    from include.stock_notices.goods import Goods
    from include.storedb.stock_requests import StockRequests

LOG_FILE = ("coupons", "created_coupon_log.csv")


def plan_notices(task_run: TaskRun) -> Plan:
    """Take in what the old web form has written since, and decide on every open request."""
    from include.stock_notices.planning import plan_notices as plan
    from include.stock_notices.settings import stock_notice_settings
    from include.stock_notices.standing import mail_standings

    rejects = () if task_run.dry_run else _taken_in(task_run)
    requests = _requests()
    waiting = requests.open()
    found = plan(
        waiting,
        _goods({request.item_key for request in waiting}),
        mail_standings(requests.engine, waiting),
        stock_notice_settings(),
        task_run.when,
        again=bool(task_run.params.get(AGAIN)),
    )
    return Plan(found.changes, found.considered, (*found.rejects, *rejects))


def _taken_in(task_run: TaskRun) -> tuple[Reject, ...]:
    from include.storedb.stock_request_files import FILE, import_stock_requests

    path = task_run.file(FILE)
    return import_stock_requests(path, store_settings().zone, _requests())[1] if path.exists() else ()


def budget() -> Budget:
    """How many requests one run may settle."""
    from include.stock_notices.settings import stock_notice_settings

    return stock_notice_settings().budget.budget()


def answer_requests(task_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
    """Make the coupon, plan the text, send the mail and close the request, one request after the other."""
    from include.reporting.delivery import Delivering
    from include.reporting.settings import report_settings
    from include.reporting.smtp import MailServer
    from include.stock_notices.notifying import Notices
    from include.stock_notices.settings import stock_notice_settings
    from include.stock_notices.standing import mail_standings
    from include.storedb.ledger import Ledger
    from retail_ops.mail_connection import connected, mail_sender
    from retail_ops.stock_mails import StockMails
    from retail_ops.stock_texts import plan_text

    until = _until(task_run)
    requests, sender = _requests(), mail_sender()
    stored = requests.by_id(int(str(change.key)) for change in plan.changes)
    goods = _goods({request.item_key for request in stored.values()})
    ledger, again = Ledger(requests.engine, task_run.run), bool(task_run.params.get(AGAIN))
    now = datetime.now(store_settings().zone)
    with MailServer(connected, sender.addr_spec, report_settings().answer_seconds) as server:
        mails = StockMails(Delivering(server, sender, ledger, now, again=again), list(stored.values()))
        notices = Notices(
            requests,
            goods,
            mail_standings(requests.engine, stored.values()),
            _coupons(task_run, requests, ledger, until),
            mails.send,
            lambda request, item, coupon: plan_text(task_run, request, item, coupon, mails.link(item)),
            at_least=stock_notice_settings().at_least,
            again=again,
        )
        yield from notices.carry_out(plan.changes)


def _until(task_run: TaskRun) -> datetime:
    """Until when the run's coupons hold; raises `InvalidRequest` where a cleared run's would be over."""
    from include.stock_notices.coupons import end_of_day
    from include.stock_notices.settings import stock_notice_settings

    zone = store_settings().zone
    until = end_of_day(task_run.when, stock_notice_settings().coupon.valid_days, zone)
    if task_run.was_cleared and until < datetime.now(zone):
        raise InvalidRequest(
            f"this run is of {task_run.when:%Y-%m-%d}, and its coupons would be over; nobody was mailed. "
            "Trigger the DAG instead of clearing the old run: it finds the same requests."
        )
    return until


def _coupons(task_run: TaskRun, requests: StockRequests, ledger: Any, until: datetime) -> Coupons:
    from include.stock_notices.coupons import Coupons, coupon_log
    from include.stock_notices.settings import stock_notice_settings
    from retail_ops.hooks.bigcommerce import BigCommerceHook

    settings = stock_notice_settings().coupon
    file = coupon_log(task_run.file(*LOG_FILE))
    return Coupons(BigCommerceHook(), requests, ledger, file, settings, until, task_run.when)


def _goods(keys: set[str]) -> dict[str, Goods]:
    from include.stock_notices.goods import goods_of
    from retail_ops.hooks.databases import CounterpointHook

    return goods_of(CounterpointHook().read, keys, store_settings().stock_locations) if keys else {}


def _requests() -> StockRequests:
    from include.storedb.stock_requests import StockRequests
    from retail_ops.hooks.databases import StoreDbHook

    return StockRequests(StoreDbHook().engine)
