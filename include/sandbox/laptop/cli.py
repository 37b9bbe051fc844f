"""`python -m include.sandbox demo | up | down`."""

from __future__ import annotations

import argparse
import shlex
import sys

from rich.console import Console

from include.sandbox.laptop import airflow_settings, house
from include.sandbox.laptop.places import Places


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `demo` and `up`."""
    parser.add_argument(
        "--scale", type=float, default=1.0, help="size of the sandbox store, 1 is 5,000 items"
    )


def run_demo(arguments: argparse.Namespace) -> int:
    """Bring the house up without schedules and run every DAG once; the house stays up."""
    from include.sandbox.laptop.demo import demo, exit_code

    console, places = Console(), Places.here()
    try:
        running = house.up(places, console.print, schedules=False, scale=arguments.scale)
        results = demo(running, places, console)
    except house.HouseError as error:
        console.print(f"[red]{error}[/]", highlight=False)
        return 1
    _say_where(running, console)
    console.print(f"Summary: {places.summary}", highlight=False, soft_wrap=True)
    console.print(
        "Nothing starts by the clock in a demo; `make up` turns the schedules on, `make down` stops it all."
    )
    return exit_code(results)


def run_up(arguments: argparse.Namespace) -> int:
    """Bring the house up with schedules on and leave it running."""
    console = Console()
    try:
        running = house.up(Places.here(), console.print, schedules=True, scale=arguments.scale)
    except house.HouseError as error:
        console.print(f"[red]{error}[/]", highlight=False)
        return 1
    _say_where(running, console)
    console.print("DAGs start paused; switch on in the UI those that you want to run by the clock.")
    return 0


def run_env(_arguments: argparse.Namespace) -> int:
    """Print the variables that point the `airflow` command at the running house."""
    places = Places.here()
    running = house.running(places)
    if running is None:
        sys.stderr.write("Nothing is running; start it with make up or make demo.\n")
        return 1
    port = int(running.airflow_url.rsplit(":", 1)[1])
    variables = airflow_settings.environment(places, port, schedules=running.schedules)
    ours = {
        n: v for n, v in variables.items() if n == "PATH" or n.startswith(("AIRFLOW", "PYTHONPATH", "RETAIL"))
    }
    sys.stdout.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in ours.items())
    return 0


def run_down(_arguments: argparse.Namespace) -> int:
    """Stop everything."""
    ended = house.down(Places.here())
    Console().print(f"Stopped {ended} processes." if ended else "Nothing was running.")
    return 0


def _say_where(running: house.Running, console: Console) -> None:
    console.print(f"Airflow UI:     {running.airflow_url}", soft_wrap=True)
    console.print(f"Sandbox outbox: {running.outbox_url}", soft_wrap=True)
    console.print(f"Web forms:      {running.inbound_url}/forms/design", soft_wrap=True)
    console.print(f"Texts' replies: {running.inbound_url}", soft_wrap=True)
