"""Brings the store database's tables up to date: `python -m include.storedb.migrate [--url URL]`.

Without `--url` the connection `store_db` is read from the variable AIRFLOW_CONN_STORE_DB (as JSON).
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, make_url

from include.database.engines import engine_for
from include.database.urls import url_of_connection_json
from include.errors import RetailOpsError

VARIABLE = "AIRFLOW_CONN_STORE_DB"


def alembic_config() -> Config:
    """Alembic's settings, with the migrations of this package."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def upgrade(url: URL, revision: str = "head") -> None:
    """Run the migrations that the database at `url` lacks; safe to call again."""
    config = alembic_config()
    with engine_for(url).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 when the tables are up to date, 2 when it cannot tell where they are."""
    parser = argparse.ArgumentParser(prog="python -m include.storedb.migrate", description=__doc__)
    parser.add_argument("--url", help="SQLAlchemy URL of the store database")
    options = parser.parse_args(arguments)
    try:
        if options.url:
            url = make_url(options.url)
        else:
            url = url_of_connection_json(os.environ.get(VARIABLE, ""), "store_db")
    except RetailOpsError as error:
        sys.stderr.write(f"{error}\nGive --url or set {VARIABLE}.\n")
        return 2
    upgrade(url)
    sys.stdout.write(f"The store database {url.render_as_string(hide_password=True)} is up to date.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
