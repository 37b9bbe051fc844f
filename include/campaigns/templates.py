"""The templates of the texts, and what they need to know."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from include.settings.loader import OVERRIDES

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import SandboxedEnvironment

SHIPPED = Path(__file__).resolve().parents[2] / "templates" / "sms"

WORDS = frozenset({
    "prefix", "greeting", "first_name", "farewell", "company", "pick", "expires", "review_link",
    "reward_balance", "opt_out_hint",
})  # fmt: skip
"""What a template may ask for; what each means stands in `sms_campaigns.yaml`."""


def template(name: str) -> Template:
    """A template by its file name; raises `jinja2.TemplateError` where it is missing or malformed.

    A file of that name in `sms` below the folder that RETAIL_OPS_SETTINGS names goes before the shipped one.
    """
    return _environment(_folders()).get_template(name)


def words_of(name: str) -> frozenset[str]:
    """What a template and those that it extends ask for; raises as `template` does."""
    return _words_of(_folders(), name)


def names() -> list[str]:
    """The templates that a campaign can have; those that begin with _ are parts of others."""
    files = {file.name for folder in _folders() for file in folder.glob("*.txt")}
    return sorted(name for name in files if not name.startswith("_"))


def _folders() -> tuple[Path, ...]:
    own = os.environ.get(OVERRIDES)
    return (Path(own) / "sms", SHIPPED) if own else (SHIPPED,)


@lru_cache(maxsize=64)
def _words_of(folders: tuple[Path, ...], name: str) -> frozenset[str]:
    from jinja2.meta import find_referenced_templates, find_undeclared_variables

    environment = _environment(folders)
    file = environment.get_template(name).filename or ""
    parsed = environment.parse(Path(file).read_text(encoding="utf-8"), name, file)
    others = [_words_of(folders, other) for other in find_referenced_templates(parsed) if other]
    return frozenset(find_undeclared_variables(parsed)).union(*others)


@lru_cache(maxsize=4)
def _environment(folders: tuple[Path, ...]) -> SandboxedEnvironment:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    # Without reloading, a template that is edited meanwhile does not change the words within a run.
    return SandboxedEnvironment(
        loader=FileSystemLoader(folders),
        undefined=StrictUndefined,
        autoescape=False,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
