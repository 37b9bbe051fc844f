"""Publishing on the store's file server from a task: its files, and what we know of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property

from include.changes import Plan, Result
from include.errors import NotFound
from include.publishing import Candidate, publish
from include.storedb.published import PublishedFile, PublishedFiles
from retail_ops.hooks.databases import StoreDbHook
from retail_ops.hooks.webdav import RemoteFile, WebDavHook
from retail_ops.task_run import TaskRun


class Publication:
    """One folder of the file server: what is there, what we published there, and how to publish more."""

    def __init__(self, folder: str) -> None:
        self.folder = folder.strip("/")
        self.server = WebDavHook()
        self.published = PublishedFiles(StoreDbHook().engine, self.server.get_conn().base_url)

    @cached_property
    def remote(self) -> Mapping[str, RemoteFile]:
        """The files in the folder now, by path; none when there is no such folder yet."""
        try:
            return {file.path: file for file in self.server.list(self.folder)}
        except NotFound:
            return {}

    @cached_property
    def known(self) -> Mapping[str, PublishedFile]:
        """The files that we published in the folder, by path."""
        return self.published.all(f"{self.folder}/")

    def apply(self, task_run: TaskRun, plan: Plan, candidates: Sequence[Candidate]) -> list[Result]:
        """Upload what a plan wants, after removing what uploads killed a day ago left behind."""
        if self.remote:
            self.server.remove_leftovers(self.folder, task_run.when - timedelta(days=1))
        by_path = {candidate.remote: candidate for candidate in candidates}
        return publish(plan.changes, by_path, self.server, self.published, task_run.run)
