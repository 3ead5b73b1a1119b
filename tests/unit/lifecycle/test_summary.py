"""What an index is, in one small object that the operator can read too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.index.manifests import file_entry, manifest, segment_entry
from vinymatic.index.manifest import CodebookEntry, Fresh, Manifest
from vinymatic.lifecycle.summary import IndexSummary, summarize

pytestmark = pytest.mark.unit

BOTH = {0: file_entry("codes-0"), 1: file_entry("codes-1")}


def retraining(*, encoded: bool) -> Manifest:
    """Epoch 1 is the candidate; a second segment lacks it, unless `encoded`."""
    book = CodebookEntry(epoch=0, file=file_entry("book-0", "d"), lists=64, trained_covers=9, error=80.0)
    return manifest(
        segment_entry("A", covers=10, tombstones=(1, 2, 3), codes=BOTH),
        segment_entry("B", covers=5, codes=BOTH if encoded else {0: BOTH[0]}),
        index_id="abc",
        candidate_epoch=1,
        last_epoch=3,
        codebooks={0: book, 1: book.model_copy(update={"epoch": 1})},
        images_ingested=40,
        images_at_training=25,
        covers_at_training=9,
        trained_at="2026-01-02T00:00:00+00:00",
        fresh=Fresh(features=7, error=90.0),
    )


def test_a_manifest_is_summed_up() -> None:
    assert summarize(retraining(encoded=False)) == IndexSummary(
        manifest=7,
        index_id="abc",
        created_at="2026-01-01T00:00:00.000+00:00",
        covers=12,
        segments=2,
        bytes=90,  # nine files of 10 bytes
        dimensions=128,
        active_epoch=0,
        candidate_epoch=1,
        candidate_complete=False,
        previous_epoch=None,
        next_epoch=4,
        images_since_training=15,
        trained_at="2026-01-02T00:00:00+00:00",
        covers_at_training=9,
        training_error=80.0,
        fresh_features=7,
        fresh_error=90.0,
        mergeable=1,  # three of ten are dead
        dead_covers=3,
    )


def test_a_candidate_is_complete_when_no_segment_lacks_it() -> None:
    assert summarize(retraining(encoded=True)).candidate_complete
    assert not summarize(manifest(segment_entry("A"))).candidate_complete  # there is none
    assert summarize(manifest(segment_entry("A"))).training_error is None


def test_segments_that_a_compaction_would_merge_are_counted() -> None:
    assert summarize(manifest(*(segment_entry(letter) for letter in "ABCDEFG"))).mergeable == 0
    assert summarize(manifest(*(segment_entry(letter) for letter in "ABCDEFGH"))).mergeable == 8


def test_an_older_reader_passes_over_what_a_newer_writer_added() -> None:
    summary = summarize(retraining(encoded=True))
    newer = summary.model_dump() | {"colour": "blue"}
    assert IndexSummary.model_validate(newer) == summary


def test_whoever_decides_about_an_index_needs_nothing_heavy() -> None:
    heavy = ("numpy", "faiss", "cv2", "boto3", "PIL", "click", "safetensors")
    program = (
        "import sys, vinymatic.lifecycle.due, vinymatic.lifecycle.summary\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_page_on_results_says_what_each_field_is() -> None:
    page = (Path(__file__).parents[3] / "docs" / "results.md").read_text("utf-8")
    for name, field in IndexSummary.model_fields.items():
        assert field.description
        assert f"| `{name}` | {field.description.rstrip('.')} |" in page
