"""Backup, restore and drill: time, bytes and requests: `python -m bench.backups`.

An index is backed up, backed up again unchanged, restored into an empty place and drilled. Requests are counted at the store's port
(`bench.counting`): on a directory they are those that S3 would have been asked.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.counting import CountingStore, Traffic
from bench.covers import fill
from bench.processes import alone
from bench.stores import KINDS, Place, running
from bench.tables import facts, mebibytes, parser_for, publish, say, table
from vinymatic.features import FeatureSpec
from vinymatic.index.layout import manifest_key
from vinymatic.lifecycle.backup import Recording, backup, restore
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.drill import drill
from vinymatic.lifecycle.writer import Writer
from vinymatic.settings import ApiSettings
from vinymatic.storage.port import ObjectStore
from vinymatic.threads import limit_native_threads

DEFAULT_STORES = ("directory", "seaweedfs")
HEADER = ("store", "step", "s", "copied in the store, files", "sent, MiB", "read, MiB", "requests", "requests cost, $")


def make_index(place: Place, folder: Path, covers: int) -> None:
    """In a directory, once for all stores."""
    limit_native_threads()
    writer = Writer(place.open(), folder / "work", FeatureSpec(), writer="bench")
    writer.open()
    fill(writer, covers)


def bring(original: ObjectStore, index: ObjectStore) -> None:
    """The newest manifest and what it names, from a directory."""
    manifest = read_newest(original)
    assert manifest is not None
    for file in manifest.files():
        path = original.local_path(file.key)
        assert path is not None
        index.upload(file.key, path)
    index.create(manifest_key(manifest.number), manifest.to_json())


def steps(original: Place, place: Place, folder: Path) -> list[tuple[str, float, Traffic]]:
    """Name, seconds and traffic of each."""
    limit_native_threads()
    measured = []
    index, copy, again = (CountingStore(place.below(name).open()) for name in ("index", "backup", "restored"))
    bring(original.open(), index.inner)
    questions = ApiSettings().backup_questions
    recording = Recording(questions, folder / "recording")
    jobs: list[tuple[str, Callable[[], object]]] = [
        (f"backup, {questions} answers recorded", partial(backup, index, copy, recording=recording)),
        ("backup, nothing changed", partial(backup, index, copy, recording=recording)),
        ("restore into an empty place", partial(restore, copy, again)),
        ("drill", partial(drill, copy, scratch=folder)),
    ]
    for name, job in jobs:
        begin = time.perf_counter()
        report = job()
        seconds = time.perf_counter() - begin
        say(f"{place.name}: {name}: {seconds:.1f} s, {report}")
        measured.append((name, seconds, index.taken().plus(copy.taken()).plus(again.taken())))
    return measured


def main() -> None:
    parser = parser_for(__doc__)
    parser.add_argument("--covers", type=int, default=3_000, help="of 300 features each, 64 a segment")
    parser.add_argument("--stores", nargs="+", choices=KINDS, default=DEFAULT_STORES)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="vinymatic-bench-") as name:
        original = Place("directory", (Path(name) / "original").as_uri())
        alone(partial(make_index, original, Path(name), arguments.covers))
        manifest = read_newest(original.open())
        assert manifest is not None
        files = manifest.files()
        for kind in arguments.stores:
            with running(kind, Path(name)) as place:
                # As the command does it: a process whose native threads are limited from the start.
                job = partial(steps, original, place, Path(name) / f"{kind}-scratch")
                for step, seconds, traffic in alone(job):
                    sizes = (mebibytes(traffic.sent), mebibytes(traffic.received))
                    counts = (f"{traffic.requests['COPY']:,}", *sizes, f"{traffic.total:,}", f"{traffic.price:.4f}")
                    rows.append((place.name, step, f"{seconds:.1f}", *counts))
    size = mebibytes(sum(file.size for file in files))
    about = facts(f"{arguments.covers:,} covers: {len(files)} files, {size} MiB")
    publish("backups", [about, table(HEADER, rows)], arguments.write)


if __name__ == "__main__":
    main()
