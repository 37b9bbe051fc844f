"""What every DAG of the house has in common: retries, alerts, tags, the store's clock, pools."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import ExceptionRetryPolicy, Param, RetryAction, RetryDecision, RetryRule, conf
from airflow.sdk.definitions.context import Context

from include.errors import BadCredentials, BudgetExceeded, InvalidRequest, OutcomeUnknown, RateLimited
from include.settings import store_settings

STORE_TIME = store_settings().time_zone
OWNER = "store operations"
PRESENT_ONLY: Any = ("manual", "scheduled")
"""`allowed_run_types` of a DAG that must not repeat the past: backfills are refused."""
BY_HAND_ONLY: Any = ("manual",)


class StoreRetryPolicy(ExceptionRetryPolicy):
    """Fails at once what cannot get better, waits as a vendor asks, else retries with growing waits."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Airflow asks this after every failed try."""
        if isinstance(exception, RateLimited) and exception.retry_after:
            wait = timedelta(seconds=exception.retry_after)
            return RetryDecision.retry(wait, f"the vendor asks to wait {exception.retry_after:.0f} s")
        return super().evaluate(exception, try_number, max_tries, context)


RETRY_POLICY = StoreRetryPolicy(
    rules=[
        RetryRule(
            exception=BadCredentials,
            action=RetryAction.FAIL,
            reason="the login is refused; mend the connection",
        ),
        RetryRule(
            exception=InvalidRequest, action=RetryAction.FAIL, reason="the request would be refused again"
        ),
        RetryRule(
            exception=BudgetExceeded, action=RetryAction.FAIL, reason="a person has to look at the plan first"
        ),
        RetryRule(
            exception=OutcomeUnknown,
            action=RetryAction.FAIL,
            reason="it may have been carried out already",
        ),
    ]
)


def task_defaults(**over: Any) -> dict[str, Any]:
    """`default_args` for a DAG: three retries with doubling waits, an hour at most for one try."""
    return {
        "owner": OWNER,
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=30),
        "retry_policy": RETRY_POLICY,
        "execution_timeout": timedelta(hours=1),
        **over,
    }


def tags(
    *, area: str, systems: Sequence[str], writes: bool, reaches: Literal["customers", "staff", "nobody"]
) -> list[str]:
    """The tags that every DAG carries, for filtering in the UI."""
    return [
        f"area:{area}",
        *(f"system:{s}" for s in systems),
        f"writes:{'yes' if writes else 'no'}",
        f"reaches:{reaches}",
    ]


def family_params(
    parts: Sequence[str] = (), *, budget: bool = False, dry_run: bool = False
) -> dict[str, Param]:
    """The trigger form's fields that all families share: `dry_run`, `only` where a family has parts, and
    `over_budget` where its plans have budgets. `dry_run` is the first field's default.
    """
    params = {
        "dry_run": Param(
            dry_run,
            type="boolean",
            title="Dry run",
            description="Only plan: show what would change, and change nothing.",
        ),
    }
    if budget:
        params["over_budget"] = Param(
            False,
            type="boolean",
            title="Accept a large plan",
            description="Carry out a plan that is above its budget, after a person has looked at it.",
        )
    if parts:
        params["only"] = Param(
            [],
            type="array",
            title="Only these parts",
            items={"type": "string", "enum": list(parts)},
            examples=list(parts),
            description="Nothing chosen means all parts.",
        )
    return params


def alert(runbook: str) -> SmtpNotifier:
    """One mail for each failed run, with a link to it and to its part of the runbook.

    It is written in the DAG processor, whose templates know the DAG and the run, but not Airflow's settings.
    """
    return _mail(
        "{{ dag.dag_id }} failed ({{ run_id }})",
        "<p>A run of <b>{{ dag.dag_id }}</b> failed: {{ run_id | e }}</p>",
        f'<a href="{_RUN}">Open the run</a>; the logs of its red tasks say what happened.',
        f"<p>What to do: docs/DAGS.md#{runbook}</p>",
    )


def call_for_approval(task_id: str) -> SmtpNotifier:
    """A mail that a run waits for a person's answer, with a link to the question that the task asks."""
    return _mail(
        "{{ dag.dag_id }} waits for your approval",
        "<p>A run of <b>{{ dag.dag_id }}</b> waits for somebody to approve it: {{ run_id | e }}</p>",
        f'<a href="{_RUN}/tasks/{task_id}/required_actions">Approve or reject it</a>; '
        "without an answer in time it does nothing.",
    )


_RUN = (
    conf.get("api", "base_url", fallback="http://localhost:8080").rstrip("/")
    + "/dags/{{ dag.dag_id }}/runs/{{ run_id | urlencode }}"
)


def _mail(subject: str, what: str, link: str, more: str = "") -> SmtpNotifier:
    recipients = list(store_settings().alert_recipients)
    return SmtpNotifier(to=recipients, subject=subject, html_content=f"{what}<p>{link}</p>{more}")
