"""What the bucket is asked after a commit, and what its answers mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.unit.ingestor.doubles import ScriptedBucket
from vinymatic.errors import StorageDeniedError, StorageUnavailableError
from vinymatic.lifecycle.rejects import Reject
from vinymatic.queueing.port import ChangeKind
from vinymatic_ingestor.look_back import LookBack
from vinymatic_ingestor.outcomes import Gone, Ignored, Outcome, Ready, Refused, Same

pytestmark = pytest.mark.unit


def test_what_the_bucket_still_holds_has_not_changed(tmp_path: Path) -> None:
    bucket = ScriptedBucket(tmp_path, {"same": "1", "replaced": "2", "back": "1"})
    outcomes: dict[str, Outcome] = {name: Ready(random_cover(name)) for name in ("same", "replaced", "deleted")}
    outcomes |= {"gone": Gone("1"), "back": Gone("1")}
    assert LookBack(bucket).changed(outcomes) == ("replaced", "deleted", "back")


def test_only_what_was_committed_because_of_the_bucket_is_asked_for(tmp_path: Path) -> None:
    """An explicit deletion stands though the object is there."""
    bucket = ScriptedBucket(tmp_path, dict.fromkeys(("deleted", "same", "bad", "folder/"), "2"))
    outcomes: dict[str, Outcome] = {
        "deleted": Gone("2", ChangeKind.DELETE),
        "same": Same("1"),
        "bad": Refused(Reject("bad", "1", "corrupt_image", "truncated", "now")),
        "folder/": Ignored("a folder"),
    }
    assert LookBack(bucket).changed(outcomes) == ()
    assert bucket.calls == []


def test_a_key_that_the_bucket_refuses_to_tell_of_is_looked_at_again_and_no_other(tmp_path: Path) -> None:
    bucket = ScriptedBucket(tmp_path, {"a": "1", "b": StorageDeniedError("403"), "c": "1"})
    assert LookBack(bucket).changed({name: Ready(random_cover(name)) for name in "abc"}) == ("b",)


def test_a_bucket_that_is_away_is_waited_for_once_and_not_for_every_key(tmp_path: Path) -> None:
    keys = [str(number) for number in range(1_000)]
    bucket = ScriptedBucket(tmp_path, dict.fromkeys(keys, StorageUnavailableError("503")))
    assert LookBack(bucket).changed({key: Ready(random_cover(key)) for key in keys}) == tuple(keys)
    assert len(bucket.calls) <= 16
