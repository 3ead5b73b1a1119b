"""Jobs as real child processes: when one starts, what its end means, who waits for whom."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.index.manifests import file_entry, manifest, segment_entry
from vinymatic.index.manifest import FileEntry, Manifest
from vinymatic.settings import IngestorSettings
from vinymatic_ingestor.health import Health
from vinymatic_ingestor.jobs import Job, Jobs, compaction_due, jobs_of
from vinymatic_ingestor.metrics import Metrics

pytestmark = pytest.mark.unit

INDEX = manifest()


def job(name: str, script: str, *, due: str = "it is time", every: float = 0.0, first: float = 0.0) -> Job:
    return Job(name, [sys.executable, "-c", script], lambda _: due, every=every, first=first)


class Running:
    def __init__(self, *jobs: Job) -> None:
        self.health, self.metrics = Health(), Metrics()
        self.jobs = Jobs(jobs, {"GREETING": "hello"}, self.health, self.metrics)

    def ended(self) -> bool:
        """Waits for the child's end; what `poll` says then."""
        deadline = time.monotonic() + 60
        while self.jobs.running:
            assert time.monotonic() < deadline
            if self.jobs.poll():
                return True
            time.sleep(0.01)
        return False

    def count(self, name: str, outcome: str) -> float | None:
        labels = {"step": name, "outcome": outcome}
        return self.metrics.registry.get_sample_value("vinymatic_ingestor_jobs_total", labels)


@pytest.fixture
def endless() -> Iterator[Running]:
    running = Running(job("first", "import time; time.sleep(600)"), job("second", ""))
    yield running
    running.jobs.stop()


def test_a_job_starts_when_it_is_due_and_not_before() -> None:
    running = Running(Job("count", [sys.executable, "-c", ""], lambda newest: "full" if newest.number > 7 else ""))
    running.jobs.consider(INDEX)
    assert not running.ended()
    running.jobs.consider(INDEX.model_copy(update={"number": 8}))
    assert running.ended()
    assert running.count("count", "succeeded") == 1


def test_one_at_a_time_and_the_first_comes_first(endless: Running) -> None:
    endless.jobs.consider(INDEX)
    endless.jobs.consider(INDEX)
    assert endless.jobs.running == "first"
    labels = {"step": "second"}
    assert endless.metrics.registry.get_sample_value("vinymatic_ingestor_job_running", labels) == 0


def test_a_stop_ends_the_child(endless: Running) -> None:
    endless.jobs.consider(INDEX)
    endless.jobs.stop()
    assert endless.jobs.running is None
    assert not endless.jobs.poll()


def test_it_runs_with_lower_priority_in_the_environment_it_is_given(tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = (
        "import os, time, pathlib\n"
        "while os.getpriority(os.PRIO_PROCESS, 0) == %d: time.sleep(0.01)\n"
        "pathlib.Path(%r).write_text(os.environ['GREETING'])"
    )
    running = Running(job("job", script % (os.getpriority(os.PRIO_PROCESS, 0), str(out))))
    running.jobs.consider(INDEX)
    assert running.ended()
    assert out.read_text() == "hello"
    assert running.health.report().status == "ok"


def test_a_failed_job_is_told_and_not_tried_again_at_once_and_others_go_on() -> None:
    running = Running(job("bad", "raise SystemExit(7)"), job("good", ""))
    running.jobs.consider(INDEX)
    assert not running.ended()
    assert running.count("bad", "failed") == 1
    assert "code 7" in running.health.report().problems["bad"].message
    running.jobs.consider(INDEX)
    assert running.jobs.running == "good"
    assert running.ended()


def test_a_candidate_that_its_gate_refused_is_no_failure_of_the_ingestor() -> None:
    running = Running(job("retraining", "raise SystemExit(3)"))
    running.jobs.consider(INDEX)
    assert running.ended()
    assert [running.count("retraining", outcome) for outcome in ("refused", "succeeded", "failed")] == [1, 0, 0]
    assert running.health.report().status == "ok"


def test_a_job_that_has_run_waits_for_its_time() -> None:
    running = Running(job("often", "", every=10_000))
    running.jobs.consider(INDEX)
    assert running.ended()
    running.jobs.consider(INDEX)
    assert running.jobs.running is None


def test_a_job_may_wait_before_its_first_start() -> None:
    running = Running(job("late", "", first=10_000))
    running.jobs.consider(INDEX)
    assert running.jobs.running is None


def test_a_command_that_is_not_there_is_a_failure_and_no_crash() -> None:
    running = Running(Job("job", ["/no/such/program"], lambda _: "now"))
    running.jobs.consider(INDEX)
    assert running.jobs.running is None
    assert not running.jobs.poll()
    assert running.count("job", "failed") == 1


def test_the_settings_say_which_jobs_there_are() -> None:
    def names(**settings: object) -> list[str]:
        return [made.name for made in jobs_of(IngestorSettings.model_validate(settings))]

    assert names() == ["retraining", "compaction", "collection"]
    assert names(retraining_interval=0, compaction_interval=0, collection_interval=0) == []
    assert names(retraining_interval=0, retraining_drift=0.5, compaction_interval=0) == ["retraining", "collection"]


def test_retraining_is_due_by_the_manifest() -> None:
    retraining = jobs_of(IngestorSettings(retraining_interval=10))[0]
    assert retraining.due(manifest(images_ingested=9, images_at_training=0)) == ""
    assert "10 images" in retraining.due(manifest(images_ingested=10, images_at_training=0))


def test_compaction_is_due_when_there_is_something_to_merge() -> None:
    def index(segments: int) -> Manifest:
        large = FileEntry(key="points", size=1_000_000, sha256="b" * 64)
        entries = [segment_entry("ABCDEFGHJKMN"[n], points_file=large) for n in range(segments)]
        return manifest(*entries, codebooks={0: {"epoch": 0, "file": file_entry("b"), "lists": 9, "trained_covers": 0}})

    assert compaction_due(index(7)) == ""
    assert compaction_due(index(8)) == "8 of 8 segments"
