"""What a Job's command said: whatever stands in a termination message, it is read, or shown as an error."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.operator.seen import summary
from vinymatic_operator.observe.result import CommandResult, failure_text, parse_result

pytestmark = pytest.mark.unit

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


def test_what_was_done_is_read_with_the_index_that_it_left() -> None:
    told = {"command": "train", "outcome": {"epoch": 3}, "index": summary().model_dump()}
    assert parse_result(json.dumps(told)) == CommandResult({"epoch": 3}, summary())


def test_an_error_is_read_with_its_code() -> None:
    text = json.dumps({"command": "train", "error": {"code": "storage_denied", "message": "no"}})
    assert parse_result(text) == CommandResult(error_code="storage_denied", error="no")


def test_an_error_counts_more_than_an_outcome() -> None:
    assert parse_result('{"outcome": {}, "error": {"code": "c"}}').outcome is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "it ended without a word"),
        ("  \n", "it ended without a word"),
        ("Killed\n", "Killed"),
        ("[1, 2]", "[1, 2]"),
        ("null", "null"),
        ("{}", "its result says neither what it did nor why it failed"),
        ('{"outcome": 3}', "its result says neither what it did nor why it failed"),
        ('{"outcome": {}', '{"outcome": {}'),
    ],
)
def test_what_is_no_result_is_shown_as_it_is(text: str, error: str) -> None:
    assert parse_result(text) == CommandResult(error_code="no_result", error=error)


def test_of_a_long_text_the_end_is_shown() -> None:
    assert parse_result("x" * 5_000 + "the end").error == ("x" * 993) + "the end"


@pytest.mark.parametrize("text", ["[" * 4_096, '{"outcome":' * 1_000, "1" * 5_000])
def test_what_no_parser_takes_is_no_result(text: str) -> None:
    """A log's last lines may be anything, and the result stays on the Job: one that raised would stop the index's ticks for a day."""
    assert parse_result(text).error_code == "no_result"


@pytest.mark.parametrize(
    "index", [None, 3, {}, {"manifest": "many"}, {**summary().model_dump(), "covers": {"live": 5}}]
)
def test_a_summary_of_an_image_that_is_too_new_is_passed_over(index: object) -> None:
    assert parse_result(json.dumps({"outcome": {"epoch": 3}, "index": index})) == CommandResult({"epoch": 3})


def test_a_newer_summary_with_more_in_it_is_read() -> None:
    told = {"outcome": {}, "index": {**summary().model_dump(), "colour": "red"}}
    assert parse_result(json.dumps(told)).index == summary()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_counts_as_missing(number: str) -> None:
    """JSON has no such numbers: the API server would refuse a status that holds one."""
    assert parse_result(f'{{"outcome": {{"recall": {number}}}}}').outcome == {"recall": None}


def test_values_of_another_type_count_as_missing() -> None:
    odd = CommandResult({"number": "5", "flag": 1, "texts": "a", "numbers": 3})
    assert (odd.number("number"), odd.flag("flag"), odd.texts("texts"), odd.numbers("numbers")) == (None, False, [], [])
    assert CommandResult({"number": True}).number("number") is None
    assert CommandResult({"texts": [1, "b"], "numbers": [1, "2", 3]}).texts("texts") == ["1", "b"]
    assert CommandResult({"numbers": [1, "2", 3]}).numbers("numbers") == [1, 3]


def test_a_failure_that_the_operator_found_reads_as_a_result() -> None:
    assert parse_result(failure_text("no_result", "weg: ü")) == CommandResult(error_code="no_result", error="weg: ü")


@given(VALUES)
def test_any_json_is_read_as_a_result_or_an_error(value: object) -> None:
    found = parse_result(json.dumps({"outcome": value, "index": value, "error": value}))
    assert (found.outcome is None) == bool(found.error_code)


@given(st.text())
def test_any_text_is_read_as_a_result_or_an_error(text: str) -> None:
    assert parse_result(text).error_code
