"""When a replica says that it is ready."""

from __future__ import annotations

import pytest

from vinymatic_api.readiness import Readiness

pytestmark = pytest.mark.unit


def test_without_a_least_manifest_anything_served_is_enough() -> None:
    assert Readiness(None).reached(1)


def test_a_replica_is_ready_from_the_least_manifest_on_and_stays_so() -> None:
    readiness = Readiness(7)
    assert [readiness.reached(manifest) for manifest in (5, 6, 7, 8, 3)] == [False, False, True, True, True]
