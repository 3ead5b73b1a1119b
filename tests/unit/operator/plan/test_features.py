"""What the index is made of, held against the Deployments."""

from __future__ import annotations

import pytest

from tests.support.operator.seen import NOW, deployment, observed
from vinymatic_operator.plan.features import differing_features
from vinymatic_operator.plan.planning import plan

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("name", "value"), [("SIFT_DIMENSIONS", "64"), ("NUM_FEATURES", "500"), ("NOR_X", "480"), ("NOR_Y", "480")]
)
def test_an_ingestor_of_other_features_is_told_of(name: str, value: str) -> None:
    seen = observed(ingestor=deployment(name="ingestor", environment={name: value}))
    (problem,) = plan(seen, NOW).problems
    assert problem.reason == "FeaturesDiffer"
    assert problem.message.startswith(f"Deployment ingestor has {name}={value}, spec.features says ")


def test_an_api_is_held_to_the_dimensions_alone_as_its_box_is_that_of_photos() -> None:
    assert differing_features(observed(api=deployment(environment={"NOR_X": "480"}))).problem is None
    assert differing_features(observed(api=deployment(environment={"SIFT_DIMENSIONS": "64"}))).problem is not None


def test_what_is_as_wished_or_not_known_is_no_problem() -> None:
    same = {"SIFT_DIMENSIONS": "128", "NUM_FEATURES": "300", "NOR_X": "320", "NOR_Y": ""}
    assert differing_features(observed(ingestor=deployment(name="ingestor", environment=same))).problem is None
    assert differing_features(observed(ingestor=None)).problem is None
