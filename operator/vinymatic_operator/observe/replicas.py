"""The API's pods: which there are, and what each says that it serves (`GET /v1/index`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from time import monotonic
from typing import Protocol

import urllib3
from pydantic import BaseModel, ValidationError

from vinymatic.lifecycle.summary import IndexSummary
from vinymatic_operator.errors import ReplicaError
from vinymatic_operator.observe.pods import why_not_running, why_waiting
from vinymatic_operator.observe.reading import (
    Found,
    being_deleted,
    condition,
    environment_of,
    items,
    name_of,
    number_of,
    part,
    text,
)
from vinymatic_operator.observe.seen import ReplicaAnswer, ReplicaSeen
from vinymatic_operator.resources.index_spec import ApiWorkload
from vinymatic_operator.resources.names import EPOCH_VARIABLE, MANIFEST_VARIABLE

# Seconds. A pod that does not answer is told of; it must not hold up the tick.
_TIMEOUT = urllib3.Timeout(connect=2, read=3)
_LONGEST = 5.0
_LARGEST = 1_000_000


class _Serving(BaseModel):
    manifest: int
    epoch: int
    staleness_s: float
    last_error: str | None = None


class _Searches(BaseModel):
    answered: int = 0
    failed: int = 0


class _Answer(BaseModel):
    index: IndexSummary
    serving: _Serving
    searches: _Searches = _Searches()


class Asking(Protocol):
    """Asks the API's pods what they serve."""

    def ask_all(self, pods: Iterable[Found], api: ApiWorkload) -> tuple[ReplicaSeen, ...]:
        """What each of the pods serves; those that go are left out. Never raises."""


class Replicas:
    """Over HTTP. Asks the pods of one API Deployment, side by side in `threads`."""

    def __init__(self, threads: Executor) -> None:
        self._threads = threads
        self._http = urllib3.PoolManager(num_pools=64, maxsize=2, retries=False)

    def ask_all(self, pods: Iterable[Found], api: ApiWorkload) -> tuple[ReplicaSeen, ...]:
        """What each of the pods serves; those that go are left out. Never raises."""
        staying = [pod for pod in pods if not being_deleted(pod)]
        return tuple(self._threads.map(lambda pod: self._seen(pod, api), staying))

    def _seen(self, pod: Found, api: ApiWorkload) -> ReplicaSeen:
        environment = environment_of(_container(pod, api))
        address = text(part(pod, "status"), "podIP")
        answer, problem = None, None
        running = text(part(pod, "status"), "phase") == "Running" and why_waiting(pod) is None
        if address is not None and running:
            try:
                answer = self.ask(address, api.port)
            except ReplicaError as error:
                problem = (error.code, str(error))
        else:
            problem = ("not_running", why_not_running(pod))
        return ReplicaSeen(
            pod=name_of(pod),
            ready=condition(pod, "Ready").get("status") == "True",
            epoch=number_of(environment, EPOCH_VARIABLE),
            min_manifest=number_of(environment, MANIFEST_VARIABLE),
            answer=answer,
            problem=problem,
        )

    def ask(self, address: str, port: int) -> ReplicaAnswer:
        """Raises `ReplicaError`, with the API's own code where it gave one."""
        host = f"[{address}]" if ":" in address else address
        try:
            response = self._http.request(
                "GET", f"http://{host}:{port}/v1/index", timeout=_TIMEOUT, preload_content=False, redirect=False
            )
            data = _read(response)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ReplicaError("unreachable", f"{host}:{port} {_why_unreachable(error)}") from error
        if response.status != 200:
            raise _refusal(response.status, data)
        try:
            found = _Answer.model_validate_json(data)
        except ValidationError as error:
            raise ReplicaError("odd_answer", f"its answer is not understood: {error.errors()[0]['msg']}") from error
        return ReplicaAnswer(
            index=found.index,
            manifest=found.serving.manifest,
            epoch=found.serving.epoch,
            staleness_seconds=found.serving.staleness_s,
            last_error=found.serving.last_error,
            answered=found.searches.answered,
            failed=found.searches.failed,
        )


def _why_unreachable(error: Exception) -> str:
    """In a few words: what urllib3 says is long, and it is read in conditions."""
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "does not answer in time"
    return "refuses the connection" if "refused" in str(error) else f"cannot be reached ({type(error).__name__})"


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    """As much as an answer may have. Each read has the time-out of its own, so a pod that sends a byte a second is given up here."""
    deadline, data = monotonic() + _LONGEST, b""
    while chunk := response.read1(_LARGEST):
        data += chunk
        if len(data) >= _LARGEST or monotonic() > deadline:
            response.close()  # what follows must not be read as the next answer
            break
    else:
        response.release_conn()
    if monotonic() > deadline:
        raise ReplicaError("unreachable", f"its answer is not whole after {_LONGEST:.0f} s")
    return data


def _refusal(status: int, data: bytes) -> ReplicaError:
    try:
        error = json.loads(data)["error"]
        return ReplicaError(str(error["code"]), str(error["message"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return ReplicaError("odd_answer", f"it answers with status {status}")


def _container(pod: Found, api: ApiWorkload) -> Found:
    containers: Sequence[Found] = list(items(part(pod, "spec"), "containers"))
    return next((c for c in containers if api.container in (None, text(c, "name"))), {})
