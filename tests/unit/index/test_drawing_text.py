"""Text on pictures: any ID there is can be written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic.index.drawing.text import legible, width, wrap, write

pytestmark = pytest.mark.unit

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=120)


def drawn(text: str, *, bold: bool = False) -> np.typing.NDArray[np.uint8]:
    canvas = np.zeros((40, 400, 3), np.uint8)
    write(canvas, text, (4, 28), 18, (255, 255, 255), bold=bold)
    return canvas


@given(ANYTHING)
def test_no_text_is_too_odd_to_be_wrapped_and_written(text: str) -> None:
    lines = wrap(text, 13, 150, 2)
    assert len(lines) <= 2
    for line in lines:
        assert width(line, 13) <= 150
        drawn(line)


@pytest.mark.parametrize("text", ["Hollow Coast", "ünï ß ø ł", "Жуки", "コード", "漢字", "한국어", "العربية", "עברית"])
def test_the_scripts_that_titles_are_written_in_are_shown(text: str) -> None:
    assert np.any(drawn(text))
    assert not np.array_equal(drawn(text), drawn("".join(" " if c == " " else "?" for c in text)))


def test_what_cannot_be_shown_is_a_question_mark() -> None:
    assert legible("a\0b\u202ec\ud800d") == "a?b?c?d"
    assert np.array_equal(drawn("🎵"), drawn("?"))


def test_threads_do_not_draw_with_each_other_s_weight() -> None:
    jobs = [(f"Hollow Coast {n}", n % 2 == 0) for n in range(400)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda job: drawn(job[0], bold=job[1]), jobs))
    for (text, bold), picture in zip(jobs, together, strict=True):
        assert np.array_equal(picture, drawn(text, bold=bold))


def test_a_newline_begins_no_line() -> None:
    assert legible("a\nb\tc\u2028d") == "a b c d"


def test_a_letter_and_its_accent_are_one() -> None:
    assert legible("u\u0308") == "ü"


def test_a_short_text_stays_whole_and_breaks_at_spaces() -> None:
    assert wrap("take a closer, sharper photo", 13, 120, 3) == ["take a closer,", "sharper photo"]
    assert wrap("", 13, 120, 3) == []


def test_a_long_path_keeps_both_ends() -> None:
    (line,) = wrap("covers/" + "x" * 500 + "/Hollow Coast.jpg", 13, 200, 1)
    assert line.startswith("covers/")
    assert line.endswith("Coast.jpg")
    assert "…" in line


def test_a_very_long_text_is_cut_before_it_is_measured() -> None:
    assert len(wrap("漢" * 1_000_000, 13, 200, 2)) == 2
