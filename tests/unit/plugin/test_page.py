"""The page of `kubectl vinyl status`, whole: `pages/` holds it for each sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.plugin import samples
from tests.unit.plugin.samples import NOW, facts_of, resource
from vinymatic_operator.plugin.facts import Ingestor
from vinymatic_operator.plugin.page import ingestor_line, page
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit

PAGES = Path(__file__).parent / "pages"
SAMPLES = (
    samples.healthy,
    samples.brand_new,
    samples.retraining,
    samples.gate_failed,
    samples.rolled_back,
    samples.never_backed_up,
    samples.paused,
)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__name__)
def test_a_page_reads_as_it_should(sample: Callable[[], Json]) -> None:
    expected = (PAGES / f"{sample.__name__}.txt").read_text("utf-8")
    assert page(facts_of(sample()), NOW) == expected


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__name__)
def test_the_object_for_programs_has_the_same_keys_whatever_the_state(sample: Callable[[], Json]) -> None:
    assert facts_of(sample()).to_json().keys() == facts_of(samples.healthy()).to_json().keys()


def test_a_long_message_of_others_is_wrapped_and_keeps_all_its_words() -> None:
    message = " ".join(f"word{place}" for place in range(60)) + "\nand another line"
    unwell = samples.conditions(samples.condition("Serving", "False", "NoPods", message))
    text = page(facts_of(resource(status={"conditions": unwell})), NOW)
    assert max(len(line) for line in text.splitlines()) <= 112
    assert all(word in text.split() for word in message.split())


@pytest.mark.parametrize(
    ("ingestor", "line"),
    [
        (None, "none named in spec.ingestor"),
        (Ingestor(deployment="i", wanted=0, ready=0), "0 of 0 running (idle)"),
        (Ingestor(deployment="i", wanted=0, ready=1), "1 of 0 running (ending)"),
        (Ingestor(deployment="i", wanted=3, ready=2), "2 of 3 running"),
        (
            Ingestor(deployment="i", problem="Deployment i is not in namespace shop"),
            "Deployment i is not in namespace shop",
        ),
    ],
)
def test_the_ingestor_is_told_by_its_replicas(ingestor: Ingestor | None, line: str) -> None:
    assert ingestor_line(ingestor) == line
