"""Settings that are wrong: the cause is said where a person looks, and nothing crashes again and again without a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from tests.e2e import stack
from tests.e2e.bare.errors import CommandError
from tests.e2e.conftest import Installation
from tests.e2e.kubernetes import Cluster
from tests.e2e.namespace import Namespace
from tests.e2e.release import API, NAME, Release
from tests.e2e.seaweedfs import start_seaweedfs
from tests.e2e.values import merged
from tests.kube.api import Object
from tests.kube.control_plane import ControlPlane

pytestmark = pytest.mark.e2e

SMALL: Object = {
    "api": {"replicas": 1},
    "ingestor": {"keda": {"enabled": False}},
    "edge": {"mode": "none"},
}
# The operator of the release that is right looks after all of the namespace.
NO_OPERATOR: Object = {"operator": {"enabled": False}}
NO_INGESTOR: Object = {"ingestor": {"enabled": False}}
WRONG_KEYS = "wrong-keys"
# Made when it is asked for.
BACKUP: Object = {"bucket": stack.BACKUP, "schedule": "@yearly", "immediate": False}


@dataclass(frozen=True)
class Place:
    """A namespace with one release that is right, and others, by what is wrong with them."""

    right: Release
    wrong: dict[str, Release]


@pytest.fixture(scope="module")
def place(installation: Installation) -> Iterator[Place]:
    with installation("wrong") as right:
        right.values = merged(right.values, merged(SMALL, {"index": {"backup": BACKUP}}))
        right.install()
        address = start_seaweedfs(right.namespace)
        keys = {"S3_ACCESS_KEY_ID": "nobody", "S3_SECRET_ACCESS_KEY": "knows-this"}
        right.namespace.apply(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": WRONG_KEYS}, "stringData": keys}
        )
        wrong = {
            name: right.beside(name, merged(merged(SMALL, NO_OPERATOR), values))
            for name, values in settings(right, address).items()
        }
        for release in wrong.values():
            release.install()
        right.await_rolled(API)
        yield Place(right, wrong)
        for release in wrong.values():
            release.uninstall()


def settings(right: Release, asks_for_keys: str) -> dict[str, Object]:
    return {
        "bucket": {"storage": {"bucket": "is-not-there"}},
        "keys": {"storage": {"endpoint": asks_for_keys}, "credentials": {"existingSecret": WRONG_KEYS}},
        "secret": {"credentials": {"existingSecret": "is-not-there"}, **NO_INGESTOR},
        "setting": {"api": {"env": {"TOP_N": "many"}}, **NO_INGESTOR},
        "queue": {
            "storage": {"prefix": "queue"},
            "queue": {"url": f"{right.stack.endpoint}/000000000000/is-not-there"},
            "ingestor": {"keda": {"enabled": True, "fallback": {"failureThreshold": 1}}},
        },
    }


def last_line(release: Release, part: str) -> str:
    said = release.namespace.kubectl("logs", f"deployment/{release.full_name}-{part}", "--tail=1")
    return said.strip()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("bucket", "NoSuchBucket"),
        ("keys", "InvalidAccessKeyId"),
        ("secret", 'CreateContainerConfigError: secret "is-not-there" not found'),
        ("setting", "CrashLoopBackOff: error: TOP_N='many'"),
    ],
)
def test_the_index_is_not_ready_and_says_why(place: Place, what: str, said: str) -> None:
    index = place.wrong[what].index

    def told() -> bool:
        found = index.conditions().get("Ready")
        return found is not None and found["status"] == "False" and said in found["message"]

    index.namespace.until(
        lambda: told() or None, f"Ready=False: {said}", seconds=120, about=lambda: str(index.conditions())
    )


@pytest.mark.parametrize(("what", "said"), [("bucket", "NoSuchBucket"), ("keys", "InvalidAccessKeyId")])
@pytest.mark.parametrize("part", ["api", "ingestor"])
def test_the_last_line_of_the_log_is_the_reason(place: Place, part: str, what: str, said: str) -> None:
    release = place.wrong[what]
    release.namespace.until(
        lambda: said in last_line(release, part) or None,
        f"{said} in the log",
        seconds=120,
        about=lambda: last_line(release, part),
    )


def test_a_secret_that_is_not_there_is_noted_at_the_installation(place: Place) -> None:
    release = place.wrong["secret"]
    assert "The Secret is-not-there is not in the namespace" in release.helm("get", "notes", release.name)


def test_a_queue_that_is_missing_is_said_by_the_ingestor_and_by_keda(place: Place) -> None:
    release = place.wrong["queue"]
    # KEDA starts one as it cannot ask; the log says what it could not do.
    release.namespace.until(
        lambda: "NonExistentQueue" in last_line(release, "ingestor") or None,
        "NonExistentQueue in the log",
        seconds=120,
        about=lambda: last_line(release, "ingestor"),
    )
    events = release.namespace.items(
        "events", f"--field-selector=involvedObject.kind=ScaledObject,involvedObject.name={release.full_name}-ingestor"
    )
    assert any("NonExistentQueue" in event["message"] for event in events), events


def test_what_crashes_says_why_and_nothing_else_does(place: Place) -> None:
    reasons = crashes(place.right.namespace)
    setting = place.wrong["setting"].pods("api")
    assert set(reasons) == set(setting)
    assert all("TOP_N='many'" in reason for reason in reasons.values())


def crashes(namespace: Namespace) -> dict[str, str]:
    """Of pods that were started again: what `kubectl describe` says of their last end."""
    return {
        pod["metadata"]["name"]: str(one.get("lastState", {}).get("terminated", {}).get("message", ""))
        for pod in namespace.items("pods")
        for one in pod["status"].get("containerStatuses", [])
        if one["restartCount"] > 0
    }


def test_a_second_release_of_the_same_names_is_refused_and_one_of_its_own_is_well(place: Place) -> None:
    second = place.right.beside("second", merged(merged(SMALL, NO_INGESTOR), {"fullnameOverride": NAME}))
    with pytest.raises(CommandError, match=f'must equal "second": current value is "{NAME}"'):
        second.install()
    assert [one["name"] for one in place.right.listed() if one["name"] == "second"] == []
    # That of the missing queue is one too: its ingestor has begun an index of its own.
    for release in (place.right, place.wrong["queue"]):
        release.index.wait("Ready", "True", "Serving")


def test_a_quota_that_is_too_small_is_named_and_all_goes_on_without_it(place: Place) -> None:
    release = place.right
    namespace, index = release.namespace, release.index
    backup = ("vinylbackup", "asked-for")
    hard = {"pods": str(len(namespace.items("pods"))), "count/jobs.batch": "0"}
    namespace.apply(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"}, "spec": {"hard": hard}}
    )
    namespace.until(
        lambda: namespace.read("resourcequota", "small").get("status", {}).get("hard") == hard or None,
        "the quota",
        seconds=60,
    )
    try:
        namespace.apply(
            {
                "apiVersion": "vinymatic.io/v1alpha1",
                "kind": "VinylBackup",
                "metadata": {"name": backup[1]},
                "spec": {"index": index.name},
            }
        )
        stalled = index.wait("Stalled", "True", "Refused")
        assert "exceeded quota: small" in stalled["message"]
        rolled = {"api": {"env": {"TOP_N": "4"}}, "index": {"rollout": {"progressDeadlineSeconds": 10}}}
        with release.changed(rolled):
            stuck = index.wait("Ready", "False", "RolloutStuck")
        assert "exceeded quota: small" in stuck["message"]
        assert index.conditions()["Serving"]["reason"] == "AllServing"
    finally:
        namespace.kubectl("delete", "resourcequota", "small")
    namespace.await_condition("Complete", "True", *backup)
    index.await_settled()


def test_without_keda_helm_says_which_kind_is_missing(
    cluster: Cluster, place: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On an API server of its own: that of the cluster has KEDA."""
    with ControlPlane(tmp_path_factory.mktemp("without-keda")) as plane:
        bare = Namespace(replace(cluster, kubeconfig=plane.kubeconfig), "without-keda")
        bare.create()
        with pytest.raises(CommandError) as refused:
            Release(bare, place.right.stack, tmp_path_factory.mktemp("values")).install()
    said = str(refused.value)
    assert re.search(r'no matches for kind "ScaledObject" in version "keda\.sh/v1alpha1"', said)
