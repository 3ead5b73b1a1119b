"""One namespace of the cluster: what is applied to it, read from it and waited for in it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import TypeVar

from local.servers.process import clean_environment, tool
from tests.e2e.bare.shell import run
from tests.e2e.kubernetes import Cluster
from tests.kube.api import Object
from tests.kube.waiting import until

T = TypeVar("T")

# What the chart promises to run under.
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
_POLL = 1.0


class Namespace:
    """A new one, in which only restricted pods are admitted. `delete` ends all that is in it."""

    def __init__(self, cluster: Cluster, what: str) -> None:
        self.cluster = cluster
        self.name = f"e2e-{what}-{secrets.token_hex(3)}"

    def create(self) -> None:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name, "labels": RESTRICTED}}
        self.cluster.apply(body)
        # Before its service account is there, pods are refused.
        accounts = ("get", "serviceaccounts", "--output=name")
        until(lambda: "default" in self.kubectl(*accounts) or None, self.name)

    def delete(self) -> None:
        self.cluster.kubectl("delete", "namespace", self.name, "--ignore-not-found", "--timeout=300s")

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What it prints. Raises `CommandError` with what it says."""
        return self.cluster.kubectl(f"--namespace={self.name}", *arguments, stdin=stdin)

    def helm(self, *arguments: str) -> str:
        """What it prints. Raises `CommandError` with what it says."""
        return self.cluster.helm(f"--namespace={self.name}", *arguments)

    def vinyl(self, command: str, *arguments: str) -> str:
        """The same of our plugin, which kubectl would find on PATH."""
        environment = clean_environment(KUBECONFIG=str(self.cluster.kubeconfig))
        return run(tool("kubectl-vinyl"), command, f"--namespace={self.name}", *arguments, environment=environment)

    def apply(self, *objects: Object) -> None:
        items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--filename=-", stdin=json.dumps(items))

    def read(self, *what: str) -> Object:
        """One object, or a list of them with its `items`."""
        return dict(json.loads(self.kubectl("get", *what, "-o", "json")))

    def items(self, *what: str) -> list[Object]:
        return list(self.read(*what)["items"])

    def conditions(self, *what: str) -> dict[str, Object]:
        """By type."""
        found = self.read(*what).get("status", {}).get("conditions", [])
        return {condition["type"]: condition for condition in found}

    def await_condition(
        self, kind: str, status: str, *what: str, reason: str | None = None, seconds: float = 180
    ) -> Object:
        """The condition, once it has this status and reason."""

        def there() -> Object | None:
            found = self.conditions(*what).get(kind)
            if found is None or found["status"] != status or reason not in (None, found["reason"]):
                return None
            return found

        wanted = f"{kind}={status} {reason or ''} of {' '.join(what)}"
        return self.until(there, wanted, seconds=seconds, about=lambda: json.dumps(self.conditions(*what), indent=1))

    def until(
        self,
        condition: Callable[[], T | None],
        what: str,
        *,
        seconds: float,
        about: Callable[[], str] | None = None,
    ) -> T:
        """As `until`, more seldom: each look is a process here. A failure carries what `about` says, and the pods."""
        try:
            return until(condition, what, seconds=seconds, pause=_POLL)
        except TimeoutError as error:
            error.add_note(self.kubectl("get", "pods", "-o", "wide"))
            if about is not None:
                error.add_note(about())
            raise
