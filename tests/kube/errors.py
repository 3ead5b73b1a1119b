"""What can go wrong with the tests' Kubernetes."""

from __future__ import annotations

from local.errors import LocalError


class KubectlError(LocalError):
    """kubectl ended with an error; the message is what it printed."""

    code = "kubectl"


class KubeApiError(LocalError):
    """The API server refused a request."""

    code = "kube_api"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class ContainerConfigError(LocalError):
    """A container names what is not there, such as a key of a Secret; the kubelet tries again later."""

    code = "container_config"
