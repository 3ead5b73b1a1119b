"""What can go wrong with the bare cluster; each message is one that a person can act on."""

from __future__ import annotations

from local.errors import LocalError


class CommandError(LocalError):
    """A program ended with an error; the message has the end of what it printed."""

    code = "command"


class ClusterError(LocalError):
    code = "cluster"
