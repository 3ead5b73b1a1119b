"""`index list`, `show`, `status` and `search` on a local index."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from vinymatic.cli.index import look
from vinymatic.synth.photos import Level, simulate
from vinymatic.synth.sleeves import Sleeve, sleeve

pytestmark = pytest.mark.unit


@pytest.fixture
def built(run: Run, covers: Path) -> Run:
    assert run("index", "build", covers).exit_code == 0
    return run


def test_list_keeps_to_a_prefix(built: Run, sleeves: list[Sleeve]) -> None:
    folder = sleeves[3].id.rpartition("/")[0]
    shown = built("index", "list", "--prefix", folder).stdout.splitlines()
    assert shown == sorted(made.id for made in sleeves if made.id.startswith(folder))


def test_list_gives_every_page(built: Run, sleeves: list[Sleeve], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "_PAGE", 2)
    assert built("index", "list").stdout.splitlines() == sorted(made.id for made in sleeves)


def test_list_as_json_is_one_object_a_line(built: Run, sleeves: list[Sleeve]) -> None:
    rows = [json.loads(line) for line in built("index", "list", "--json").stdout.splitlines()]
    assert [row["id"] for row in rows] == sorted(made.id for made in sleeves)
    assert all(row["features"] > 0 and row["manifest"] >= 1 for row in rows)


def test_show_says_what_the_index_is(built: Run) -> None:
    facts = json.loads(built("index", "show", "--json").stdout)
    assert facts["covers"] == 5
    assert facts["dimensions"] == 128
    assert facts["images_since_training"] == 5
    lines = dict(line.split("  ", 1) for line in built("index", "show").stdout.splitlines())
    assert lines["covers"].strip() == "5" or "covers" in " ".join(lines)


def test_show_of_an_unknown_cover_is_exit_code_1(built: Run) -> None:
    answer = built("index", "show", "nope")
    assert answer.exit_code == 1
    assert answer.stderr == "error: 'nope' is not in the catalogue\n"


def test_status_knows_indexed_and_unknown_keys(built: Run, sleeves: list[Sleeve]) -> None:
    state = json.loads(built("index", "status", "--json", sleeves[0].id).stdout)
    assert (state["state"], state["code"]) == ("indexed", None)
    assert built("index", "status", "nope").stdout == "unknown\n"


def test_status_of_an_index_that_is_not_there_is_unknown(run: Run) -> None:
    answer = run("index", "status", "nope")
    assert answer.exit_code == 0
    assert answer.stdout == "unknown\n"


def test_search_names_the_cover_that_a_photo_shows_and_where(built: Run, sleeves: list[Sleeve], tmp_path: Path) -> None:
    photo = simulate(sleeves[2].image, 1, Level.EASY)
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo.jpeg())
    found = json.loads(built("index", "search", "--json", path).stdout)
    assert found["verdict"] == "match"
    assert found["covers"][0]["id"] == sleeves[2].id
    for (x, y), (true_x, true_y) in zip(found["covers"][0]["outline"], photo.corners, strict=True):
        assert abs(x - true_x) < 15
        assert abs(y - true_y) < 15
    text = built("index", "search", path).stdout
    assert text.startswith(f"{path}: match (")
    assert sleeves[2].id in text


def test_search_says_when_a_cover_is_not_in_the_catalogue(built: Run, tmp_path: Path) -> None:
    path = tmp_path / "stranger.jpg"
    path.write_bytes(simulate(sleeve(999, side=400).image, 1, Level.EASY).jpeg())
    found = json.loads(built("index", "search", "--json", path).stdout)
    assert found["verdict"] == "not_in_catalogue"
    assert found["covers"] == []


def test_search_goes_on_after_a_bad_photo_and_ends_with_exit_code_1(
    built: Run, sleeves: list[Sleeve], tmp_path: Path
) -> None:
    bad, good = tmp_path / "bad.jpg", tmp_path / "good.jpg"
    bad.write_text("no")
    good.write_bytes(sleeves[1].jpeg())
    answer = built("index", "search", "--json", bad, good)
    assert answer.exit_code == 1
    first, second = (json.loads(line) for line in answer.stdout.splitlines())
    assert first["error"]["code"] == "not_an_image"
    assert second["covers"][0]["id"] == sleeves[1].id


def test_search_draws_a_picture_of_one_photo(built: Run, sleeves: list[Sleeve], covers: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(simulate(sleeves[2].image, 1, Level.EASY).jpeg())
    pictures = [tmp_path / "thumbnail.png", tmp_path / "scan.png"]
    for picture, words in zip(pictures, ([], ["--scans", covers]), strict=True):
        answer = built("index", "search", "--picture", picture, *words, path)
        assert (answer.exit_code, answer.stdout.splitlines()[0].startswith(f"{path}: match (")) == (0, True)
    thumbnail, scan = (picture.read_bytes() for picture in pictures)
    assert thumbnail[:4] == scan[:4] == b"\x89PNG"
    assert thumbnail != scan


def test_search_draws_no_picture_of_several_photos_nor_into_a_folder_that_is_not_there(
    built: Run, sleeves: list[Sleeve], tmp_path: Path
) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(simulate(sleeves[2].image, 1, Level.EASY).jpeg())
    assert "--picture is of one photo" in built("index", "search", "--picture", tmp_path / "a.png", path, path).stderr
    answer = built("index", "search", "--picture", tmp_path / "nowhere" / "a.png", path)
    assert answer.exit_code == 1
    assert answer.stderr.startswith("error: ")
