"""What Airflow loads in every process: it must stay light."""

from __future__ import annotations

from typing import Any

from airflow.sdk.plugins_manager import AirflowPlugin

from retail_ops import listener


class RetailOpsPlugin(AirflowPlugin):
    """Registers the listener that keeps the run journal, and the app that shows pages."""

    name = "retail_ops"
    listeners: list[object] = [listener]  # noqa: RUF012

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The app; only the api-server asks for it, and only there its imports cost something."""
        from retail_ops.api.pages import app
        from retail_ops.page_link import URL_PREFIX

        return [{"app": app, "url_prefix": URL_PREFIX, "name": "Retail Ops pages"}]
