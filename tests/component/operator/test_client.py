"""The API server's answers, as the operator hears them: one request a call, and an error of the tree for everything else."""

from __future__ import annotations

import json
import socket
from http.server import BaseHTTPRequestHandler

import kubernetes.client
import pytest

from tests.component.operator.served import Answer, Asked, Served, say, saying, serving
from vinymatic_operator.errors import (
    KubeConflictError,
    KubeDeniedError,
    KubeError,
    KubeInvalidError,
    KubeNotFoundError,
    KubeThrottledError,
    KubeUnavailableError,
)
from vinymatic_operator.kube.client import ApiServer
from vinymatic_operator.kube.resources import INDEXES, JOBS, PODS
from vinymatic_operator.kube.uses import permitted
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.component

INDEX = "/apis/vinymatic.io/v1alpha1/namespaces/records/vinylindexes/vinyl"


def server(port: int, **options: object) -> ApiServer:
    configuration = kubernetes.client.Configuration()
    configuration.host = f"http://127.0.0.1:{port}/"
    configuration.api_key = {"authorization": "Bearer secret"}
    return ApiServer(kubernetes.client.ApiClient(configuration), **options)  # type: ignore[arg-type] # of this test


def asked_by(call: str, *arguments: object, **options: object) -> Asked:
    """The one request that a call makes."""
    with serving(saying(200, {})) as served:
        getattr(server(served.port), call)(*arguments, **options)
        (asked,) = served.asked
    return asked


def error_of(answer: Answer) -> KubeError:
    with serving(answer) as served:
        with pytest.raises(KubeError) as caught:
            server(served.port).get(INDEXES, "records", "vinyl")
        assert len(served.asked) == 1, "the next look tries again, never this call"
    return caught.value


def test_one_is_fetched_by_its_path_with_the_token() -> None:
    asked = asked_by("get", INDEXES, "records", "vinyl")
    assert (asked.method, asked.path, asked.body) == ("GET", INDEX, b"")
    assert asked.headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("arguments", "options", "content", "path"),
    [
        (({"metadata": {}},), {}, "application/merge-patch+json", INDEX),
        (([{"op": "add"}],), {"subresource": "status"}, "application/json-patch+json", f"{INDEX}/status"),
        (({"spec": {}},), {"strategic": True}, "application/strategic-merge-patch+json", INDEX),
    ],
)
def test_each_kind_of_patch_says_what_it_is(
    arguments: tuple[object, ...], options: dict[str, object], content: str, path: str
) -> None:
    asked = asked_by("patch", INDEXES, "records", "vinyl", *arguments, **options)
    assert (asked.method, asked.path, asked.headers["Content-Type"]) == ("PATCH", path, content)
    assert json.loads(asked.body) == arguments[0]


def test_something_is_made_where_its_kind_lies() -> None:
    asked = asked_by("create", JOBS, "records", {"metadata": {"name": "j"}})
    assert (asked.method, asked.path) == ("POST", "/apis/batch/v1/namespaces/records/jobs")
    assert json.loads(asked.body) == {"metadata": {"name": "j"}}


def test_a_deletion_takes_what_is_owned_along_and_only_the_very_object() -> None:
    asked = asked_by("delete", JOBS, "records", "j", uid="u")
    assert (asked.method, asked.path) == ("DELETE", "/apis/batch/v1/namespaces/records/jobs/j")
    assert json.loads(asked.body).items() >= {"propagationPolicy": "Background", "preconditions": {"uid": "u"}}.items()


def test_what_is_gone_already_is_deleted() -> None:
    with serving(saying(404, {"message": "not found"})) as served:
        server(served.port).delete(JOBS, "records", "j")


def test_a_long_list_is_read_page_by_page() -> None:
    pages: list[Json] = [
        {"metadata": {"continue": "more"}, "items": [{"n": 1}, {"n": 2}]},
        {"metadata": {"continue": ""}, "items": [{"n": 3}]},
    ]

    def answer(handler: BaseHTTPRequestHandler, asked: Asked, served: Served) -> None:
        say(handler, 200, json.dumps(pages[len(served.asked) - 1]).encode())

    with serving(answer) as served:
        found = server(served.port).list(PODS, "records", labels={"app": "api", "a": "b"})
    assert found == [{"n": 1}, {"n": 2}, {"n": 3}]
    first, second = (asked.path for asked in served.asked)
    assert first == "/api/v1/namespaces/records/pods?limit=500&labelSelector=a%3Db%2Capp%3Dapi"
    assert second == f"{first}&continue=more"


@pytest.mark.parametrize("answer", [{}, {"items": None}])
def test_an_empty_list_of_all_namespaces(answer: Json) -> None:
    with serving(saying(200, answer)) as served:
        assert server(served.port).list(JOBS, None) == []
    assert served.asked[0].path == "/apis/batch/v1/jobs?limit=500"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, KubeInvalidError),
        (401, KubeDeniedError),
        (403, KubeDeniedError),
        (404, KubeNotFoundError),
        (409, KubeConflictError),
        (410, KubeUnavailableError),
        (422, KubeInvalidError),
        (429, KubeThrottledError),
        (500, KubeUnavailableError),
        (503, KubeUnavailableError),
        (301, KubeUnavailableError),
    ],
)
def test_each_refusal_has_its_error_with_the_servers_words(status: int, kind: type[KubeError]) -> None:
    error = error_of(saying(status, {"kind": "Status", "message": "because"}, Location="http://127.0.0.1:1/"))
    assert type(error) is kind
    assert str(error) == f"get {INDEX}: {status} because"


@pytest.mark.parametrize("body", [b"", b"<html>bad gateway</html>", b"[1]", b'{"message": 3}', b"\xff\xfe"])
def test_a_refusal_without_words_is_told_all_the_same(body: bytes) -> None:
    assert isinstance(error_of(saying(502, body)), KubeUnavailableError)


@pytest.mark.parametrize("body", [b"", b"not json", b"[1, 2]", b"3", b"\xff"])
def test_an_answer_that_is_no_object_counts_as_none(body: bytes) -> None:
    assert isinstance(error_of(saying(200, body)), KubeUnavailableError)


def test_an_answer_that_breaks_off_counts_as_none() -> None:
    def broken(handler: BaseHTTPRequestHandler, asked: Asked, served: Served) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"{")
        handler.close_connection = True

    assert isinstance(error_of(broken), KubeUnavailableError)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(KubeUnavailableError, match="get /apis"):
            server(taken.getsockname()[1]).get(INDEXES, "records", "vinyl")


def test_a_call_that_was_not_declared_never_leaves() -> None:
    with serving(saying(200, {})) as served:
        held = server(served.port, permitted=permitted)
        with pytest.raises(KubeDeniedError, match="does not declare that it needs to delete vinylindexes/"):
            held.delete(INDEXES, "records", "vinyl")
        assert served.asked == []
        assert held.get(INDEXES, "records", "vinyl") == {}
