"""The checks that a staged delivery must pass before it counts: SQL on the warehouse, before `publish`."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.sql.operators.sql import SQLColumnCheckOperator, SQLTableCheckOperator

from retail_ops.gift_shop import GROUP, WAREHOUSE, gift_shop_settings

LOAD = f"{{{{ ti.xcom_pull(task_ids='{GROUP}.stage', map_indexes=ti.map_index) }}}}"
_OF_LOAD = f"load_no = {LOAD}"
# The moment of the run and a day, since the shop's clock may be ahead of ours.
_TOMORROW = "{{ (dag_run.run_after + macros.timedelta(days=1)).strftime('%Y-%m-%d %H:%M:%S') }}"
_MILS = 1000


def column_checks() -> SQLColumnCheckOperator:
    """No number is larger than any sale has."""
    settings = gift_shop_settings().deliveries
    quantity, price = settings.largest_quantity, settings.highest_price * _MILS
    return SQLColumnCheckOperator(
        task_id="check_numbers",
        conn_id=WAREHOUSE,
        table="lgs_line",
        partition_clause=_OF_LOAD,
        column_mapping={
            "quantity": {"min": {"geq_to": -quantity}, "max": {"leq_to": quantity}},
            "price_mils": {"min": {"geq_to": -price}, "max": {"leq_to": price}},
            "stock_code": {"null_check": {"equal_to": 0}},
        },
        accept_none=False,
        retry_on_failure=False,
    )


def table_checks() -> SQLTableCheckOperator:
    """The delivery as a whole: few rejects, one customer each, no future, nothing known gets lost."""
    settings = gift_shop_settings().deliveries
    checks: dict[str, Any] = {
        "has_invoices": {"check_statement": "COUNT(*) > 0"},
        "one_customer_and_country_for_each_invoice": {"check_statement": "SUM(is_mixed) = 0"},
        "nothing_is_sold_in_the_future": {"check_statement": f"MAX(sold_at) <= '{_TOMORROW}'"},
        "few_lines_are_rejected": {
            "check_statement": f"COUNT(*) > 0 AND {_of_load('reject_count')} <= "
            f"{settings.most_rejects} * {_of_load('reject_count + line_count')}"
        },
        "known_invoices_keep_their_lines": {
            "check_statement": f"COUNT(*) > 0 AND {_known('i.line_count')} * {settings.smallest_share} <= "
            f"{_known('s.line_count')}"
        },
    }
    return SQLTableCheckOperator(
        task_id="check_delivery",
        conn_id=WAREHOUSE,
        table="lgs_staged_invoice",
        partition_clause=_OF_LOAD,
        checks=checks,
        retry_on_failure=False,
    )


def _of_load(what: str) -> str:
    return f"(SELECT {what} FROM lgs_load WHERE {_OF_LOAD})"  # noqa: S608


def _known(what: str) -> str:
    """The lines of those invoices that the delivery would replace."""
    return (
        f"(SELECT COALESCE(SUM({what}), 0) FROM lgs_invoice i "  # noqa: S608
        "JOIN lgs_staged_invoice s ON s.invoice_no = i.invoice_no AND s.precedence >= i.precedence "
        f"WHERE s.{_OF_LOAD})"
    )
