"""The life of a codebook, as pure steps from one manifest's contents to the next: candidate → active → previous → gone.

Each function returns `newest` changed (the caller numbers and stamps it) or None when there is nothing to do, and raises `EpochError`
when the epochs do not allow the step. docs/adr/0004-retraining.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from vinymatic.errors import EpochError
from vinymatic.index.manifest import CodebookEntry, FileEntry, Fresh, Manifest


def with_candidate(newest: Manifest, book: CodebookEntry, *, images: int, covers: int, trained_at: str) -> Manifest:
    """`book` becomes the candidate, under a number that was never used. `images`, `covers`, `trained_at`: what it was trained on, and when.

    Raises `EpochError` when there is a candidate already.
    """
    if newest.candidate_epoch is not None:
        raise EpochError(f"epoch {newest.candidate_epoch} is the candidate already; promote or discard it first")
    epoch = newest.next_epoch
    return newest.model_copy(
        update={
            "candidate_epoch": epoch,
            "last_epoch": epoch,
            "codebooks": {**newest.codebooks, epoch: book.model_copy(update={"epoch": epoch})},
            "images_at_training": images,
            "covers_at_training": covers,
            "trained_at": trained_at,
        }
    )


def with_codes(newest: Manifest, book: CodebookEntry, codes: Mapping[str, FileEntry]) -> Manifest | None:
    """`codes`, by segment, noted as encodings under `book`; what is encoded already or gone is left as it is.

    Raises `EpochError` when `book` is not a codebook of `newest` any more.
    """
    if newest.codebooks.get(book.epoch) != book:
        raise EpochError(f"epoch {book.epoch} was discarded meanwhile")
    segments = tuple(
        segment.model_copy(update={"codes": {**segment.codes, book.epoch: codes[segment.id]}})
        if segment.id in codes and book.epoch not in segment.codes
        else segment
        for segment in newest.segments
    )
    return None if segments == newest.segments else newest.model_copy(update={"segments": segments})


def promoted(newest: Manifest, epoch: int) -> Manifest | None:
    """The candidate `epoch` becomes active; the active one stays beside it as the previous, the previous one goes.

    None when it is active already. Raises `EpochError` when it is no candidate, or a segment lacks its encoding.
    """
    if newest.active_epoch == epoch:
        return None
    if newest.candidate_epoch != epoch:
        raise EpochError(f"epoch {epoch} is not the candidate" + _candidate_in_words(newest))
    require_whole(newest, epoch)
    return _pruned(
        newest.model_copy(
            update={
                "active_epoch": epoch,
                "candidate_epoch": None,
                "previous_epoch": newest.active_epoch,
                "fresh": Fresh(),
            }
        )
    )


def rolled_back(newest: Manifest, epoch: int) -> Manifest | None:
    """The previous `epoch` becomes active again; the active one becomes the previous, so that this can be taken back the same way.

    None when it is active already. Raises `EpochError` when it is not the previous one.
    """
    if newest.active_epoch == epoch:
        return None
    if newest.previous_epoch != epoch:
        there = "there is none" if newest.previous_epoch is None else f"that is {newest.previous_epoch}"
        raise EpochError(f"epoch {epoch} is not the previous one: {there}")
    require_whole(newest, epoch)
    return newest.model_copy(
        update={"active_epoch": epoch, "previous_epoch": newest.active_epoch, "fresh": Fresh()},
    )


def without_candidate(newest: Manifest, epoch: int) -> Manifest | None:
    """The candidate `epoch` goes; None when it is no candidate."""
    if newest.candidate_epoch != epoch:
        return None
    return _pruned(newest.model_copy(update={"candidate_epoch": None}))


def without_previous(newest: Manifest, epoch: int) -> Manifest | None:
    """The previous `epoch` goes, and with it the way back; None when it is not the previous one."""
    if newest.previous_epoch != epoch:
        return None
    return _pruned(newest.model_copy(update={"previous_epoch": None}))


def without_lost(newest: Manifest, lost: Collection[int], active: int) -> Manifest:
    """The `lost` epochs go, whatever they are; `active`, which is not one of them, becomes active where another was.

    Raises `EpochError` when a segment lacks its encoding.
    """
    if active != newest.active_epoch:
        require_whole(newest, active)

    def kept(epoch: int | None) -> int | None:
        return None if epoch in lost or epoch == active else epoch

    return _pruned(
        newest.model_copy(
            update={
                "active_epoch": active,
                "candidate_epoch": kept(newest.candidate_epoch),
                "previous_epoch": kept(newest.previous_epoch),
                "fresh": newest.fresh if active == newest.active_epoch else Fresh(),
            }
        )
    )


def _pruned(manifest: Manifest) -> Manifest:
    """Codebooks and encodings of the written epochs only."""
    written = set(manifest.written_epochs)
    segments = tuple(
        segment.model_copy(update={"codes": {epoch: file for epoch, file in segment.codes.items() if epoch in written}})
        for segment in manifest.segments
    )
    return manifest.model_copy(
        update={
            "codebooks": {epoch: book for epoch, book in manifest.codebooks.items() if epoch in written},
            "segments": segments,
            "last_epoch": manifest.next_epoch - 1,
        }
    )


def require_whole(manifest: Manifest, epoch: int) -> None:
    """Raises `EpochError` when a segment lacks the encoding of `epoch`."""
    lacking = len(manifest.lacking(epoch))
    if lacking:
        raise EpochError(
            f"{lacking} of {len(manifest.segments)} segments have no encoding of epoch {epoch} yet; `vinymatic train` goes on with it"
        )


def _candidate_in_words(manifest: Manifest) -> str:
    return ": there is none" if manifest.candidate_epoch is None else f": that is {manifest.candidate_epoch}"
