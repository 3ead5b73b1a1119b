"""What every repair must come to."""

from __future__ import annotations

from pathlib import Path

from tests.unit.lifecycle.stalls import assert_whole
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.repair import RepairReport, repair
from vinymatic.lifecycle.repair_means import Sources
from vinymatic.lifecycle.verification import verify
from vinymatic.storage.port import ObjectStore


def repaired(
    store: ObjectStore, tmp_path: Path, sources: Sources | None = None, *, drop_lost: bool = False
) -> RepairReport:
    """A repair after which the newest manifest is whole, and a second one finds nothing to do."""
    report = repair(store, tmp_path / "repair", sources or Sources(), drop_lost=drop_lost)
    assert report.unsaved == ()
    assert verify(store, tmp_path / "verify").clean
    assert_whole(store, require_newest(store).number)
    assert list((tmp_path / "repair").iterdir()) == []
    again = repair(store, tmp_path / "repair", sources or Sources(), drop_lost=drop_lost)
    assert (again.number, again.done, again.unsaved) == (report.number, (), ())
    return report
