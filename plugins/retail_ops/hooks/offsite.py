"""The off-site storage from its Airflow connection, and the private key for reading encrypted backups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from include.errors import InvalidRequest, RetailOpsError
from retail_ops.hooks.connection_fields import ConnectionFields

if TYPE_CHECKING:
    from include.backups.storage import OffsiteStorage

KEY = "offsite_key"
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 10, 60, 3


class OffsiteHook(BaseHook):
    """Where backups go: a connection whose host is a URL, such as file:///backups or s3://bucket/folder.

    For S3 the login is the access key, the password its secret; `endpoint_url` and `region_name` in the extra
    name a storage other than Amazon's. Other storages take what their file system of fsspec needs from
    `storage_options` in the extra.
    """

    conn_name_attr = "conn_id"
    default_conn_name = "offsite"
    hook_name = "Off-site storage"

    def __init__(self, conn_id: str | None = None) -> None:
        super().__init__()
        self.conn_id = conn_id or self.default_conn_name

    @property
    def storage(self) -> OffsiteStorage:
        """The storage; raises `InvalidRequest` naming what the connection lacks."""
        from upath import UPath

        from include.backups.storage import OffsiteStorage

        try:
            found = self.get_connection(self.conn_id)
        except AirflowNotFoundException:
            raise InvalidRequest(
                f"there is no connection {self.conn_id}: make one whose host is the place for backups, "
                "such as file:///mnt/backups or s3://bucket/folder"
            ) from None
        fields = ConnectionFields(found, {"host": "the URL of the storage"})
        url = fields.required("host")
        scheme, separator, rest = url.partition("://")
        if not separator or not rest.strip("/") or "@" in rest.split("/")[0]:
            raise fields.wrong("host", "has no storage's URL (file:///folder, s3://bucket/folder) in")
        options = found.extra_dejson.get("storage_options") or {}
        if scheme == "s3":
            options = _s3_options(fields)
        return OffsiteStorage(UPath(url.rstrip("/"), **options))

    def test_connection(self) -> tuple[bool, str]:
        """Whether the storage answers, in one sentence."""
        try:
            storage = self.storage
            storage.check()
        except RetailOpsError as error:
            return False, str(error)
        return True, f"{storage.root} answers"


def private_key() -> str | None:
    """The private key in the password of the connection `offsite_key`; None where there is none."""
    try:
        password: str | None = BaseHook.get_connection(KEY).password
    except AirflowNotFoundException:
        return None
    return password or None


def _s3_options(fields: ConnectionFields) -> dict[str, Any]:
    options = {
        "key": fields.text("login"),
        "secret": fields.text("password"),
        "endpoint_url": fields.text("endpoint_url"),
    }
    region = fields.text("region_name")
    return {
        **{name: value for name, value in options.items() if value},
        "client_kwargs": {"region_name": region} if region else {},
        "config_kwargs": {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            "retries": {"max_attempts": ATTEMPTS},
        },
        "use_listings_cache": False,
    }
