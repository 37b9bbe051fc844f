"""Tasks around the rules of `include.leads`: requests of the web form become customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.changes import Budget, Plan, Reject, Result
from include.settings import store_settings
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.leads.customer_record import LeadRules
    from include.storedb.leads import Leads

FILE = "design_request_leads.csv"
# A creation without an answer that was begun less than this ago may still be under way at the server.
SETTLED = timedelta(minutes=10)


def plan_new_customers(task_run: TaskRun) -> Plan:
    """Take in what the web form has written since, and decide on every lead that is not settled yet."""
    from include.leads.new_customers import plan_new_customers as plan
    from retail_ops.hooks.databases import CounterpointHook

    rejects = () if task_run.dry_run else _taken_in(task_run)
    found = plan(CounterpointHook().stream, _leads().new(), _rules())
    return Plan(found.changes, found.considered, (*found.rejects, *rejects), found.basis)


def _taken_in(task_run: TaskRun) -> tuple[Reject, ...]:
    from include.leads.lead_files import import_leads

    path = task_run.file(FILE)
    return import_leads(path, store_settings().zone, _leads())[1] if path.exists() else ()


def create_customers(task_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
    """Create the new ones through Counterpoint's API, each under a claim of its own."""
    from include.leads import creation
    from include.leads.matching import customer_finder
    from include.leads.new_customer_log import NewCustomerLog
    from include.storedb.ledger import Ledger
    from include.storedb.runs import moment
    from retail_ops.hooks.databases import CounterpointHook, StoreDbHook

    rules = _rules()
    yield from creation.create_customers(
        plan.changes,
        _leads(),
        _post(),
        Ledger(StoreDbHook().engine, task_run.run),
        customer_finder(CounterpointHook().read, rules),
        NewCustomerLog(task_run.file("new_customers.csv"), task_run.when),
        rules=rules,
        settled_before=moment() - SETTLED,
    )


def _post() -> Callable[[dict[str, Any]], str]:
    from retail_ops.hooks.counterpoint_api import CounterpointApiHook

    api = CounterpointApiHook()

    def post(record: dict[str, Any]) -> str:
        return str(api.request("POST", "/Customer", json=record).get("CUST_NO") or "")

    return post


def _leads() -> Leads:
    from include.storedb.leads import Leads
    from retail_ops.hooks.databases import StoreDbHook

    return Leads(StoreDbHook().engine)


def _rules() -> LeadRules:
    from include.customers.names import proper_names
    from include.leads.customer_record import LeadRules
    from include.leads.lead_settings import lead_settings
    from include.messaging.phones import as_e164

    return LeadRules(lead_settings(), as_e164, proper_names)


def budget() -> Budget:
    """How many leads may be settled at once."""
    from include.leads.lead_settings import lead_settings

    return lead_settings().budget.budget()
