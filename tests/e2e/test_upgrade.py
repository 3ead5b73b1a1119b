"""From one version of the chart to the next and back under constant load; and what is left when it is uninstalled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import catalogue, stack
from tests.e2e.conftest import Installation
from tests.e2e.filling import await_idle, fill
from tests.e2e.load import Load, Question, assert_unharmed
from tests.e2e.release import API, CHART, EDGE, NAME, OPERATOR, Release
from tests.e2e.summary import Summary
from tests.kube.api import Object

pytestmark = pytest.mark.e2e

COVERS = 12
# As docs/upgrade.md says.
RENEWED = (
    "--server-side",
    "--force-conflicts",
    "--field-manager=helm",
    f"--filename={Path(__file__).parents[2] / 'k8s' / 'crds'}",
)
# Nothing is released yet. From the next version on this is the last released chart: its archive, fetched from where releases are, with
# the images of its own time (`image.tag`), or what `git archive` makes of `charts/vinymatic` at its tag.
OLDER = "0.0.9"
# What the newer version no longer has: each part's pods are replaced.
OLDER_VALUES: Object = {
    "api": {"queueSize": 16},
    "ingestor": {"env": {"BATCH_SIZE": "16"}},
    "operator": {"tickSeconds": 5},
    "edge": {"retry": {"ejectSeconds": 2}},
}
OPERATORS_OWN = {"INDEX_EPOCH", "INDEX_MIN_MANIFEST"}


@dataclass(frozen=True)
class Older:
    """The older version, installed, with an index that was trained by it. `questions`: what it answers rightly."""

    release: Release
    questions: list[Question]


@pytest.fixture(scope="module")
def older(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Older]:
    folder = tmp_path_factory.mktemp("older")
    with installation("upgrade") as release:
        version = (f"--version={OLDER}", f"--app-version={OLDER}")
        release.helm("package", str(CHART), *version, f"--destination={folder}")
        release.install(OLDER_VALUES, chart=folder / f"{NAME}-{OLDER}.tgz")
        release.await_ready()
        await_idle(release)
        covers, edge = catalogue.covers(COVERS), release.edge()
        fill(release, edge, covers)
        epoch, index = release.next_epoch(), release.index
        release.namespace.until(
            lambda: index.told("index", "covers") == COVERS or None, "covers that the operator knows of", seconds=60
        )
        index.retrain()
        index.await_epoch(epoch)
        asked = [Question(cover.photo, cover.id) for cover in covers]
        right = [
            question
            for question, answer in zip(asked, edge.ask_all(asked), strict=True)
            if answer.ids[:1] == (question.id,)
        ]
        assert len(right) > COVERS / 2
        yield Older(release, [*right, Question(catalogue.unknown_photo(), None)])


def chart(release: Release) -> str:
    """Name and version of the one that is installed."""
    (found,) = release.listed()
    return str(found["chart"])


def operators_own(release: Release) -> dict[str, str]:
    """What the operator has set in the API's pod template, where Helm knows nothing of it."""
    (container,) = release.namespace.read(API)["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one["value"] for one in container["env"] if one["name"] in OPERATORS_OWN}


def pods(release: Release) -> set[str]:
    return {pod for part in ("api", "operator", "edge") for pod in release.pods(part)}


def owners(release: Release) -> set[str]:
    """Who has applied the definition of the VinylIndex."""
    found = release.namespace.read("customresourcedefinition/vinylindexes.vinymatic.io", "--show-managed-fields")
    return {field["manager"] for field in found["metadata"]["managedFields"] if field["operation"] == "Apply"}


def await_replaced(release: Release, before: set[str]) -> None:
    """Returns once every pod is a new one, and the old ones have ended."""
    release.await_rolled(API, OPERATOR, EDGE)
    release.namespace.until(lambda: not before & pods(release) or None, "an end of the old pods", seconds=120)
    release.index.await_settled()


def test_an_upgrade_and_the_way_back_fail_no_search_and_leave_the_operators_settings(
    older: Older, summary: Summary
) -> None:
    release, held, before = older.release, operators_own(older.release), pods(older.release)
    assert set(held) == OPERATORS_OWN
    assert held["INDEX_EPOCH"] == str(release.index.epoch())
    with Load(release.edge(), older.questions) as load:
        with summary.timed("upgrade to another version of the chart"):
            release.namespace.kubectl("apply", *RENEWED)
            release.upgrade()
            await_replaced(release, before)
        load.settle()
        upgraded, newer, kept = chart(release), pods(release), operators_own(release)
        with summary.timed("helm rollback"):
            release.helm("rollback", NAME, "1")
            await_replaced(release, newer)
        load.settle()
    summary.loads["an upgrade of the chart and its rollback"] = found = load.report()
    assert chart(release) == f"{NAME}-{OLDER}" != upgraded
    assert kept == held
    assert operators_own(release) == held
    assert owners(release) == {"helm"}, "Helm 4 installs nothing over definitions that are somebody else's"
    assert_unharmed(found)


def test_what_is_uninstalled_leaves_data_and_definitions_and_is_found_again(older: Older, summary: Summary) -> None:
    release = older.release
    await_idle(release)
    before, files = release.edge().ask_all(older.questions), release.stack.keys(stack.INDEX)
    release.uninstall()
    assert release.namespace.items("vinylindexes") == []
    assert "vinylindexes.vinymatic.io" in release.namespace.kubectl("get", "crds", "-o", "name")
    assert release.stack.keys(stack.INDEX) == files
    with summary.timed("install over an index that is there, to ready"):
        release.install()
        release.await_ready()
    after = release.edge().ask_all(older.questions)
    assert [(a.failure, a.verdict, a.ids, a.scores) for a in after] == [
        (a.failure, a.verdict, a.ids, a.scores) for a in before
    ]
