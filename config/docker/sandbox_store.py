"""Fills the simulated store of the compose profile `sandbox`: run by the service sandbox-seed at every start.

Makes the database where the server does not have it, fills it, and fills the photo folder and the simulated
web shop. What is filled already stays as it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, select, text


def make_database(url: URL) -> None:
    """Create the database that `url` names: unlike others, SQL Server's image does not do so at its start."""
    server = create_engine(url.set(database="master"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        if connection.scalar(text("SELECT DB_ID(:name)"), {"name": url.database}) is None:
            name = server.dialect.identifier_preparer.quote_identifier(str(url.database))
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    server.dispose()


def fill_photos(url: URL, folder: Path) -> int:
    """Write photos of the first items into `folder`, unless that was done before; returns how many."""
    from include.counterpoint.tables import IM_ITEM
    from include.sandbox.photo_folder import fill_photo_folder

    binding_id = IM_ITEM.c.USR_PROF_ALPHA_16
    first_items = select(IM_ITEM.c.ITEM_NO, binding_id).order_by(IM_ITEM.c.ITEM_NO).limit(400)
    store = create_engine(url)
    with store.connect() as connection:
        rows = connection.execute(first_items).all()
    store.dispose()
    return len(
        fill_photo_folder(folder, [row[0] for row in rows], sorted({row[1] for row in rows if row[1]}))
    )


def fill_shop(url: URL, state: Path) -> int:
    """Put the store's web products into the stand-ins' state; returns how many."""
    from include.sandbox.web_shop import fill_web_shop

    store = create_engine(url)
    try:
        return fill_web_shop(store, state)
    finally:
        store.dispose()


def main() -> int:
    """Returns the exit code; SANDBOX_URL, SANDBOX_SCALE, SANDBOX_STATE and RETAIL_OPS_PHOTO_FOLDER say what
    to fill.
    """
    address = os.environ["SANDBOX_URL"]
    url = make_url(address)
    if url.get_backend_name() == "mssql":
        make_database(url)
    scale = os.environ.get("SANDBOX_SCALE") or "1"
    command = [sys.executable, "-m", "include.sandbox", "seed", "--url", address, "--scale", scale]
    if code := subprocess.run(command).returncode:
        return code
    photos = fill_photos(url, Path(os.environ["RETAIL_OPS_PHOTO_FOLDER"]))
    sys.stdout.write(f"The photo folder was given {photos} files.\n")
    products = fill_shop(url, Path(os.environ["SANDBOX_STATE"]))
    sys.stdout.write(f"The web shop was given {products} products.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
