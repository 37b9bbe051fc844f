"""How the stand-in behaves until it is told otherwise: how long texts take, and how callbacks come."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects.sqlite import insert

from include.sandbox.standins.state import settings

_NAME = "texts"


@dataclass(frozen=True, slots=True)
class Habits:
    """`seconds` is how long a text is under way in all; with 0 it has arrived when it is first looked at.

    Callbacks `out_of_order` tell a text's end before that it was sent; with `twice` each comes two times.
    """

    seconds: float = 0.0
    out_of_order: bool = False
    twice: bool = False


def read_habits(connection: Connection) -> Habits:
    """The habits in force."""
    stored = connection.scalar(select(settings.c.value).where(settings.c.name == _NAME))
    return Habits(**stored) if stored else Habits()


def set_habits(engine: Engine, habits: Habits) -> None:
    """Behave so for the texts to come."""
    statement = insert(settings).values(name=_NAME, value=asdict(habits))
    statement = statement.on_conflict_do_update(
        index_elements=["name"], set_={"value": statement.excluded.value}
    )
    with engine.begin() as connection:
        connection.execute(statement)
