"""What the edge lets in, what it answers itself, and what it tells the API."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from tests.component.edge.conftest import Site
from tests.component.edge.pods import ADDRESSES
from tests.component.edge.rendered import LIMIT, Edge, photo

pytestmark = pytest.mark.component


@pytest.fixture
def edge(site: Site) -> Edge:
    return site.edge()


@pytest.fixture
def client(edge: Edge) -> Iterator[httpx.Client]:
    """Trusts the release's own authority and nothing else."""
    with httpx.Client(base_url=f"https://localhost:{edge.https}", verify=edge.trust(), timeout=60) as client:
        yield client


def test_a_photo_of_a_phone_arrives_whole(client: httpx.Client) -> None:
    body = os.urandom(LIMIT - 1)
    answer = client.post("/search", content=body)
    assert answer.status_code == 200
    assert answer.json()["bytes"] == len(body)


def test_a_multipart_form_arrives_whole(client: httpx.Client) -> None:
    assert client.post("/v1/search", files={"file": photo()}).json()["bytes"] > len(photo())


def test_a_photo_of_unknown_length_arrives_whole(client: httpx.Client) -> None:
    assert client.post("/search", content=iter([photo(), b"end"])).json()["bytes"] == len(photo()) + 3


def test_plain_http_is_sent_to_https(edge: Edge) -> None:
    answer = httpx.get(f"http://localhost:{edge.http}/v1/covers?limit=2")
    assert answer.status_code == 301
    assert answer.headers["location"] == "https://localhost/v1/covers?limit=2"


@pytest.mark.parametrize("path", ["/metrics", "/metrics/x", "/v1/index", "/%6detrics", "//metrics", "/v1/./index"])
def test_what_is_for_inside_is_not_there(edge: Edge, path: str) -> None:
    # Not httpx, which tidies URLs.
    with closing(http.client.HTTPSConnection("localhost", edge.https, context=edge.trust())) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["error"]["code"]) == (404, "not_found")


def test_answers_carry_security_headers_and_no_servers_name(client: httpx.Client) -> None:
    headers = client.get("/v1/covers").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "caddy" not in headers.get("server", "").lower()


def test_its_own_health_and_metrics_are_on_a_port_inside(edge: Edge, client: httpx.Client) -> None:
    client.get("/v1/covers")
    inside = f"http://127.0.0.1:{edge.inside}"
    assert httpx.get(f"{inside}/healthz").status_code == 200
    assert "caddy_http_requests_total" in httpx.get(f"{inside}/metrics").text


def test_a_body_over_the_limit_is_refused_in_the_apis_shape(client: httpx.Client) -> None:
    answer = client.post("/search", content=bytes(LIMIT + 1))
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "body_too_large"


def test_a_full_queue_is_told_at_once(site: Site) -> None:
    for index in range(3):
        site.replace(index, "full")
    edge = site.edge()
    with httpx.Client(base_url=f"https://localhost:{edge.https}", verify=edge.trust()) as client:
        answer = client.post("/search", content=b"photo")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "queue_full")
    assert answer.elapsed.total_seconds() < 5


def test_an_api_that_stays_away_is_told_in_the_apis_shape(site: Site) -> None:
    edge = site.edge({"retry": {"totalSeconds": 2, "answerSeconds": 1, "ejectSeconds": 1}})
    for pod in site.pods:
        pod.kill()
    with httpx.Client(base_url=f"https://localhost:{edge.https}", verify=edge.trust(), timeout=60) as client:
        answer = client.post("/search", content=b"photo")
    assert answer.status_code in (502, 503)
    assert answer.json()["error"]["code"] == "api_unavailable"
    assert answer.headers["retry-after"] == "2"


def test_a_delete_that_a_pod_died_over_is_not_sent_again(site: Site) -> None:
    for index in range(3):
        site.replace(index, "silent")
    edge = site.edge({"retry": {"totalSeconds": 10, "answerSeconds": 1, "ejectSeconds": 1}})
    with httpx.Client(base_url=f"https://localhost:{edge.https}", verify=edge.trust(), timeout=60) as client:
        assert client.delete("/v1/covers/a.jpg").status_code == 504
    assert sum(pod.log.read_text().count("DELETE") for pod in site.pods) == 1


@pytest.mark.parametrize("breach", ["too large", "breaks off"])
def test_a_clients_bad_upload_leaves_no_pod_alone(site: Site, breach: str) -> None:
    """With one pod, whose failure would make the next search wait until it is asked again."""
    site.dns.addresses = ADDRESSES[:1]
    edge = site.edge({"tls": {"source": "none"}, "retry": {"ejectSeconds": 20, "totalSeconds": 25}})
    with httpx.Client(base_url=f"http://localhost:{edge.http}", timeout=60) as client:
        for _ in range(3):
            if breach == "too large":
                with suppress(httpx.TransportError):
                    refused = client.post("/search", content=(bytes(1_000_000) for _ in range(6)))
                    assert refused.status_code == 413
                    # Else what was not read of the body is now and then taken as the next request.
                    assert refused.headers["connection"] == "close"
            else:
                with socket.create_connection(("127.0.0.1", edge.http)) as half:
                    half.sendall(b"POST /search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\nhalf")
        answer = client.post("/search", content=b"photo")
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() < 15


def test_pods_share_one_authority(site: Site, tmp_path: Path) -> None:
    first = site.edge()
    secret = {path.name: path.read_bytes() for path in first.tls_folder.iterdir()}
    second = Edge(tmp_path, site.dns, site.port, fallback=ADDRESSES[0])
    for name, content in secret.items():  # the release has one Secret; each rendering here makes one
        (second.tls_folder / name).write_bytes(content)
    with second:
        for one in (first, second):
            assert httpx.get(f"https://localhost:{one.https}/v1/covers", verify=first.trust()).status_code == 200
