"""The plan of a repair: the cheapest remedy for each damage, and no cover given up unasked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.index.manifests import file_entry, manifest, segment_entry
from vinymatic.index.manifest import CodebookEntry, Manifest
from vinymatic.lifecycle.findings import Finding, Kind, Part
from vinymatic.lifecycle.mending import Change, mended
from vinymatic.lifecycle.repair_plan import Means, Origin, RepairPlan, plan_repair

pytestmark = pytest.mark.unit

A, B, C = ("A" * 26, "B" * 26, "C" * 26)


def codes(letter: str, *epochs: int) -> dict[int, object]:
    return {epoch: file_entry(f"{letter}/codes-{epoch}") for epoch in epochs}


def book(epoch: int) -> CodebookEntry:
    return CodebookEntry(epoch=epoch, file=file_entry(f"book-{epoch}"), lists=64, trained_covers=3)


# Epoch 2 is active, 1 the previous, 3 a candidate that C lacks.
WHOLE = manifest(
    segment_entry("A", codes=codes("A", 1, 2, 3)),
    segment_entry("B", codes=codes("B", 1, 2, 3), tombstones=(1,)),
    segment_entry("C", codes=codes("C", 1, 2)),
    active_epoch=2,
    previous_epoch=1,
    candidate_epoch=3,
    codebooks={epoch: book(epoch) for epoch in (1, 2, 3)},
    dimensions=64,
    feature_model=file_entry("model"),
)
ALONE = manifest(segment_entry("A"), segment_entry("B"))


def model(kind: Kind = Kind.DAMAGED) -> Finding:
    return Finding(kind, Part.FEATURE_MODEL, "", key="model")


def codebook(epoch: int, kind: Kind = Kind.MISSING) -> Finding:
    return Finding(kind, Part.CODEBOOK, "", key=f"book-{epoch}", epoch=epoch)


def covers(segment: str, kind: Kind = Kind.DAMAGED) -> Finding:
    return Finding(kind, Part.COVERS, "", key=f"{segment[0]}/covers", segment=segment)


def points(segment: str, kind: Kind = Kind.DAMAGED) -> Finding:
    return Finding(kind, Part.POINTS, "", key=f"{segment[0]}/points", segment=segment)


def encoding(segment: str, epoch: int, kind: Kind = Kind.DAMAGED) -> Finding:
    return Finding(kind, Part.CODES, "", key=f"{segment[0]}/codes-{epoch}", segment=segment, epoch=epoch)


def lacking(segment: str, epoch: int) -> Finding:
    return Finding(Kind.NOT_ENCODED, Part.CODES, "", segment=segment, epoch=epoch)


def planned(*problems: Finding, on: Manifest = WHOLE, means: Means | None = None) -> RepairPlan:
    return plan_repair(on, problems, means or Means())


def test_where_nothing_is_wrong_there_is_nothing_to_do() -> None:
    plan = planned()
    assert plan.is_empty
    assert (plan.active, plan.unsaved) == (2, ())


def test_bytes_that_are_in_the_backup_come_from_there_and_nothing_else_is_done() -> None:
    problems = [model(), codebook(2), covers(A), points(A), encoding(B, 1)]
    keys = {str(problem.key): "there" for problem in problems}
    plan = planned(*problems, means=Means(in_backup=keys))
    assert plan.put_back == dict.fromkeys(keys, Origin.BACKUP)
    assert not plan.commits
    assert plan.unsaved == ()


def test_bytes_that_can_be_made_again_are_where_the_backup_has_none() -> None:
    plan = planned(codebook(1), model(), means=Means(in_backup={"model": "m"}, makeable=["model", "book-1"]))
    assert plan.put_back == {"book-1": Origin.MADE, "model": Origin.BACKUP}
    assert not plan.commits


def test_the_same_bytes_are_no_remedy_for_what_does_not_fit() -> None:
    plan = planned(encoding(A, 2, Kind.UNFIT), means=Means(in_backup={"A/codes-2": "x"}, makeable=["A/codes-2"]))
    assert plan.put_back == {}
    assert plan.encode == ((A, 2),)


@pytest.mark.parametrize("problem", [encoding(A, 1), encoding(A, 1, Kind.MISSING), lacking(A, 1)])
def test_an_encoding_is_made_again(problem: Finding) -> None:
    plan = planned(problem, encoding(C, 2))
    assert plan.encode == ((A, 1), (C, 2))
    assert (plan.active, plan.lost_epochs, plan.unsaved) == (2, frozenset(), ())


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_codebook_that_readers_do_not_use_is_dropped_with_its_encodings(epoch: int) -> None:
    plan = planned(codebook(epoch), encoding(A, epoch))
    assert (plan.active, plan.lost_epochs, plan.encode) == (2, frozenset({epoch}), ())


def test_the_previous_epoch_takes_the_place_of_a_lost_active_one() -> None:
    plan = planned(codebook(2), lacking(A, 1), encoding(B, 1), encoding(B, 2))
    assert (plan.active, plan.lost_epochs) == (1, frozenset({2}))
    assert plan.encode == ((A, 1), (B, 1))  # whole again by the same commit


def test_a_candidate_takes_the_place_when_it_is_encoded_everywhere_and_is_trained_on_when_not() -> None:
    assert planned(codebook(2), codebook(1)).active is None
    last = segment_entry("C", codes=codes("C", 1, 2, 3))
    encoded = WHOLE.model_copy(update={"segments": (*WHOLE.segments[:2], last)})
    plan = planned(codebook(2), codebook(1), on=encoded)
    assert (plan.active, plan.lost_epochs) == (3, frozenset({1, 2}))


def test_without_another_epoch_one_is_trained_first() -> None:
    plan = planned(codebook(0), on=ALONE)
    assert (plan.active, plan.lost_epochs, plan.encode) == (None, frozenset({0}), ())
    assert plan.commits
    assert plan.unsaved == ()


def test_an_epoch_that_nobody_writes_any_more_goes_when_its_encodings_are_bad() -> None:
    old = WHOLE.model_copy(update={"previous_epoch": None})  # as version 1 kept them
    plan = planned(encoding(A, 1), on=old)
    assert (plan.lost_epochs, plan.encode) == (frozenset({1}), ())


def test_lost_features_are_made_again_from_the_scans() -> None:
    plan = planned(points(A), encoding(A, 2), means=Means(scans={A: {}}))
    assert (plan.fetch, plan.drop, plan.encode, plan.unsaved) == ((A,), (), (), ())


def test_a_segment_some_of_whose_scans_are_gone_stays_and_they_are_named() -> None:
    gone = {A: {"x.jpg": "its scan is gone"}}
    plan = planned(points(A), means=Means(scans=gone))
    assert plan.is_empty
    assert plan.unsaved[0] == "x.jpg: its scan is gone"
    assert "1 of its 3 covers" in plan.unsaved[1]
    assert "--drop-lost" in plan.unsaved[1]
    plan = planned(points(A), means=Means(scans=gone, drop_lost=True))
    assert (plan.fetch, plan.lost_in, plan.unsaved) == ((A,), gone, ())


def test_lost_features_without_a_bucket_or_without_the_feature_model_go_only_when_asked_to() -> None:
    for means, also in ((Means(), []), (Means(scans={B: {}}), [model()])):
        plan = planned(points(B), *also, means=means)
        assert plan.is_empty
        assert any("the features of its covers (2)" in line and "S3_BUCKET" in line for line in plan.unsaved)
    assert planned(points(B), means=Means(drop_lost=True)).drop == (B,)


def test_lost_ids_go_only_when_asked_to_whatever_scans_there_are() -> None:
    means = Means(scans={B: {}})
    plan = planned(covers(B), points(B), means=means)
    assert plan.is_empty
    assert "vinymatic import" in plan.unsaved[0]
    plan = planned(covers(B), points(B), means=Means(scans={B: {}}, drop_lost=True))
    assert (plan.drop, plan.fetch, plan.unsaved) == ((B,), (), ())


def test_a_lost_feature_model_is_never_hidden_by_what_else_is_done() -> None:
    plan = planned(model(), encoding(A, 2), means=Means(drop_lost=True))
    assert plan.encode == ((A, 2),)
    assert "the feature model is lost" in plan.unsaved[0]


def test_no_epoch_takes_over_while_a_segment_stays_that_has_no_encoding_of_it() -> None:
    plan = planned(codebook(0), points(A), on=ALONE)
    assert plan.is_empty
    assert plan.active == 0
    assert "no other epoch can take over" in plan.unsaved[-1]
    assert planned(codebook(2), points(A)).active == 1  # its encoding of epoch 1 is named
    assert planned(codebook(0), points(A), on=ALONE, means=Means(drop_lost=True)).active is None
    assert planned(codebook(0), points(A), on=ALONE, means=Means(scans={A: {}})).active is None


def test_nothing_is_trained_without_the_feature_model() -> None:
    small = ALONE.model_copy(update={"feature_model": file_entry("model")})
    plan = planned(codebook(0), model(), on=small)
    assert plan.is_empty
    assert len(plan.unsaved) == 2


def test_a_cover_that_is_live_twice_is_taken_out_of_all_but_its_last_place() -> None:
    plan = planned(Finding(Kind.REPEATED, Part.COVERS, "", key="A/covers", segment=A, place=2))
    assert plan.bury == ((A, 2),)
    assert plan.encode == ()


def test_what_only_a_person_can_decide_is_said() -> None:
    pin = Finding(Kind.DAMAGED, Part.PIN, "unreadable", key="pins/release.json")
    gone = Finding(Kind.MISSING, Part.MANIFEST, "the pin x keeps manifest 3, which is not there", 3, "manifests/3")
    boundary = Finding(Kind.DAMAGED, Part.BOUNDARY, "", key="collection/boundaries/9")
    plan = planned(pin, gone, boundary)
    assert plan.boundaries == ("collection/boundaries/9",)
    assert "index unpin release" in plan.unsaved[0]
    assert "index unpin" in plan.unsaved[1]


PROBLEMS = [
    model(),
    *(codebook(epoch) for epoch in (1, 2, 3)),
    *(covers(segment) for segment in (A, B, C)),
    *(points(segment) for segment in (A, B, C)),
    *(encoding(segment, epoch) for segment in (A, B, C) for epoch in (1, 2)),
    encoding(A, 3),
]


@given(
    st.sets(st.sampled_from(PROBLEMS)),
    st.sets(st.sampled_from([str(problem.key) for problem in PROBLEMS])),
    st.dictionaries(st.sampled_from([A, B, C]), st.sampled_from([{}, {"x": "gone"}])),
    st.booleans(),
)
def test_whatever_is_wrong_no_cover_goes_unasked_and_nothing_that_stays_wrong_is_kept_quiet(
    problems: set[Finding], in_backup: set[str], scans: dict[str, dict[str, str]], drop_lost: bool
) -> None:
    plan = plan_repair(WHOLE, problems, Means({key: key for key in in_backup}, (), scans, drop_lost))
    left = [problem for problem in problems if problem.key not in in_backup]
    if not drop_lost:
        assert plan.drop == ()
        assert not any(plan.lost_in.values())
    lost_truth = {p.segment for p in left if p.part in (Part.COVERS, Part.POINTS)}
    staying = lost_truth - {*plan.fetch, *plan.drop}
    assert not staying or plan.unsaved
    assert not any(problem.part is Part.FEATURE_MODEL for problem in left) or plan.unsaved
    lost_books = {problem.epoch for problem in left if problem.part is Part.CODEBOOK}
    assert plan.active not in lost_books or plan.unsaved
    assert bool(left) <= bool(plan.commits or plan.unsaved)
    # The commit that the plan asks for can be made, and leaves no segment without what readers need.
    if plan.active is not None:
        after = after_commit(plan)
        assert after.active_epoch == plan.active
        assert not after.lacking(plan.active)
        assert not plan.lost_epochs & after.codebooks.keys()


def after_commit(plan: RepairPlan) -> Manifest:
    assert plan.active is not None
    change = Change(
        plan.active,
        plan.lost_epochs,
        codes={(segment, epoch): file_entry(f"{segment}/new-{epoch}") for segment, epoch in plan.encode},
        replaced=dict.fromkeys((*plan.fetch, *plan.drop), ()),
    )
    return mended(WHOLE, WHOLE, change) or WHOLE
