"""What can go wrong with the servers and tools on this machine; each message is one line that a person can act on."""

from __future__ import annotations

from vinymatic.errors import VinymaticError


class LocalError(VinymaticError):
    code = "local"


class MissingToolError(LocalError):
    code = "missing_tool"


class BusyPortError(LocalError):
    code = "busy_port"


class ServerStartError(LocalError):
    """A server ended, or did not answer in time, while it was being started."""

    code = "server_start"


class ServerDiedError(LocalError):
    code = "server_died"
