"""Settings: one table, read from the environment, validated at start."""

from vinymatic.settings.describe import SettingDescription, descriptions, markdown
from vinymatic.settings.load import load
from vinymatic.settings.table import ApiSettings, Common, IndexAccess, IngestorSettings, OperatorSettings

__all__ = [
    "ApiSettings",
    "Common",
    "IndexAccess",
    "IngestorSettings",
    "OperatorSettings",
    "SettingDescription",
    "descriptions",
    "load",
    "markdown",
]
