"""The command line of the seed: `python -m include.sandbox seed --url ...`."""

from __future__ import annotations

import argparse
import sys
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from include.errors import RetailOpsError
from include.sandbox.seed import DEFAULT_RANDOM_SEED, SeedSignature, SeedSummary, is_seeded, seed
from include.sandbox.seed.signature import describe

_STORE_TIME_ZONE = "America/New_York"
_DEFAULT_SCALE = 1.0


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 < scale <= 100:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most 100, not {text}")
    return scale


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2024-05-07") from None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the seed command."""
    parser.add_argument("--url", required=True, help="SQLAlchemy URL of the database to fill")
    parser.add_argument(
        "--scale", type=_scale, help="size of the store; 1 (the default) is 400,000 ticket lines"
    )
    parser.add_argument(
        "--until", type=_day, help="last day of trading, YYYY-MM-DD (default: today in the store)"
    )
    parser.add_argument("--random-seed", type=int, help=f"default {DEFAULT_RANDOM_SEED}")
    parser.add_argument("--force", action="store_true", help="drop and refill a database that is a sandbox")


def run(args: argparse.Namespace) -> int:
    """Fill the database as the options say; returns the exit code, 0 when it is filled as asked.

    A filled sandbox is left alone as long as it does not contradict an option that was given.
    """
    try:
        address = make_url(args.url)
    except ArgumentError:
        print("--url is not an SQLAlchemy URL like sqlite:///var/counterpoint.db", file=sys.stderr)
        return 2
    try:
        found = is_seeded(args.url)
        if found is not None and not args.force and _satisfies(found, args):
            print(f"{describe(address)} is already filled: {found}. --force fills it again.")
            return 0
        summary = seed(
            args.url,
            until=args.until or datetime.now(ZoneInfo(_STORE_TIME_ZONE)).date(),
            scale=args.scale or _DEFAULT_SCALE,
            random_seed=DEFAULT_RANDOM_SEED if args.random_seed is None else args.random_seed,
            force=args.force,
            progress=lambda message: print(message, flush=True),
        )
    except RetailOpsError as error:
        print(str(error), file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"the driver {error.name} of {describe(address)} is not installed", file=sys.stderr)
        return 1
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        print(f"{describe(address)}: {type(error).__name__}: {cause}", file=sys.stderr)
        return 1
    print(_table(summary))
    return 0


def _satisfies(found: SeedSignature, args: argparse.Namespace) -> bool:
    asked = SeedSignature(
        scale=args.scale or found.scale,
        until=args.until or found.until,
        random_seed=found.random_seed if args.random_seed is None else args.random_seed,
    )
    return found == asked


def _table(summary: SeedSummary) -> str:
    width = max(len(name) for name in summary.rows)
    lines = [f"{name:<{width}} {count:>12,}" for name, count in sorted(summary.rows.items())]
    total = sum(summary.rows.values())
    return "\n".join([*lines, f"{'total':<{width}} {total:>12,}  in {summary.seconds:.1f} s"])
