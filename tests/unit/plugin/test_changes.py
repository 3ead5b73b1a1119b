"""What the changing commands send, and what they refuse."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.unit.plugin import samples
from tests.unit.plugin.samples import NOW, resource, summary
from vinymatic_operator.plugin.changes import (
    Source,
    annotated,
    backup_body,
    default_name,
    paused,
    paused_note,
    promotion_warning,
    refused_backup,
    refused_promotion,
    refused_repetition,
    refused_retraining,
    refused_rollback,
    refused_wait,
    restore_body,
    restore_warning,
    stamp,
)
from vinymatic_operator.plugin.reading import read_index
from vinymatic_operator.resources.names import RETRAIN_AT, ROLLBACK_AT
from vinymatic_operator.resources.restore import RestoreTo

pytestmark = pytest.mark.unit

LOCAL = datetime(2026, 11, 24, 21, 13, 42, 900, tzinfo=timezone(timedelta(hours=1)))


def test_times_are_sent_in_utc_to_the_second() -> None:
    assert stamp(LOCAL) == "2026-11-24T20:13:42Z"
    assert default_name("records", LOCAL) == "records-20261124-201342"


def test_a_request_touches_one_annotation_and_a_pause_one_field() -> None:
    assert annotated("vinymatic.io/retrain-at", stamp(NOW)) == {
        "metadata": {"annotations": {"vinymatic.io/retrain-at": "2026-11-24T20:00:00Z"}}
    }
    assert (paused(True), paused(False)) == ({"spec": {"paused": True}}, {"spec": {"paused": False}})


def test_a_backup_names_its_index() -> None:
    assert backup_body(read_index(resource()), "before-the-move") == {
        "apiVersion": "vinymatic.io/v1alpha1",
        "kind": "VinylBackup",
        "metadata": {"name": "before-the-move", "namespace": "shop", "labels": {"vinymatic.io/index": "records"}},
        "spec": {"index": "records"},
    }


@pytest.mark.parametrize(
    ("source", "target", "sent", "words"),
    [
        (Source(), None, {"index": "records", "source": {}}, "the newest backup"),
        (Source(backup="b"), None, {"index": "records", "source": {"backup": "b"}}, "backup b"),
        (
            Source(time=LOCAL),
            None,
            {"index": "records", "source": {"time": "2026-11-24T20:13:42Z"}},
            "the newest backup at or before 2026-11-24T20:13:42Z",
        ),
        (
            Source(manifest=805),
            RestoreTo(bucket="copies", prefix="a/b"),
            {"index": "records", "source": {"manifest": 805}, "target": {"bucket": "copies", "prefix": "a/b"}},
            "the backup of manifest 805",
        ),
    ],
)
def test_a_restore_says_from_where_and_where_to(
    source: Source, target: RestoreTo | None, sent: dict[str, object], words: str
) -> None:
    assert restore_body(read_index(resource()), "r", source, target)["spec"] == sent
    assert source.in_words == words


def test_a_retraining_needs_covers() -> None:
    empty = read_index(resource(status={"index": summary(covers=0)}))
    assert refused_retraining(empty) == "records has no covers to train on"
    assert refused_retraining(read_index(samples.brand_new())) is None
    assert refused_retraining(read_index(resource())) is None


def test_a_promotion_needs_a_candidate() -> None:
    assert "has no candidate epoch to promote (active is 4)" in str(refused_promotion(read_index(resource())))
    assert "has not looked" in str(refused_promotion(read_index(samples.brand_new())))
    assert refused_promotion(read_index(samples.retraining())) is None


def test_a_rollback_needs_a_previous_epoch() -> None:
    alone = {"index": summary(previousEpoch=None)}
    assert "only epoch 4 is there" in str(refused_rollback(read_index(resource(status=alone))))
    unkept = refused_rollback(read_index(resource(spec={"retraining": {}}, status=alone)))
    assert "spec.retraining.keepPrevious keeps it in future" in str(unkept)
    assert "has not looked" in str(refused_rollback(read_index(samples.brand_new())))
    assert refused_rollback(read_index(resource())) is None


def test_a_backup_needs_a_place() -> None:
    assert "has no spec.backup" in str(refused_backup(read_index(samples.brand_new())))
    assert refused_backup(read_index(resource())) is None


def test_a_paused_index_keeps_requests_and_lets_nobody_wait_for_them() -> None:
    index = read_index(samples.paused())
    assert refused_wait(index, "a backup") == (
        "records is paused: a backup waits until it is resumed; ask without --wait, or resume it first"
    )
    assert paused_note(index) == ["records is paused: this waits until `kubectl vinyl resume records -n shop`"]
    assert (refused_wait(read_index(resource()), "a backup"), paused_note(read_index(resource()))) == (None, [])


def test_a_second_request_within_a_second_is_refused_because_it_would_be_none() -> None:
    index = read_index(resource(annotations={RETRAIN_AT: stamp(NOW)}))
    assert "within the same second already" in str(refused_repetition(index, RETRAIN_AT, stamp(NOW)))
    assert refused_repetition(index, RETRAIN_AT, stamp(LOCAL)) is None
    assert refused_repetition(index, ROLLBACK_AT, stamp(NOW)) is None


def test_the_warning_of_a_promotion_tells_what_the_gate_said() -> None:
    gate = {"epoch": 5, "at": samples.ago(minutes=1)}
    candidate = summary(candidateEpoch=5)

    def warned(retraining: dict[str, object]) -> str:
        sample = resource()
        sample["status"] = {"index": candidate, "retraining": retraining}  # type: ignore[dict-item]  # JSON
        return promotion_warning(read_index(sample)).partition("its gate, ")[2]

    assert warned({}) == "which has not measured it"
    assert warned({"gate": {**gate, "epoch": 4, "passed": True}}) == "which has not measured it"
    assert warned({"gate": {**gate, "passed": True}}) == "which it passed"
    assert warned({"gate": {**gate, "passed": False, "failures": ["too slow"]}}) == "which it FAILED: too slow"


def test_the_warning_of_a_restore_names_what_is_replaced_and_by_what() -> None:
    warning = restore_warning(read_index(resource()), Source(manifest=805))
    assert "the backup of manifest 805 in the place of what records serves now (s3://vinyl-index/index)" in warning
