"""The WebDAV stand-in: wsgidav on cheroot, digest login only, with the folders of a BigCommerce store."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp

from include.sandbox.standins import credentials
from include.sandbox.standins.context import Context
from include.sandbox.standins.webdav_traffic import CLIENT_SOCKET, WebDavTraffic

log = logging.getLogger(__name__)

MOUNT = "/dav"
STORE_FOLDERS = ("content", "import_files", "product_images", "template")
LARGEST_FILE_BYTES = 512 * 1024 * 1024


class _Gateway(wsgi.Gateway_10):
    """Tells the application which socket the client is on, so that it can cut the connection."""

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]
        environ: dict[str, Any] = super().get_environ()
        environ[CLIENT_SOCKET] = self.req.conn.socket
        return environ


class _Server(wsgi.Server):
    """Writes its errors to the log instead of standard error."""

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        log.log(level, msg, exc_info=traceback)


class WebDavServer:
    """A WebDAV server in threads of this process."""

    def __init__(self, context: Context, host: str, port: int) -> None:
        _make_folders(context.webdav_dir)
        self._traffic = WebDavTraffic(_application(context.webdav_dir), context)
        self._server = self._listening(host, port)
        self._thread = threading.Thread(target=self._server.serve, name="standins-webdav", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        port: int = self._server.bind_addr[1]
        return port

    def start(self) -> None:
        """Start serving."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and let go of requests that hang."""
        self._traffic.stop()
        self._server.stop()
        self._thread.join(timeout=10)

    def _listening(self, host: str, port: int) -> wsgi.Server:
        try:
            return self._prepared(host, port)
        except OSError:
            return self._prepared(host, 0)

    def _prepared(self, host: str, port: int) -> wsgi.Server:
        server = _Server((host, port), self._traffic, numthreads=10, shutdown_timeout=1)
        server.gateway = _Gateway
        server.max_request_body_size = LARGEST_FILE_BYTES
        server.prepare()
        return server


def _make_folders(root: Path) -> None:
    for name in STORE_FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)


def _application(root: Path) -> WsgiDAVApp:
    # Without `enable` wsgidav leaves the logging of the process alone.
    return WsgiDAVApp(
        {
            "provider_mapping": {MOUNT: {"root": str(root)}},
            "http_authenticator": {
                "domain_controller": None,
                "accept_basic": False,
                "accept_digest": True,
                "default_to_digest": True,
            },
            "simple_dc": {
                "user_mapping": {
                    "*": {credentials.WEBDAV_USER: {"password": credentials.WEBDAV_PASSWORD}},
                }
            },
            "dir_browser": {"enable": False},
            "logging": {"enable": False},
            "verbose": 0,
        }
    )
