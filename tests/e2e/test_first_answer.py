"""From `helm install` to an answer over HTTPS: covers in the bucket start the ingestors, and these end again."""

from __future__ import annotations

import httpx
import pytest

from tests.e2e.catalogue import unknown_photo
from tests.e2e.filling import Filling, await_idle
from tests.e2e.load import Edge, Question, report
from tests.e2e.release import Release
from tests.e2e.summary import Summary

pytestmark = pytest.mark.e2e

# Of real phone photos some are too bad for anyone.
LEAST_RECALL = 0.9


def test_the_first_covers_start_ingestors_from_none_and_become_searchable(filled: Filling) -> None:
    assert filled.before == 0
    assert filled.most >= 1


def test_phone_photos_get_their_ids_over_https(
    edge: Edge, asked: list[Question], release: Release, filled: Filling
) -> None:
    with edge.client() as client:
        answers = [edge.ask(client, question, number) for number, question in enumerate(asked)]
    found = report(asked, answers)
    assert found.failed == 0
    assert len(found.wrong) <= (1 - LEAST_RECALL) * len(asked), found.wrong
    assert not any(": match" in line for line in found.wrong), "another cover was taken for it"


def test_a_sleeve_that_is_in_no_catalogue_is_said_to_be_in_none(edge: Edge, filled: Filling) -> None:
    with edge.client() as client:
        answer = edge.ask(client, Question(unknown_photo(), None))
        promised = client.post("/search", content=unknown_photo(), extensions={"sni_hostname": edge.name})
    assert (answer.verdict, answer.ids) == ("not_in_catalogue", ())
    assert promised.json() == {}


def test_who_does_not_trust_the_edges_authority_is_not_served(edge: Edge) -> None:
    stranger = httpx.Client(base_url=f"https://{edge.address}", trust_env=False)
    with stranger, pytest.raises(httpx.ConnectError, match="certificate"):
        edge.get(stranger, "/healthz")


def test_ingestors_end_when_nothing_is_left_to_do(release: Release, filled: Filling, summary: Summary) -> None:
    with summary.timed("back to no ingestor"):
        await_idle(release)
