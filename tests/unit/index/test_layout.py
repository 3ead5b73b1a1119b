"""Keys: the newest manifest sorts first, names turn back into numbers, nothing a user writes reaches a path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic.index import layout

pytestmark = pytest.mark.unit

LAST = 10**16 - 1
numbers = st.integers(1, LAST)


@given(numbers)
def test_a_manifest_s_key_turns_back_into_its_number(number: int) -> None:
    assert layout.manifest_number(layout.manifest_key(number)) == number


@given(st.sets(numbers, min_size=2, max_size=20))
def test_the_newest_manifest_sorts_first(several: set[int]) -> None:
    keys = sorted(layout.manifest_key(number) for number in several)
    assert [layout.manifest_number(key) for key in keys] == sorted(several, reverse=True)


@pytest.mark.parametrize("number", [0, -1, LAST + 1])
def test_a_number_that_no_manifest_can_have_has_no_key(number: int) -> None:
    with pytest.raises(ValueError, match="not a manifest's number"):
        layout.manifest_key(number)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "manifests/",
        "manifests/.json",
        "manifests/latest.json",
        "manifests/9999999999999998",
        "manifests/9999999999999998.json.tmp",
        "manifests/999999999999999.json",
        "manifests/99999999999999999.json",
        "manifests/9999999999999999.json",
        "manifests/-000000000000001.json",
        "manifests/+999999999999998.json",
        "manifests/ 999999999999998.json",
        "manifests/9_99999999999998.json",
        "manifests/٩٩٩٩٩٩٩٩٩٩٩٩٩٩٩٨.json",
        "9999999999999998.json",
        "other/9999999999999998.json",
        "manifests/" + "9" * 5_000 + ".json",
    ],
)
def test_other_names_among_the_manifests_are_not_taken_for_one(key: str) -> None:
    with pytest.raises(ValueError, match="not a manifest's key"):
        layout.manifest_number(key)


@given(st.text(max_size=30))
def test_no_other_text_is_taken_for_a_manifest(name: str) -> None:
    key = f"manifests/{name}.json"
    try:
        number = layout.manifest_number(key)
    except ValueError:
        return
    assert layout.manifest_key(number) == key


def test_files_are_named_by_epoch_and_content() -> None:
    one, other = "a" * 64, "b" * 64
    assert layout.codebook_key(3, one) != layout.codebook_key(3, other)
    assert layout.codes_key("S", 3, one) != layout.codes_key("S", 4, one)
    assert layout.codes_key("S", 3, one) != layout.codes_key("S", 3, other)
    assert layout.codes_key("S", 3, one).startswith("segments/S/")
    assert layout.covers_key("S").startswith("segments/S/")
    assert layout.points_key("S").startswith("segments/S/")
    assert layout.feature_model_key(one) != layout.feature_model_key(other)


@given(st.text(st.characters(), max_size=40))
def test_a_reject_s_key_holds_nothing_of_the_user_s_key(source: str) -> None:
    name = layout.reject_key(source).removeprefix("rejects/").removesuffix(".json")
    assert len(name) == 64
    assert set(name) <= set("0123456789abcdef")


def test_different_images_have_different_rejects() -> None:
    assert layout.reject_key("a") != layout.reject_key("A")
    assert layout.reject_key("\ud800") != layout.reject_key("\ud801")


@given(numbers)
def test_a_boundary_s_key_turns_back_into_its_number_and_is_no_manifest_s(number: int) -> None:
    key = layout.boundary_key(number)
    assert layout.boundary_number(key) == number
    with pytest.raises(ValueError, match="not a manifest's key"):
        layout.manifest_number(key)


@pytest.mark.parametrize("key", ["", layout.manifest_key(1), layout.CLOCK, layout.BOUNDARIES + "x.json"])
def test_other_names_are_not_taken_for_a_boundary(key: str) -> None:
    with pytest.raises(ValueError, match="not a boundary's key"):
        layout.boundary_number(key)


@pytest.mark.parametrize("name", ["a", "release-1.2_b", "9" * 63])
def test_a_pin_s_key_turns_back_into_its_name(name: str) -> None:
    assert layout.pin_name(layout.pin_key(name)) == name


@pytest.mark.parametrize("name", ["", ".", "../a", "a/b", "A", "ü", "a" * 64, "a\n"])
def test_a_name_that_would_leave_the_folder_of_pins_has_no_key(name: str) -> None:
    with pytest.raises(ValueError, match="not a pin's name"):
        layout.pin_key(name)
