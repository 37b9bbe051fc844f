"""The few calls of Airflow's REST API that the laptop house needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import requests
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed

SECONDS = 30
PAGE = 100
ENDED = ("success", "failed")


class AirflowApi:
    """A client for an Airflow that treats everybody on this machine as its administrator."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """One request; raises `requests.HTTPError` with Airflow's own words."""
        if "Authorization" not in self.http.headers:
            token = self.http.get(f"{self.url}/auth/token", timeout=SECONDS)
            token.raise_for_status()
            self.http.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
        for attempt in Retrying(
            retry=retry_if_exception(_is_busy), stop=stop_after_attempt(6), wait=wait_fixed(2), reraise=True
        ):
            with attempt:
                answer = self.http.request(
                    method, f"{self.url}/api/v2{path}", json=body, params=query, timeout=SECONDS
                )
                if not answer.ok:
                    raise requests.HTTPError(
                        f"{method} {path}: {answer.status_code} {answer.text[:300]}", response=answer
                    )
        return answer.json() if answer.content else None

    def is_healthy(self) -> bool:
        """Whether database, scheduler, DAG processor and triggerer all report in."""
        try:
            health = requests.get(f"{self.url}/api/v2/monitor/health", timeout=5).json()
        except (requests.RequestException, ValueError):
            return False
        return all(part.get("status") == "healthy" for part in health.values() if part)

    def set_pools(self, pools: dict[str, dict[str, Any]]) -> None:
        """Create the pools, or set them to what the file says."""
        entities = [
            {
                "name": n,
                "slots": p["slots"],
                "description": p.get("description", ""),
                "include_deferred": p.get("include_deferred", False),
            }
            for n, p in pools.items()
        ]
        self._bulk("/pools", entities)

    def set_connections(self, connections: dict[str, dict[str, Any]]) -> None:
        """Create the connections, or set them to what the sandbox says."""
        self._bulk("/connections", [_connection(name, fields) for name, fields in connections.items()])

    def _bulk(self, path: str, entities: list[dict[str, Any]]) -> None:
        create = {"action": "create", "entities": entities, "action_on_existence": "overwrite"}
        answer = self.call("PATCH", path, {"actions": [create]})
        errors = (answer.get("create") or {}).get("errors")
        if errors:
            raise requests.HTTPError(f"{path}: {errors}")

    def _pages(self, path: str, name: str, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            answer = self.call("GET", path, limit=PAGE, offset=len(found), **query)
            found += answer[name]
            if not answer[name] or len(found) >= answer["total_entries"]:
                return found

    def dags(self) -> list[dict[str, Any]]:
        """All DAGs, by name."""
        return self._pages("/dags", "dags", order_by="dag_id")

    def import_errors(self) -> list[dict[str, Any]]:
        """Files that Airflow could not read."""
        return list(self.call("GET", "/importErrors", limit=100)["import_errors"])

    def unpause(self, dag_id: str) -> None:
        """Let a DAG run."""
        self.call("PATCH", f"/dags/{dag_id}", {"is_paused": False}, update_mask="is_paused")

    def end_leftover_runs(self, dag_id: str) -> int:
        """Fail the runs that a killed house left behind, which would make a new run wait for them."""
        path = f"/dags/{dag_id}/dagRuns"
        runs = [run for s in ("running", "queued") for run in self._pages(path, "dag_runs", state=s)]
        for run in runs:
            self.call("PATCH", _run_path(dag_id, run["dag_run_id"]), {"state": "failed"})
        return len(runs)

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> str:
        """Start a run for now; returns its id."""
        now = datetime.now(UTC).isoformat()
        # With an id of our own a repeated request starts no second run.
        body = {"logical_date": now, "conf": conf, "dag_run_id": f"manual__{now}"}
        with _already_there():
            self.call("POST", f"/dags/{dag_id}/dagRuns", body)
        return f"manual__{now}"

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """A run's state and times."""
        return dict(self.call("GET", _run_path(dag_id, run_id)))

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The run's tasks with their states."""
        return self._pages(f"{_run_path(dag_id, run_id)}/taskInstances", "task_instances", order_by="id")

    def question(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """What a task asks a person, as Required Actions shows it."""
        return dict(self.call("GET", _question_path(dag_id, run_id, task_id)))

    def answer(self, dag_id: str, run_id: str, task_id: str, option: str) -> None:
        """Answer such a task with one of its options; nothing happens when it was answered already."""
        with _already_there():
            self.call("PATCH", _question_path(dag_id, run_id, task_id), {"chosen_options": [option]})

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str, map_index: int = -1) -> Any:
        """A value that a task left behind, or None."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances/{task_id}/xcomEntries/{key}"
        try:
            return self.call("GET", path, map_index=map_index, deserialize=True)["value"]
        except requests.HTTPError as error:
            if error.response is not None and error.response.status_code == 404:
                return None
            raise


@contextmanager
def _already_there() -> Iterator[None]:
    try:
        yield
    except requests.HTTPError as error:
        if error.response is None or error.response.status_code != 409:
            raise


def _is_busy(error: BaseException) -> bool:
    """SQLite lets one write at a time; with many tasks at once Airflow's API may answer 500."""
    return (
        isinstance(error, requests.HTTPError)
        and error.response is not None
        and error.response.status_code >= 500
    )


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"


def _connection(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    body = {
        key: value
        for key, value in fields.items()
        if key in ("conn_type", "host", "login", "password", "schema", "port")
    }
    extra = fields.get("extra")
    text = extra if isinstance(extra, str) or extra is None else json.dumps(extra)
    return {"connection_id": name, **body, "extra": text}


def _question_path(dag_id: str, run_id: str, task_id: str) -> str:
    return f"{_run_path(dag_id, run_id)}/taskInstances/{task_id}/-1/hitlDetails"
