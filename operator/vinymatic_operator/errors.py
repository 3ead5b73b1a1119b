"""What goes wrong between the operator and others, as a branch of the library's tree.

VinymaticError
├── KubeError                 the API server said no, or nothing
│   ├── KubeNotFoundError     404
│   ├── KubeConflictError     409: it is there already, or somebody was faster
│   ├── KubeInvalidError      400, 422: the server will never take this
│   ├── KubeDeniedError       401, 403
│   ├── KubeThrottledError    429
│   └── KubeUnavailableError  5xx, time-out, refused; a write may or may not have landed
├── ReplicaError              an API pod did not say what it serves
└── ScheduleError             a schedule or a time zone that means nothing
"""

from __future__ import annotations

from vinymatic.errors import VinymaticError


class KubeError(VinymaticError):
    code = "kubernetes"


class KubeNotFoundError(KubeError):
    code = "kubernetes_not_found"


class KubeConflictError(KubeError):
    code = "kubernetes_conflict"


class KubeInvalidError(KubeError):
    code = "kubernetes_invalid"


class KubeDeniedError(KubeError):
    code = "kubernetes_denied"


class KubeThrottledError(KubeError):
    code = "kubernetes_throttled"


class KubeUnavailableError(KubeError):
    code = "kubernetes_unavailable"


class ReplicaError(VinymaticError):
    """`code`: the API's own word where it gave one, such as `no_index`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ScheduleError(VinymaticError):
    code = "bad_schedule"
