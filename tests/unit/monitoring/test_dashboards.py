"""The dashboards as Grafana will read them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from tests.support.monitoring.queries import dashboards, panels

pytestmark = pytest.mark.unit

BOARDS = dashboards()


@pytest.fixture(params=BOARDS)
def board(request: pytest.FixtureRequest) -> dict[str, Any]:
    return BOARDS[request.param]


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


def test_panels_have_ids_of_their_own_and_do_not_lie_on_one_another(board: dict[str, Any]) -> None:
    shown = board["panels"]
    assert len({panel["id"] for panel in shown}) == len(shown)
    places = [panel["gridPos"] for panel in shown]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in places)
    assert [pair for pair in combinations(places, 2) if overlap(*pair)] == []


def test_a_panel_says_what_it_shows_in_which_unit_and_from_the_chosen_source(board: dict[str, Any]) -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    assert board["templating"]["list"][0]["type"] == "datasource"
    assert board["templating"]["list"][0]["name"] == "datasource"
    for panel in panels(board):
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["description"].strip(), panel["title"]
        assert panel["datasource"] == chosen, panel["title"]
        assert panel["targets"], panel["title"]
        assert all(target["datasource"] == chosen for target in panel["targets"]), panel["title"]
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs), panel["title"]


def test_a_variable_that_is_used_is_defined_and_one_that_is_defined_is_used(board: dict[str, Any]) -> None:
    expressions = " ".join(target["expr"] for panel in panels(board) for target in panel["targets"])
    defined = {variable["name"] for variable in board["templating"]["list"]} - {"datasource"}
    assert {name for name in ("namespace", "job", "index") if f"${name}" in expressions} == defined


def test_the_dashboards_lead_to_one_another() -> None:
    uids = {board["uid"] for board in BOARDS.values()}
    assert len(uids) == len(BOARDS) == 2
    assert uids == set(BOARDS)
    for board in BOARDS.values():
        assert {link["url"].removeprefix("/d/") for link in board["links"]} == uids - {board["uid"]}
