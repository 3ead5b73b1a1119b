"""What the tests' kubelet makes of a container's spec."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kube.api import Object
from tests.kube.errors import ContainerConfigError
from tests.kube.kubelet.spec import Reference, arguments, environment, expand, pod_field, references, relocate

pytestmark = pytest.mark.unit

POD: Object = {
    "metadata": {
        "name": "api-0",
        "namespace": "shop",
        "annotations": {"batch.kubernetes.io/job-completion-index": "3"},
    },
    "spec": {"nodeName": "node", "containers": []},
}
PLACES = {
    "/data": Path("/real/data"),
    "/data/index": Path("/real/index"),
    "/dev/termination-log": Path("/real/message"),
}


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("/data", "/real/data"),
        ("/data/a.jpg", "/real/data/a.jpg"),
        ("/data/index/1", "/real/index/1"),
        ("file:///data/index", "file:///real/index"),
        ("--folder=/data", "--folder=/real/data"),
        ("echo x > /dev/termination-log; cat /data/a", "echo x > /real/message; cat /real/data/a"),
        ("/database", "/database"),
        ("/data-old", "/data-old"),
        ("/data.tar", "/data.tar"),
        ("/srv/data", "/srv/data"),
        ("s3://bucket/data", "s3://bucket/data"),
        ("https://host/data", "https://host/data"),
    ],
)
def test_only_paths_in_a_mount_are_moved(text: str, moved: str) -> None:
    assert relocate(text, PLACES) == moved


@pytest.mark.parametrize(
    ("text", "value"),
    [("$(A)/b", "1/b"), ("$(B)", "$(B)"), ("$$(A)", "$(A)"), ("$A", "$A"), ("$(A)$(A)", "11")],
)
def test_variables_are_expanded_where_there_is_one(text: str, value: str) -> None:
    assert expand(text, {"A": "1"}) == value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "api-0"),
        ("metadata.namespace", "shop"),
        ("metadata.annotations['batch.kubernetes.io/job-completion-index']", "3"),
        ("metadata.labels['none']", ""),
        ("spec.nodeName", "node"),
        ("status.podIP", "127.1.2.3"),
    ],
)
def test_a_field_of_the_pod_is_read(path: str, value: str) -> None:
    assert pod_field(POD, path, "127.1.2.3") == value


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ContainerConfigError, match=r"status\.qosClass"):
        pod_field(POD, "status.qosClass", "127.1.2.3")


def test_a_variable_of_its_own_wins_over_those_of_a_config_map() -> None:
    container = {
        "envFrom": [{"configMapRef": {"name": "all"}, "prefix": "X_"}],
        "env": [{"name": "X_A", "value": "own"}],
    }
    data = {Reference("configmaps", "all"): {"A": "1", "B": "2"}}
    assert environment(container, POD, "", data.get) == {"X_A": "own", "X_B": "2"}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"secretKeyRef": {"name": "gone", "key": "a"}}, 'secrets "gone"'),
        ({"configMapKeyRef": {"name": "there", "key": "b"}}, 'key b in configmaps "there"'),
        ({"resourceFieldRef": {"resource": "limits.cpu"}}, "does not know"),
    ],
)
def test_what_is_missing_is_named(source: Object, message: str) -> None:
    data = {Reference("configmaps", "there"): {"a": "1"}}
    with pytest.raises(ContainerConfigError, match=message):
        environment({"env": [{"name": "A", "valueFrom": source}]}, POD, "", data.get)


def test_a_program_is_what_the_test_says() -> None:
    programs = {"vinymatic": ["python", "-m", "vinymatic"], "": ["image"]}
    serve = {"command": ["vinymatic"], "args": ["serve", "--folder=/data"]}
    assert arguments(serve, {}, PLACES, programs) == ["python", "-m", "vinymatic", "serve", "--folder=/real/data"]
    assert arguments({"args": ["$(A)"]}, {"A": "b"}, {}, programs) == ["image", "b"]
    assert arguments({"command": ["sh", "-c", ":"]}, {}, {}, programs) == ["sh", "-c", ":"]
    with pytest.raises(ContainerConfigError, match="no command"):
        arguments({"args": ["a"]}, {}, {}, {})


def test_everything_that_a_pod_names_is_found() -> None:
    pod = {
        "spec": {
            "initContainers": [{"envFrom": [{"secretRef": {"name": "a"}}]}],
            "containers": [{"env": [{"name": "B", "valueFrom": {"configMapKeyRef": {"name": "b", "key": "k"}}}]}],
            "volumes": [{"name": "v", "secret": {"secretName": "c"}}, {"name": "w", "emptyDir": {}}],
        }
    }
    assert references(pod) == {Reference("secrets", "a"), Reference("configmaps", "b"), Reference("secrets", "c")}
