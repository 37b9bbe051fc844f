"""Publishing on a real file server: what a retry, a changed file and a refusal do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import URL

from include.changes import Result
from include.database.engines import engine_for
from include.errors import BadCredentials
from include.publishing import Candidate, plan_publication, publish
from include.sandbox.standins.credentials import connections
from include.sandbox.standins.server import StandIns
from include.storedb.migrate import upgrade
from include.storedb.published import PublishedFiles
from include.storedb.runs import RunContext
from retail_ops.hooks.vendor_session import Patience
from retail_ops.hooks.webdav import WebDavHook

QUICK = Patience(connect=5, attempts=2, first_pause=0, longest_pause=0)
RUN = RunContext("hourly_inventory", "manual__1", "retail.publish")


class Shop:
    """A local folder, a file server and what is known of it."""

    def __init__(self, vendors: StandIns, folder: Path) -> None:
        self.vendors, self.folder = vendors, folder
        url = URL.create("sqlite", database=str(folder / "store.db"))
        upgrade(url)
        self.server = WebDavHook(patience=QUICK)
        self.published = PublishedFiles(engine_for(url), vendors.webdav_url)

    def candidates(self, **contents: str) -> list[Candidate]:
        made = []
        for name, content in contents.items():
            (self.folder / f"{name}.csv").write_text(content)
            made.append(Candidate(self.folder / f"{name}.csv", f"content/{name}.csv", len(content)))
        return made

    def publish(self, candidates: list[Candidate]) -> list[Result]:
        self.server.make_folders("content")
        there = {file.path: file for file in self.server.list("content")}
        self.changes = plan_publication(candidates, there, self.published.all())
        return self.replay(candidates)

    def replay(self, candidates: list[Candidate]) -> list[Result]:
        by_path = {candidate.remote: candidate for candidate in candidates}
        return publish(self.changes, by_path, self.server, self.published, RUN)

    def served(self, name: str) -> str:
        return (self.vendors.webdav_dir / "content" / f"{name}.csv").read_text()


@pytest.fixture
def shop(running: StandIns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    running.clear_faults()
    monkeypatch.setenv("AIRFLOW_CONN_WEBDAV", json.dumps(connections(running)["webdav"]))
    shop = Shop(running, tmp_path)
    for left in (running.webdav_dir / "content").glob("*"):
        left.unlink()
    running.clear_requests()
    return shop


def test_the_retry_of_a_killed_try_uploads_only_what_is_missing(shop: Shop) -> None:
    files = shop.candidates(one="1", two="2")
    shop.vendors.order_fault("webdav", "status", status=503, method="PUT", match="two", count=10)
    assert [(r.status, r.retry) for r in shop.publish(files)] == [("applied", False), ("failed", True)]
    shop.vendors.clear_faults()
    before = shop.vendors.count("webdav", "PUT")
    assert [r.status for r in shop.replay(files)] == ["applied", "applied"]
    assert shop.vendors.count("webdav", "PUT") == before + 1
    assert (shop.served("one"), shop.served("two")) == ("1", "2")


def test_a_file_that_arrived_without_our_knowledge_is_not_sent_again(shop: Shop) -> None:
    files = shop.candidates(one="1")
    shop.server.upload(files[0].local, files[0].remote)
    before = shop.vendors.count("webdav", "PUT")
    assert [r.status for r in shop.publish(files)] == ["applied"]
    assert shop.vendors.count("webdav", "PUT") == before
    assert shop.publish(files) == []


def test_a_file_that_changed_after_the_plan_is_left_to_the_next_run(shop: Shop) -> None:
    files = shop.candidates(one="1")
    shop.publish(files)
    changed = shop.candidates(one="planned")
    shop.changes = plan_publication(changed, {}, {})
    shop.candidates(one="changed after the plan")
    (result,) = shop.replay(changed)
    assert result.status == "conflicted"
    assert shop.served("one") == "1"


def test_one_refused_file_leaves_the_others(shop: Shop) -> None:
    files = shop.candidates(one="1", two="2")
    shop.vendors.order_fault("webdav", "status", status=507, method="PUT", match="one", count=10)
    results = shop.publish(files)
    assert [(r.status, r.retry) for r in results] == [("failed", False), ("applied", False)]
    assert "no space" in results[0].message


def test_a_refused_login_stops_the_rest(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    files = shop.candidates(one="1")
    shop.changes = plan_publication(files, {}, {})
    wrong = {**connections(shop.vendors)["webdav"], "password": "another"}
    monkeypatch.setenv("AIRFLOW_CONN_WEBDAV", json.dumps(wrong))
    shop.server = WebDavHook(patience=QUICK)
    with pytest.raises(BadCredentials):
        shop.replay(files)
