"""docs/index-format.md says what the files hold: every array with its type, every field, every key."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.unit.index.small import codebook, descriptors, make_cover
from vinymatic.index import encoding, feature_model_file, layout, segment
from vinymatic.index.bootstrap import first_feature_model
from vinymatic.index.encoding import dump_encoding, encode_descriptors
from vinymatic.index.feature_model_file import dump_feature_model
from vinymatic.index.manifest import FORMAT, VERSION, CodebookEntry, FileEntry, Fresh, Manifest, SegmentEntry
from vinymatic.index.sealed import Sealed
from vinymatic.index.segment import build_segment
from vinymatic.lifecycle.drill_record import DrillRecord
from vinymatic.lifecycle.gate_report import GateReport
from vinymatic.lifecycle.pins import Pin

pytestmark = pytest.mark.unit

PAGE = (Path(__file__).parents[3] / "docs" / "index-format.md").read_text()


def section(kind: str) -> dict[str, tuple[str, int]]:
    """Type and number of dimensions of each array that the page gives for this kind of file."""
    rows = re.findall(r"^\| (`.+?) \| (\w+) \[(.+?)\] \|", PAGE.split(f"**`{kind}`**")[1].split("**")[0], re.MULTILINE)
    return {
        name: (dtype, len(shape.split(","))) for names, dtype, shape in rows for name in re.findall(r"`(\w+)`", names)
    }


def header(data: bytes) -> dict[str, tuple[str, int]]:
    entries = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return {n: (e["dtype"], len(e["shape"])) for n, e in entries.items() if n != "__metadata__"}


FILES = build_segment([make_cover("a"), make_cover("b")])


@pytest.mark.parametrize(
    ("kind", "version", "data"),
    [
        (segment.COVERS_KIND, segment.VERSION, FILES.covers),
        (segment.POINTS_KIND, segment.VERSION, FILES.points),
        (encoding.KIND, encoding.VERSION, dump_encoding(encode_descriptors(codebook(), descriptors(20)))),
        (feature_model_file.KIND, feature_model_file.VERSION, dump_feature_model(first_feature_model(64))),
    ],
    ids=["covers", "points", "codes", "feature-model"],
)
def test_the_page_names_every_array_with_its_type(kind: str, version: int, data: bytes) -> None:
    assert section(kind) == header(data)
    assert version == 1, "the page says that all are of version 1"


@pytest.mark.parametrize("record", [Manifest, SegmentEntry, CodebookEntry, FileEntry, Fresh])
def test_the_page_names_every_field_of_the_manifest(record: type) -> None:
    part = PAGE.split("## Manifest")[1].split("## Array files")[0]
    assert [name for name in record.model_fields if f"`{name}`" not in part] == []  # type: ignore[attr-defined]
    assert f"`{FORMAT}`" in part
    assert f"`version` is {VERSION}" in part


@pytest.mark.parametrize("document", [Pin, GateReport, DrillRecord])
def test_the_page_names_every_field_of_the_sealed_documents(document: type[Sealed]) -> None:
    part = PAGE.split("## Small documents")[1].split("## Array files")[0]
    (row,) = re.findall(rf"^\| {document.called} \|.*$", part, re.MULTILINE)
    fields = document.model_fields
    assert [name for name in fields if name not in ("format", "version") and f"`{name}`" not in row] == []
    assert f"| `{fields['format'].default}` | {fields['version'].default} |" in row


def test_the_page_names_every_key() -> None:
    digest = "d" * 64
    shown = {re.sub(r"<[^>]+>", "*", key) for key in re.findall(r"^\| `([^`]+/[^`]+)` \|", PAGE, re.MULTILINE)}
    keys = {
        re.sub(r"[0-9a-f]{64}", "*", layout.reject_key("x")),
        re.sub(r"[0-9]{16}", "*", layout.manifest_key(1)),
        re.sub(r"[0-9]{16}", "*", layout.drill_key(1)),
        re.sub(r"[0-9]{16}", "*", layout.boundary_key(1)),
        layout.pin_key("name").replace("name", "*"),
        layout.gate_key(7, digest).replace("7", "*").replace(digest[:16], "*"),
        layout.gate_page_key(7, digest).replace("7", "*").replace(digest[:16], "*"),
        layout.CLOCK,
        *(key.replace("SEGMENT", "*") for key in (layout.covers_key("SEGMENT"), layout.points_key("SEGMENT"))),
        layout.codes_key("SEGMENT", 7, digest).replace("SEGMENT", "*").replace("7", "*").replace(digest[:16], "*"),
        layout.codebook_key(7, digest).replace("7", "*").replace(digest[:16], "*"),
        layout.feature_model_key(digest).replace(digest[:16], "*"),
    }
    assert shown == keys


def test_the_bytes_a_cover_takes_are_those_of_the_page() -> None:
    rng = np.random.default_rng(1)
    covers = [make_cover(f"shop/{n}.jpg", "0123456789abcdef" * 2, 300) for n in range(20)]
    files = build_segment(covers)
    codes = dump_encoding(encode_descriptors(codebook(), rng.integers(0, 200, (6_000, 128), dtype=np.uint8)))
    assert (len(files.covers) + len(files.points)) / 20 == pytest.approx(45_000, rel=0.03)
    assert len(codes) / 20 == pytest.approx(6_000, rel=0.05)
