"""What Airflow loads in every process: it must stay light."""

from __future__ import annotations

from airflow.sdk.plugins_manager import AirflowPlugin

from retail_ops import listener


class RetailOpsPlugin(AirflowPlugin):
    """Registers the listener that keeps the run journal."""

    name = "retail_ops"
    listeners: list[object] = [listener]  # noqa: RUF012
