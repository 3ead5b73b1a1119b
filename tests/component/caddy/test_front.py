"""Caddy in front of an upstream: TLS, redirect, limits, failures and what is tried again."""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from local.servers import Caddy
from tests.support.upstream import Upstream

pytestmark = pytest.mark.component

LIMIT = 200_000


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as upstream:
        yield upstream


@pytest.fixture
def caddy(upstream: Upstream, tmp_path: Path) -> Iterator[Caddy]:
    settings = {"VINYMATIC_UPSTREAMS": f"127.0.0.1:{upstream.port}", "MAX_BODY_BYTES": str(LIMIT)}
    with Caddy(tmp_path / "caddy", settings) as caddy:
        yield caddy


@pytest.fixture
def client(caddy: Caddy) -> Iterator[httpx.Client]:
    """Trusts Caddy's own root and nothing else."""
    with httpx.Client(base_url=f"https://localhost:{caddy.https_port}", verify=caddy.trust(), timeout=60) as client:
        yield client


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_https_with_its_own_authority_reaches_the_upstream(client: httpx.Client) -> None:
    photo = os.urandom(LIMIT - 1)
    answer = client.post("/search", content=photo)
    assert answer.status_code == 200
    assert answer.json()["bytes"] == len(photo)


def test_a_client_that_does_not_trust_its_root_is_not_served(caddy: Caddy) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate"):
        httpx.get(f"https://localhost:{caddy.https_port}/healthz")


def test_plain_http_is_sent_to_https(caddy: Caddy) -> None:
    answer = httpx.get(f"http://localhost:{caddy.http_port}/v1/covers?limit=2")
    assert answer.status_code in (301, 308)
    assert answer.headers["location"] == f"https://localhost:{caddy.https_port}/v1/covers?limit=2"


def test_a_body_over_the_limit_is_refused_in_the_apis_shape(client: httpx.Client, upstream: Upstream) -> None:
    answer = client.post("/search", content=bytes(LIMIT + 1))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"]["code"] == "body_too_large"
    assert str(LIMIT) in answer.json()["error"]["message"]
    assert upstream.of("POST") == []


def test_a_chunked_body_over_the_limit_never_reaches_the_upstream_whole(
    client: httpx.Client, upstream: Upstream
) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield bytes(10_000)

    try:
        answer = client.post("/search", content=chunks())
    except httpx.TransportError:
        pass  # cut off while it was still sending
    else:
        assert answer.status_code == 413
    whole = sha256(bytes(1_000_000)).hexdigest()
    assert whole not in [one.body_sha256 for one in upstream.seen]


def test_an_api_that_is_down_gives_503_and_once_back_it_is_used_again(client: httpx.Client, upstream: Upstream) -> None:
    upstream.stop()
    try:
        answer = client.get("/v1/covers")
        assert answer.status_code in (502, 503)
        assert answer.json()["error"]["code"] == "api_unavailable"
        assert int(answer.headers["retry-after"]) > 0
    finally:
        upstream.start()
    until(lambda: client.get("/v1/covers").status_code == 200)


def test_a_search_that_comes_while_the_api_restarts_waits_for_it(client: httpx.Client, upstream: Upstream) -> None:
    photo = os.urandom(50_000)
    upstream.stop()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.post, "/search", content=photo)
        upstream.start()
        assert answer.result().status_code == 200
    assert upstream.of("POST")[-1].body_sha256 == sha256(photo).hexdigest()


@pytest.mark.parametrize("path", ["/search", "/v1/search", "/v1/search/picture"])
def test_a_search_that_the_api_died_over_is_sent_again_with_its_body(
    client: httpx.Client, upstream: Upstream, path: str
) -> None:
    photo = os.urandom(LIMIT - 1000)
    upstream.drop = 2
    assert client.post(path, content=photo).status_code == 200
    assert [one.body_sha256 for one in upstream.of("POST")] == [sha256(photo).hexdigest()] * 3


def test_a_delete_that_the_api_died_over_is_not_sent_again(client: httpx.Client, upstream: Upstream) -> None:
    upstream.drop = 1
    answer = client.delete("/v1/covers/a.jpg")
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "api_unavailable"
    assert len(upstream.of("DELETE")) == 1


def test_with_two_apis_the_death_of_one_is_not_seen(tmp_path: Path) -> None:
    with Upstream() as first, Upstream() as second:
        settings = {"VINYMATIC_UPSTREAMS": f"127.0.0.1:{first.port} 127.0.0.1:{second.port}"}
        with (
            Caddy(tmp_path, settings) as caddy,
            httpx.Client(base_url=f"https://localhost:{caddy.https_port}", verify=caddy.trust()) as client,
        ):
            until(lambda: {client.get("/").json()["port"] for _ in range(10)} == {first.port, second.port})
            first.stop()
            try:
                answers = [client.post("/search", content=b"photo") for _ in range(30)]
            finally:
                first.start()
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["port"] for answer in answers} == {second.port}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/covers/Blue%20Note%2F1500s%2F%C3%A9%3Fx%23.jpg",
        "/v1/covers/a/b//c%2F%2Fd",
        "/v1/covers/%F0%9F%8E%B5/%25",
        "/v1/covers/a%2F..%2Fb",
        "/v1/covers?start_after=a%26b%3D%2B&limit=3",
    ],
)
def test_ids_in_paths_reach_the_api_as_they_were_sent(caddy: Caddy, upstream: Upstream, path: str) -> None:
    # Not httpx, which tidies URLs.
    connection = http.client.HTTPSConnection("localhost", caddy.https_port, context=caddy.trust())
    connection.request("GET", path)
    assert json.load(connection.getresponse())["path"] == path
    connection.close()


def test_every_answer_carries_security_headers_and_no_servers_name(client: httpx.Client) -> None:
    headers = client.get("/").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "server" not in headers
    assert "strict-transport-security" not in headers  # on localhost it would lock other local servers out


def test_a_real_name_is_https_only_from_then_on(upstream: Upstream, tmp_path: Path) -> None:
    name = "shop.internal"
    settings = {"VINYMATIC_UPSTREAMS": f"127.0.0.1:{upstream.port}", "VINYMATIC_DOMAIN": name}
    with Caddy(tmp_path, settings) as caddy, httpx.Client(verify=caddy.trust()) as client:
        answer = client.get(
            f"https://127.0.0.1:{caddy.https_port}/", headers={"Host": name}, extensions={"sni_hostname": name}
        )
    assert answer.headers["strict-transport-security"].startswith("max-age=")


def test_metrics_are_not_shown_outside(client: httpx.Client, upstream: Upstream) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert upstream.of("GET") == []


def test_each_request_is_a_line_of_the_access_log(client: httpx.Client, caddy: Caddy) -> None:
    client.get("/v1/covers")

    def logged() -> bool:
        lines = [json.loads(line) for line in caddy.log.read_text().splitlines() if line.startswith("{")]
        access = [line for line in lines if line.get("logger", "").startswith("http.log.access")]
        return [(line["request"]["uri"], line["status"]) for line in access] == [("/v1/covers", 200)]

    until(logged)


def test_it_finds_its_certificates_again(caddy: Caddy, client: httpx.Client) -> None:
    root = caddy.root_certificate.read_bytes()
    caddy.stop()
    caddy.start()
    assert caddy.root_certificate.read_bytes() == root
    until(lambda: client.get("/").status_code == 200)
