"""`python -m include.sandbox serve`: the stand-ins until somebody says stop."""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from include.errors import InvalidRequest
from include.sandbox.standins.credentials import connections
from include.sandbox.standins.ports import Ports
from include.sandbox.standins.server import StandIns

PORTS_FILE = "standins.json"

DEFAULT_PORTS = Ports(http=8085, webdav=8086, smtp=8025)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `serve`."""
    parser.add_argument(
        "--state-dir",
        type=Path,
        default=Path("var/sandbox"),
        help="folder in which the stand-ins keep what they received (default: %(default)s)",
    )
    for name, default, what in (
        ("--port", DEFAULT_PORTS.http, "BigCommerce, Counterpoint API, Twilio and the outbox"),
        ("--webdav-port", DEFAULT_PORTS.webdav, "WebDAV"),
        ("--smtp-port", DEFAULT_PORTS.smtp, "mail"),
    ):
        parser.add_argument(
            name,
            type=int,
            default=default,
            metavar="N",
            help=f"port of {what}; another one is chosen where it is taken, 0 is any (default: %(default)s)",
        )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s, this machine only)"
    )
    parser.add_argument(
        "--advertise", metavar="NAME", help="host name to put into the addresses (default: that of --host)"
    )
    parser.add_argument(
        "--write-connections",
        type=Path,
        metavar="FILE",
        help="write the Airflow connections to the stand-ins there, as JSON",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; returns the process's exit code.

    When all servers answer, `<state dir>/standins.json` says where (`pid, http_url, webdav_url, smtp_port,
    outbox_url`); a clean stop removes it.
    """
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask_to_stop)
    ports = Ports(http=args.port, webdav=args.webdav_port, smtp=args.smtp_port)
    vendors = StandIns(args.state_dir, ports, host=args.host, advertised_host=args.advertise)
    try:
        vendors.start()
    except InvalidRequest as error:
        print(f"Not started: {error}", flush=True)
        return 1
    ports_file = vendors.state_dir / PORTS_FILE
    try:
        # The connections come first: who waits for the stand-ins waits for the ports file or the lines.
        if args.write_connections:
            _write_json(args.write_connections, connections(vendors))
        _write_json(ports_file, _whereabouts(vendors))
        _announce(vendors)
        stop.wait()
    finally:
        ports_file.unlink(missing_ok=True)
        vendors.stop()
    return 0


def _whereabouts(vendors: StandIns) -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "http_url": vendors.http_url,
        "webdav_url": vendors.webdav_url,
        "smtp_port": vendors.smtp_port,
        "outbox_url": vendors.outbox_url,
    }


def _announce(vendors: StandIns) -> None:
    for name, (asked, got) in vendors.replaced_ports.items():
        print(f"Port {asked} is taken: {name} listens on {got}.")
    print(f"Outbox            {vendors.outbox_url}")
    print(f"BigCommerce       {vendors.http_url}")
    print(f"Counterpoint API  {vendors.counterpoint_api_url}")
    print(f"Twilio            {vendors.twilio_url}")
    print(f"Competitor        {vendors.competitor_url}")
    print(f"WebDAV            {vendors.webdav_url}")
    print(f"Mail (SMTP)       {vendors.advertised_host}:{vendors.smtp_port}", flush=True)


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
