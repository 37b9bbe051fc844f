"""`python -m include.sandbox seed | serve | demo | up | down | env`."""

from __future__ import annotations

import argparse
import sys

import include.sandbox.laptop.cli as laptop
import include.sandbox.seed.cli as seed
import include.sandbox.standins.cli as standins


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code of the chosen command."""
    parser = argparse.ArgumentParser(prog="python -m include.sandbox", description="The simulated store.")
    commands = parser.add_subparsers(required=True)
    for name, add, run, words in (
        ("seed", seed.add_arguments, seed.run, "fill a database with the sandbox store"),
        ("serve", standins.add_arguments, standins.run, "start the vendor stand-ins"),
        ("demo", laptop.add_arguments, laptop.run_demo, "start everything and run every DAG once"),
        ("up", laptop.add_arguments, laptop.run_up, "start everything and leave it running"),
        ("env", lambda _parser: None, laptop.run_env, "print the running house's variables for a shell"),
        ("down", lambda _parser: None, laptop.run_down, "stop everything"),
    ):
        command = commands.add_parser(name, help=words, description=words)
        add(command)
        command.set_defaults(run=run)
    options = parser.parse_args(arguments)
    return int(options.run(options))


if __name__ == "__main__":
    sys.exit(main())
