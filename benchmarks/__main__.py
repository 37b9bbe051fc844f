"""`python -m benchmarks [name ...]`: run all benchmarks, or those named."""

from __future__ import annotations

import importlib
import sys

ALL = (
    "admin_report",
    "backups",
    "bulk_writer",
    "dag_parsing",
    "feeds",
    "forecast",
    "gift_shop",
    "growth_budget",
    "photos",
    "planning",
    "texting",
    "web_shop_sync",
)


def main(names: list[str]) -> int:
    """Run them one after another; returns 2 for a name that does not exist."""
    if unknown := set(names) - set(ALL):
        sys.stderr.write(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}\n")
        return 2
    for name in names or ALL:
        print(f"== {name}")
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
