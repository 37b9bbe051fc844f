"""What the hooks of all vendors share: a connection's name and one session for it, made on first use."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from airflow.sdk import BaseHook

from retail_ops.hooks.vendor_session import Patience

C = TypeVar("C")


class VendorHook(BaseHook, Generic[C]):
    """Base of the vendors' hooks; `C` is the session or client that `get_conn` returns."""

    conn_name_attr = "conn_id"
    default_conn_name = ""
    usual_patience = Patience()

    def __init__(
        self, conn_id: str | None = None, *, patience: Patience | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id or self.default_conn_name
        self._patience = patience or self.usual_patience
        self._made: C | None = None

    def get_conn(self) -> C:
        """The session or client, made on first use; raises `InvalidRequest` when a field is missing."""
        if self._made is None:
            self._made = self._open(self._patience)
        return self._made

    def _open(self, patience: Patience) -> C:
        raise NotImplementedError
