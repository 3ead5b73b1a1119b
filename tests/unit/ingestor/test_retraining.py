"""Retraining by real child processes: when it starts, what its end means."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vinymatic_ingestor.health import Health
from vinymatic_ingestor.metrics import Metrics
from vinymatic_ingestor.retraining import Retraining

pytestmark = pytest.mark.unit


class Trained:
    """A retraining whose child runs a script."""

    def __init__(self, interval: int, script: str) -> None:
        self.health, self.metrics = Health(), Metrics()
        command = [sys.executable, "-c", script]
        self.retraining = Retraining(interval, command, {"GREETING": "hello"}, self.health, self.metrics)

    def ended(self) -> bool:
        """Waits for the child's end; what `poll` says then."""
        deadline = time.monotonic() + 60
        while self.retraining.running:
            assert time.monotonic() < deadline
            if self.retraining.poll():
                return True
            time.sleep(0.01)
        return False

    def count(self, result: str) -> float | None:
        return self.metrics.registry.get_sample_value("vinymatic_ingestor_retrainings_total", {"result": result})


@pytest.fixture
def endless() -> Iterator[Trained]:
    trained = Trained(10, "import time; time.sleep(600)")
    yield trained
    trained.retraining.stop()


def test_it_starts_at_the_interval_and_not_before(endless: Trained) -> None:
    endless.retraining.consider(9)
    assert not endless.retraining.running
    endless.retraining.consider(10)
    assert endless.retraining.running


def test_an_interval_of_0_means_never() -> None:
    trained = Trained(0, "")
    trained.retraining.consider(10**9)
    assert not trained.retraining.running


def test_one_training_at_a_time(endless: Trained) -> None:
    endless.retraining.consider(10)
    endless.retraining.consider(20)
    endless.retraining.stop()
    assert not endless.retraining.running
    assert not endless.retraining.poll()


def test_it_runs_with_lower_priority_in_the_environment_it_is_given(tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = (
        "import os, time, pathlib\n"
        "while os.getpriority(os.PRIO_PROCESS, 0) == %d: time.sleep(0.01)\n"
        "pathlib.Path(%r).write_text(os.environ['GREETING'])"
    )
    trained = Trained(1, script % (os.getpriority(os.PRIO_PROCESS, 0), str(out)))
    trained.retraining.consider(1)
    assert trained.ended()
    assert out.read_text() == "hello"
    assert trained.count("success") == 1
    assert trained.health.report().status == "ok"


def test_a_failed_training_is_told_and_not_tried_again_at_once() -> None:
    trained = Trained(1, "raise SystemExit(3)")
    trained.retraining.consider(1)
    assert not trained.ended()
    assert trained.count("failure") == 1
    assert "code 3" in trained.health.report().problems["retraining"].message
    trained.retraining.consider(1)
    assert not trained.retraining.running


def test_a_command_that_is_not_there_is_a_failure_and_no_crash() -> None:
    retraining = Retraining(1, ["/no/such/program"], {}, Health(), Metrics())
    retraining.consider(1)
    assert not retraining.running
    assert not retraining.poll()
