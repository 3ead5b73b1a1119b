"""Covers put into the bucket, and what follows: KEDA starts ingestors, they commit, the API serves, the ingestors go."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from tests.e2e.catalogue import Cover
from tests.e2e.load import Edge
from tests.e2e.release import INGESTOR, Release

_DEADLINE = 300.0


@dataclass(frozen=True)
class Filling:
    """Seconds from the first scan's upload: until there was a pod, and until every cover was searchable. `most`: pods at a time."""

    before: int
    first_pod: float
    searchable: float
    most: int


def fill(release: Release, edge: Edge, covers: Sequence[Cover]) -> Filling:
    """Returns once each replica of the API that is asked has them all; ingestors may still run."""
    before = release.replicas(INGESTOR)
    begun = time.monotonic()
    release.stack.put(*covers)
    wanted = {cover.id for cover in covers}
    first_pod, most = 0.0, before
    with edge.client() as client:
        while not wanted <= searchable(edge, client):
            now = time.monotonic() - begun
            if now > _DEADLINE:
                raise TimeoutError(
                    f"{len(wanted)} covers were not searchable within {_DEADLINE:.0f} s: {release.stack.queued()} queued"
                )
            most = max(most, release.replicas(INGESTOR))
            first_pod = first_pod or (now if most else 0.0)
            time.sleep(0.5)
    found = time.monotonic() - begun
    return Filling(before, round(first_pod, 1), round(found, 1), max(most, release.replicas(INGESTOR)))


def searchable(edge: Edge, client: httpx.Client) -> set[str]:
    """IDs that the replica that answers serves; none while nobody does."""
    answer = edge.get(client, "/v1/covers?limit=1000")
    return {cover["id"] for cover in answer.json()["covers"]} if answer.is_success else set()


def await_idle(release: Release, *, seconds: float = 180) -> None:
    """Returns once no ingestor is left and nothing is queued."""

    def idle() -> bool:
        return release.replicas(INGESTOR) == 0 and release.stack.queued() == 0

    release.namespace.until(lambda: idle() or None, "no ingestor", seconds=seconds)
