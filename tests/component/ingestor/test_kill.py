"""kill -9 of the ingestor between any two steps: nothing acknowledged is lost, nothing is there twice, and the next start ends the work."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import pytest

from local.servers import Ministack
from tests.component.ingestor.harness import Running, World, environment, eventually
from tests.component.ingestor.killable import run_killable
from tests.support.index import cover, open_writer, prepared
from tests.support.servers import Pipeline, make_bucket, make_queue
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.rejects import Reject, message_reject_key, record_reject
from vinymatic.lifecycle.writer import Batch
from vinymatic.queueing.port import Message
from vinymatic.settings import IngestorSettings, load
from vinymatic.storage.open import open_store

pytestmark = pytest.mark.component

SIDE_BY_SIDE = 4


@dataclass(frozen=True)
class Journal:
    """What a killed process had done. `acknowledging`: ids of messages that it had at least begun to acknowledge."""

    steps: list[str]
    receipts: dict[str, str]
    acknowledging: set[str]


def read_journal(path: Path) -> Journal:
    lines = [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []
    return Journal(
        [line["name"] for line in lines if "step" in line],
        {line["receipt"]: line["message_id"] for line in lines if "receipt" in line},
        {message_id for line in lines for message_id in line.get("acknowledging", ())},
    )


class Scenario:
    """One of everything: a new cover, a replaced one, a removed one, a bad image, a mended one, a message that is nonsense."""

    def __init__(self, pipeline: Pipeline, before: Path, folder: Path) -> None:
        shutil.copytree(before, folder / "index")
        self.folder = folder
        self.pipeline = pipeline
        # What a process was being given when it died is in no journal; it comes back after the shortest visibility.
        self.variables = environment(pipeline, folder, BATCH_AGE="0.2", INGEST_THREADS="2", VISIBILITY_TIMEOUT="5")
        self.world = World(pipeline, load(IngestorSettings, self.variables), folder)
        put = self.world.put
        self.etags = {
            "new.jpg": put("new.jpg", cover(0).jpeg()),
            "replaced.jpg": put("replaced.jpg", cover(1).jpeg()),
            "mended.jpg": put("mended.jpg", cover(2).jpeg()),
            "kept.jpg": put("kept.jpg", cover(3).jpeg()),
        }
        self.bad = put("bad.jpg", b"bad")
        keys = ["new.jpg", "replaced.jpg", "removed.jpg", "bad.jpg", "mended.jpg"]
        self.messages = {self.world.send(key): key for key in keys}
        self.nonsense = self.world.send("[]")
        self.world.sent = len(keys) + 1

    def check_acknowledged(self, acknowledging: set[str]) -> None:
        """What is acknowledged is done, though the process is dead."""
        covers = self.world.covers()
        for message_id in acknowledging:
            key = self.messages.get(message_id)
            if key == "removed.jpg":
                assert key not in covers
            elif key == "bad.jpg":
                assert self.world.reject(key) is not None
            elif key is None:
                assert self.world.reject(message_reject_key(message_id)) is not None
            else:
                assert covers[key].etag == self.etags[key]

    def check_end(self) -> None:
        covers = self.world.covers()
        wanted = {key: etag for key, etag in self.etags.items() if key != "kept.jpg"} | {"kept.jpg": "before"}
        assert {key: entry.etag for key, entry in covers.items()} == wanted
        newest = read_newest(self.world.index)
        assert newest is not None
        assert newest.covers == len(covers), "a cover is there twice"
        bad = self.world.reject("bad.jpg")
        assert bad is not None
        assert bad.etag == self.bad
        assert self.world.reject("mended.jpg") is None
        assert self.world.reject(message_reject_key(self.nonsense)) is not None
        assert self.world.waiting() == (0, 0)


@pytest.fixture(scope="module")
def before(index_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with three covers and a reject record."""
    folder = tmp_path_factory.mktemp("before")
    shutil.copytree(index_template, folder / "index")
    store = open_store((folder / "index").as_uri())
    names = ["replaced.jpg", "removed.jpg", "kept.jpg"]
    upserts = [prepared(10 + number, "before", id=name) for number, name in enumerate(names)]
    open_writer(store, folder / "work").commit(Batch(upserts=upserts))
    record_reject(store, Reject("mended.jpg", "before", "corrupt_image", "truncated", "2026-01-02T03:04:05+00:00"))
    return folder / "index"


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that start with everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([run_killable.__module__])
    return context


def run_and_kill(scenario: Scenario, context: ForkServerContext, fatal: int) -> Journal:
    """Runs the ingestor until it has killed itself, or has nothing left to do; what it had done by then."""
    path = scenario.folder / "journal"

    process: ForkServerProcess = context.Process(target=run_killable, args=(scenario.variables, fatal, path))
    process.start()
    try:
        eventually(lambda: not process.is_alive() or scenario.world.waiting() == (0, 0), "killed, or done")
    finally:
        process.terminate()
        process.join(30)
        process.kill()
    return read_journal(path)


def test_killed_at_any_step_nothing_is_lost_and_nothing_is_there_twice(
    ministack: Ministack, before: Path, tmp_path: Path, processes: ForkServerContext
) -> None:
    def scenario(name: str) -> Scenario:
        s3, sqs = ministack.s3(), ministack.sqs()
        pipeline = Pipeline(s3, sqs, ministack.endpoint, make_bucket(s3), make_queue(sqs))
        return Scenario(pipeline, before, tmp_path / name)

    whole = scenario("whole")
    steps = run_and_kill(whole, processes, 0).steps
    whole.check_end()
    assert any("create manifests/" in step for step in steps)

    def die_at(fatal: int) -> str:
        """The step it died at; empty when it was done before."""
        current = scenario(f"step-{fatal}")
        journal = run_and_kill(current, processes, fatal)
        died = journal.steps[fatal - 1] if len(journal.steps) >= fatal else ""
        try:
            current.check_acknowledged(journal.acknowledging)
            # What the dead process held would come back after its visibility; here at once.
            held = [Message("", receipt, name) for receipt, name in journal.receipts.items()]
            current.world.queue().extend(held, 0)
            with Running(current.world.settings):
                eventually(lambda: current.world.waiting() == (0, 0), "the next start ends the work")
            current.check_end()
        except BaseException as error:
            error.add_note(f"killed at step {fatal}: {died or 'it was done before'}")
            raise
        return died

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        died = list(pool.map(die_at, range(1, len(steps) + 1)))
    # With threads the order differs from run to run, their number hardly: nearly every step was met.
    assert sum(bool(step) for step in died) >= 0.9 * len(steps)
    assert any(step.startswith("index create manifests/") for step in died), "never between commit and acknowledge"
