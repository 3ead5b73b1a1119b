"""Reads settings from an environment; a bad value becomes one line that names it, what it is and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError

from vinymatic.errors import SettingError
from vinymatic.settings.describe import allowed_text, is_secret
from vinymatic.settings.table import Common

SettingsType = TypeVar("SettingsType", bound=Common)


def load(kind: type[SettingsType], environment: Mapping[str, str]) -> SettingsType:
    """The settings of `kind` from `environment`; variables that are unset or empty take their default.

    Raises `SettingError` for the first value that is not allowed. A secret's value is never shown.
    """
    fields = kind.model_fields
    given = {name: environment[name.upper()] for name in fields if environment.get(name.upper(), "") != ""}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        shown = "***" if is_secret(fields[name]) else given.get(name, "")
        raise SettingError(name.upper(), shown, allowed_text(fields[name])) from None
