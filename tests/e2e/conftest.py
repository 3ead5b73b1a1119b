"""What tests on a whole Kubernetes share: the cluster, a namespace for each test, and what a failed test leaves to look at.

The cluster is the one of KUBECONFIG, with our images in it; else our own, of two nodes and KEDA, brought up for the tests and taken down
after them unless VINYMATIC_KEEP_CLUSTER is set. One that is up already is used, and left.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from local.servers.process import tool
from tests.e2e import artifacts, catalogue
from tests.e2e.bare import build, packages
from tests.e2e.bare.cluster import BareCluster
from tests.e2e.bare.images import RECIPES, build_all
from tests.e2e.bare.layout import layout
from tests.e2e.filling import Filling, await_idle, fill
from tests.e2e.kubernetes import IMAGES, Cluster
from tests.e2e.load import Edge, Question, report
from tests.e2e.namespace import Namespace
from tests.e2e.release import Release
from tests.e2e.stack import Stack
from tests.e2e.summary import Summary
from tests.kube.waiting import until
from tests.support.needs import missing

NODES = 2
COVERS = 40
_CLUSTER = pytest.StashKey[Cluster]()
_STARTED = pytest.StashKey[BareCluster]()
_SUMMARY = pytest.StashKey[Summary]()

# A namespace named after what it is for, with its stack, and a release in it that is still to be installed.
Installation = Callable[[str], AbstractContextManager[Release]]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SUMMARY] = Summary()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Brings the cluster up before the first test, whose time-out would cut it off."""
    chosen = any(item.get_closest_marker("e2e") for item in session.items)
    if chosen and not session.config.option.collectonly and lacking() is None:
        session.config.stash[_CLUSTER] = _given() or _own(session.config)


def pytest_unconfigure(config: pytest.Config) -> None:
    started = config.stash.get(_STARTED, None)
    if started is not None and not os.environ.get("VINYMATIC_KEEP_CLUSTER"):
        started.down()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    cluster = item.config.stash.get(_CLUSTER, None)
    if report.failed and cluster is not None and item.get_closest_marker("e2e"):
        report.sections.append(("cluster", f"objects, events and logs: {artifacts.save(cluster, item.nodeid)}"))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash[_SUMMARY].lines():
        terminalreporter.section("measured")
        for line in lines:
            terminalreporter.write_line(line)
        config.stash[_SUMMARY].write(artifacts.FOLDER)


def lacking() -> str | None:
    """Why there can be no cluster here, or None."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return "one cluster at a time: run `make e2e`, without --numprocesses"
    if os.environ.get("KUBECONFIG"):
        return None
    if os.geteuid() != 0:
        return "the tests' own cluster needs root; or set KUBECONFIG"
    if names := packages.lacking():
        return f"the tests' own cluster needs Debian's {', '.join(names)}; or set KUBECONFIG"
    return None


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Shared: a test that kills a node brings it back."""
    if (reason := lacking()) is not None:
        missing(reason)
    return request.config.stash[_CLUSTER]


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A new namespace that takes only pods of the restricted standard."""
    name = f"test-{secrets.token_hex(4)}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    # Before its service account is there, pods are refused.
    until(lambda: "default" in cluster.kubectl("get", "serviceaccounts", f"--namespace={name}", "--output=name"), name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def summary(pytestconfig: pytest.Config) -> Summary:
    """Of this run."""
    return pytestconfig.stash[_SUMMARY]


@pytest.fixture(scope="session")
def installation(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """For a test that needs a release of its own: `with installation("upgrade") as release:`; all of it is gone afterwards."""

    @contextmanager
    def made(what: str) -> Iterator[Release]:
        namespace = Namespace(cluster, what)
        stack = Stack(namespace)
        release = Release(namespace, stack, tmp_path_factory.mktemp(what))
        namespace.create()
        try:
            stack.start()
            yield release
        except BaseException:
            # Before the test's own report is made, all of it is gone.
            artifacts.save(cluster, what)
            raise
        finally:
            release.uninstall()
            namespace.delete()

    return made


@pytest.fixture(scope="session")
def release(installation: Installation, summary: Summary) -> Iterator[Release]:
    """Shared: a test leaves it as it found it, and settled."""
    with installation("shared") as made:
        with summary.timed("install to ready"):
            made.install()
            made.await_ready()
        yield made


@pytest.fixture(scope="session")
def edge(release: Release) -> Edge:
    return release.edge()


@pytest.fixture(scope="session")
def filled(release: Release, edge: Edge, summary: Summary) -> Filling:
    """The first COVERS covers are searchable."""
    # The queue's own first message starts an ingestor, which makes the empty index.
    await_idle(release)
    found = fill(release, edge, catalogue.covers(COVERS))
    kind = "real" if catalogue.is_real() else "generated"
    summary.facts["covers"] = f"{COVERS}, {kind}; {found.most} ingestors at most"
    summary.seconds["first cover in the bucket to the first ingestor"] = found.first_pod
    summary.seconds[f"first cover in the bucket to all {COVERS} searchable"] = found.searchable
    return found


@pytest.fixture(scope="session")
def asked() -> list[Question]:
    """A phone's photo of each of the first covers."""
    return [Question(cover.photo, cover.id) for cover in catalogue.covers(COVERS)]


@pytest.fixture(scope="session")
def questions(filled: Filling, asked: list[Question], edge: Edge) -> list[Question]:
    """For a load: photos that are answered rightly while nothing goes on, and one of a sleeve that is in no catalogue."""
    answers = edge.ask_all(asked)
    right = [question for question, answer in zip(asked, answers, strict=True) if answer.ids[:1] == (question.id,)]
    assert len(right) > len(asked) / 2, str(report(asked, answers))
    return [*right, Question(catalogue.unknown_photo(), None)]


def _given() -> Cluster | None:
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig:
        return None
    images = os.environ.get("VINYMATIC_E2E_IMAGES", IMAGES)
    bare = BareCluster(layout())
    ours = bare.running and bare.layout.kubeconfig.samefile(kubeconfig)
    return Cluster(Path(kubeconfig), (tool("kubectl"),), (tool("helm"),), images, bare=bare if ours else None)


def _own(config: pytest.Config) -> Cluster:
    bare = BareCluster(layout())
    if not bare.running:
        config.stash[_STARTED] = bare
    bare.up(NODES)
    bare.load(build_all(bare.store, RECIPES))
    bare.keda()
    return Cluster(bare.layout.kubeconfig, (build.kube(), "kubectl"), (build.helm() / "helm",), bare=bare)
