"""Prepares a deployment: `python config/docker/init.py`, run by the service airflow-init at every start.

It checks the variables, migrates Airflow's database and the store database, loads the pools and makes the
first administrator. A second run changes nothing. `--check` looks at the variables only. Exit code 2 means
that a variable is missing, a placeholder or malformed; 1 that a step failed.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACEHOLDER = "CHANGE_ME"

# What the containers get, the variable of .env that it comes from, and the least length of a secret.
SECRETS = {
    "AIRFLOW__CORE__FERNET_KEY": ("AIRFLOW_FERNET_KEY", 44),
    "AIRFLOW__API_AUTH__JWT_SECRET": ("AIRFLOW_JWT_SECRET", 64),
    "AIRFLOW__API__SECRET_KEY": ("AIRFLOW_API_SECRET_KEY", 32),
    "AIRFLOW_ADMIN_USERNAME": ("AIRFLOW_ADMIN_USERNAME", 1),
    "AIRFLOW_ADMIN_PASSWORD": ("AIRFLOW_ADMIN_PASSWORD", 12),
    "AIRFLOW_ADMIN_EMAIL": ("AIRFLOW_ADMIN_EMAIL", 3),
}
ADDRESSES = {
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "POSTGRES_PASSWORD",
    "AIRFLOW__CELERY__BROKER_URL": "REDIS_PASSWORD",
}
CONNECTION = "AIRFLOW_CONN_"
NEEDED_CONNECTIONS = ("COUNTERPOINT", "STORE_DB", "WEBDAV", "SMTP_DEFAULT")


def problems(environment: Mapping[str, str]) -> list[str]:
    """What keeps the deployment from starting: one sentence for each variable, by the name it has in .env."""
    return [
        *_problems_of_secrets(environment),
        *_problems_of_addresses(environment),
        *_problems_of_connections(environment),
    ]


def _problems_of_secrets(environment: Mapping[str, str]) -> Iterator[str]:
    for variable, (name, least) in SECRETS.items():
        value = environment.get(variable, "")
        if not value:
            yield f"{name} is missing"
        elif PLACEHOLDER in value:
            yield f"{name} still has the placeholder {PLACEHOLDER}"
        elif len(value) < least:
            yield f"{name} is too short: {len(value)} characters, at least {least} are needed"
        elif name == "AIRFLOW_FERNET_KEY" and not all(map(_is_fernet_key, value.split(","))):
            yield f"{name} is no Fernet key: 32 bytes in URL-safe base64 are needed"


def _is_fernet_key(value: str) -> bool:
    try:
        return len(base64.b64decode(value, altchars=b"-_", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def _problems_of_addresses(environment: Mapping[str, str]) -> Iterator[str]:
    for variable, name in ADDRESSES.items():
        address = environment.get(variable, "")
        if not address:
            yield f"{variable} is missing"
        elif PLACEHOLDER in address:
            yield f"{name} still has the placeholder {PLACEHOLDER}"
        elif not re.fullmatch(r"[\w+]+://\w*:[A-Za-z0-9._~-]+@[\w.-]+:\d+/\w+", address):
            yield f"{name} may have letters and digits only, because it becomes a part of an address"


def _problems_of_connections(environment: Mapping[str, str]) -> Iterator[str]:
    given = {name.removeprefix(CONNECTION) for name in environment if name.startswith(CONNECTION)}
    for conn in sorted(given.union(NEEDED_CONNECTIONS)):
        name = CONNECTION + conn
        value = environment.get(name, "").strip()
        if not value:
            yield (
                f"{name} is missing" if conn in NEEDED_CONNECTIONS else f"{name} is empty: take the line out"
            )
        elif PLACEHOLDER in value:
            hint = "" if conn in NEEDED_CONNECTIONS else "; fill it in or take the line out"
            yield f"{name} still has the placeholder {PLACEHOLDER}{hint}"
        else:
            yield from _problems_of_connection(name, value)


def _problems_of_connection(name: str, value: str) -> Iterator[str]:
    try:
        fields = json.loads(value)
    except ValueError as error:
        yield f"{name} is no JSON ({error}); are the quotes right?"
        return
    if not isinstance(fields, dict) or not fields.get("conn_type"):
        yield f"{name} has no conn_type"
        return
    kind = fields["conn_type"]
    if kind == "mssql" and not fields.get("port"):
        yield f"{name} has no port; SQL Server listens on 1433 unless set otherwise"
    extra = fields.get("extra")
    client = extra.get("client") if isinstance(extra, dict) else None
    if kind == "mysql" and client != "mysql-connector-python":
        yield f'{name} needs "extra": {{"client": "mysql-connector-python"}}, the only driver in the image'


def prepare(environment: Mapping[str, str]) -> int:
    """Run the steps in their order; the exit code is 0, or 1 after the first step that failed."""
    password = environment["AIRFLOW_ADMIN_PASSWORD"]
    # Typed twice, as at a prompt: on the command line every process of the container could read it.
    answers = f"{password}\n{password}\n"
    steps: list[tuple[str, list[str], str | None]] = [
        ("Airflow's database", ["airflow", "db", "migrate"], None),
        ("store database", [sys.executable, "-m", "include.storedb.migrate"], None),
        ("pools", ["airflow", "pools", "import", str(ROOT / "config" / "pools.json")], None),
        ("administrator", ["airflow", "users", "create", *_administrator(environment)], answers),
    ]
    for number, (title, command, typed) in enumerate(steps, start=1):
        _say(f"[{number}/{len(steps)}] {title}")
        # Without a terminal of its own the command takes the password from its input.
        done = subprocess.run(
            command, cwd=ROOT, env=dict(environment), input=typed or "", text=True, start_new_session=True
        )
        if done.returncode:
            _say(f"Stopped: '{title}' failed with exit code {done.returncode}. The lines above say why.")
            return 1
    _say("Ready.")
    return 0


def _administrator(environment: Mapping[str, str]) -> list[str]:
    return [
        "--role=Admin",
        f"--username={environment['AIRFLOW_ADMIN_USERNAME']}",
        f"--email={environment['AIRFLOW_ADMIN_EMAIL']}",
        f"--firstname={environment.get('AIRFLOW_ADMIN_FIRST_NAME') or 'Retail'}",
        f"--lastname={environment.get('AIRFLOW_ADMIN_LAST_NAME') or 'Operations'}",
    ]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python config/docker/init.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="look at the variables only")
    options = parser.parse_args(arguments)
    if found := problems(os.environ):
        _say("Not started. These variables of .env need your attention (.env.example explains them):")
        _say("\n".join(f"  - {problem}" for problem in found))
        return 2
    _say("The variables are complete.")
    return 0 if options.check else prepare(os.environ)


if __name__ == "__main__":
    sys.exit(main())
