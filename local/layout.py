"""Which ports and folders the local pipeline uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from local.errors import LocalError
from local.servers import require_free


@dataclass(frozen=True)
class Ports:
    """All on loopback. Each is moved by the variable that names it."""

    s3_and_sqs: int = 5003
    api: int = 5002
    ingestor: int = 9102
    http: int = 8080
    https: int = 8443

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Ports:
        """Raises `LocalError` for a value that is no port."""
        given: dict[str, int] = {}
        for name, (variable, _) in _VARIABLES.items():
            if text := environment.get(variable):
                if not text.isdecimal() or not 1 <= int(text) <= 65_535:
                    raise LocalError(f"{variable}={text!r}: allowed is a whole number from 1 to 65535")
                given[name] = int(text)
        ports = cls(**given)
        numbers = [getattr(ports, field.name) for field in fields(cls)]
        if len(set(numbers)) < len(numbers):
            raise LocalError(
                "two of " + ", ".join(variable for variable, _ in _VARIABLES.values()) + " are the same port"
            )
        return ports

    def require_free(self) -> None:
        """Raises `BusyPortError` for the first that somebody listens on."""
        for name, (variable, purpose) in _VARIABLES.items():
            require_free(getattr(self, name), purpose, variable)


_VARIABLES = {
    "s3_and_sqs": ("MINISTACK_PORT", "S3 and SQS"),
    "api": ("PORT", "the API"),
    "ingestor": ("METRICS_PORT", "the ingestor's metrics"),
    "http": ("CADDY_HTTP_PORT", "HTTP"),
    "https": ("CADDY_HTTPS_PORT", "HTTPS"),
}


@dataclass(frozen=True)
class Folders:
    """`root` keeps everything between runs: objects, queue, index, certificates, logs."""

    root: Path

    @property
    def ministack(self) -> Path:
        return self.root / "ministack"

    @property
    def caddy(self) -> Path:
        return self.root / "caddy"

    @property
    def index(self) -> Path:
        """BACKUP_FOLDER of the API and the ingestor."""
        return self.root / "vinymatic"

    @property
    def photo(self) -> Path:
        """The photo of the last try, for the curl line."""
        return self.root / "photo.jpg"

    def log(self, name: str) -> Path:
        return self.root / "logs" / f"{name}.log"
