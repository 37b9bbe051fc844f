"""A worker process that sends an occasion's texts; `main` is what it runs, `start` starts it.

The order is a line of JSON; the connection to Twilio is in the environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)
SETTLE_SECONDS = 6.0


def start(order: Mapping[str, Any], twilio: Mapping[str, Any], log: Path) -> subprocess.Popen[str]:
    """A worker that runs; `order` has url, campaign, anchor and run_id."""
    environment = {
        **os.environ,
        "AIRFLOW_CONN_TWILIO": json.dumps(twilio),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}",
    }
    command = [sys.executable, __file__, json.dumps(order)]
    with log.open("a") as file:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file, text=True)


def main(order: Mapping[str, Any]) -> None:
    from sqlalchemy import make_url

    from include.database.engines import engine_for
    from include.messaging.pace import Pace
    from include.messaging.sending import send_texts
    from include.messaging.settings import messaging_settings
    from include.storedb.runs import RunContext
    from retail_ops.hooks.twilio_messaging import TwilioHook
    from retail_ops.texting import twilio_vendor

    run = RunContext("sms_test", order["run_id"], "send", -1)
    settle = timedelta(seconds=SETTLE_SECONDS)
    pace = Pace(None, threads=8, lease=settle / 4, settle_after=settle)
    report = send_texts(
        engine_for(make_url(order["url"])),
        run,
        order["campaign"],
        order["anchor"],
        twilio_vendor(TwilioHook()),
        messaging_settings(),
        ZoneInfo("America/New_York"),
        pace=pace,
        clock=lambda: NOON,
    )
    sys.stdout.write(f"{dict(report.outcomes)} {report.unsettled}\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
