"""Reads a settings file and says clearly what is wrong with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from include.errors import InvalidSettings

HERE = Path(__file__).parent
OVERRIDES = "RETAIL_OPS_SETTINGS"


class Settings(BaseModel):
    """Base of every settings schema: unknown names are errors, so that a misspelt setting is not silently
    ignored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=Settings)


def load_settings(schema: type[M], name: str) -> M:
    """The settings `<name>.yaml`, checked against `schema`.

    A file of the same name in the folder that the variable RETAIL_OPS_SETTINGS names replaces single values
    of the shipped one, so that a store keeps its own values apart from the code. Raises `InvalidSettings`
    naming file, field and value.
    """
    values: dict[str, Any] = {}
    files = [HERE / f"{name}.yaml"]
    if folder := os.environ.get(OVERRIDES):
        files.append(Path(folder) / f"{name}.yaml")
    for file in files:
        if file.exists():
            values = _merged(values, _read(file))
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']} (found {e['input']!r})"
            for e in error.errors()
        )
        raise InvalidSettings(f"{' + '.join(map(str, files))}: {wrong}") from None


class _OneOfEach(yaml.SafeLoader):
    """Refuses a name that stands twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in names:
                problem = f"{key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            names.add(str(key.value))
        return super().construct_mapping(node, deep)


def _read(file: Path) -> dict[str, Any]:
    try:
        values = yaml.load(file.read_text(encoding="utf-8"), Loader=_OneOfEach)  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidSettings(f"{file} cannot be read: {error}") from None
    if not isinstance(values or {}, dict):
        raise InvalidSettings(f"{file}: names with values are expected, found {type(values).__name__}")
    return values or {}


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merged(base[key], value) if both else value
    return merged
