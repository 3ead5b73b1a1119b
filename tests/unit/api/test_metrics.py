from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.unit.api.asgi import call, http_scope
from vinymatic.index.results import Match, SearchResult, Verdict
from vinymatic_api.metrics import UNMATCHED, Metrics, RequestMetrics, SearchAnswers

pytestmark = pytest.mark.unit


async def page(request: Request) -> PlainTextResponse:
    if request.path_params["name"] == "breaks":
        raise RuntimeError
    return PlainTextResponse("fine")


async def page_of(request: Request) -> PlainTextResponse:
    return PlainTextResponse("fine")


def requests(metrics: Metrics) -> dict[tuple[str, str, str], float]:
    families = text_string_to_metric_families(metrics.text().decode())
    samples = [sample for family in families for sample in family.samples if sample.name == "vinymatic_requests_total"]
    return {(s.labels["route"], s.labels["method"], s.labels["status"]): s.value for s in samples if s.value}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def app(metrics: Metrics) -> RequestMetrics:
    return RequestMetrics(Starlette(routes=[Route("/pages/{name}", page)]), metrics=metrics)


def test_requests_are_counted_by_the_template_of_their_route(app: RequestMetrics, metrics: Metrics) -> None:
    for name in ("a", "b", "c"):
        call(app, http_scope("GET", f"/pages/{name}"))
    assert requests(metrics) == {("/pages/{name}", "GET", "200"): 3}


def test_made_up_paths_and_methods_do_not_make_up_labels(app: RequestMetrics, metrics: Metrics) -> None:
    for number in range(5):
        call(app, http_scope(f"METHOD{number}", f"/nowhere/{number}"))
    assert requests(metrics) == {(UNMATCHED, "other", "404"): 5}


def test_a_request_that_breaks_is_counted_as_500_and_is_in_flight_no_more(
    app: RequestMetrics, metrics: Metrics
) -> None:
    with pytest.raises(RuntimeError):
        call(app, http_scope("GET", "/pages/breaks"))
    assert requests(metrics) == {("/pages/{name}", "GET", "500"): 1}
    assert metrics.registry.get_sample_value("vinymatic_requests_in_flight") == 0


@pytest.mark.parametrize(
    ("status", "code", "failed"),
    [
        (200, None, 0),
        (422, "no_object_found", 0),
        (503, "queue_full", 0),
        (503, "no_index", 1),
        (503, "storage_unavailable", 1),
        (500, "internal", 1),
    ],
)
def test_a_search_has_failed_when_the_fault_is_on_this_side(status: int, code: str | None, failed: int) -> None:
    answers = SearchAnswers()
    answers.count(status, code)
    assert (answers.answered, answers.failed) == (1, failed)


def test_searches_alone_are_counted_as_searches(metrics: Metrics) -> None:
    routes = [Route(path, page_of, methods=["GET", "POST"]) for path in ("/search", "/v1/search", "/v1/covers")]
    app = RequestMetrics(Starlette(routes=routes), metrics=metrics)
    for method, path in (("POST", "/search"), ("POST", "/v1/search"), ("GET", "/search"), ("POST", "/v1/covers")):
        call(app, http_scope(method, path))
    assert metrics.answers == SearchAnswers(answered=2, failed=0)


def test_a_failed_search_is_a_series_before_it_happens(metrics: Metrics) -> None:
    labels = {"route": "/search", "method": "POST", "status": "503"}
    assert metrics.registry.get_sample_value("vinymatic_requests_total", labels) == 0


@pytest.mark.parametrize(("scores", "bucket"), [((), "0.05"), ((0.42, 0.87), "0.9"), ((1.0,), "1.0")])
def test_a_search_is_counted_by_verdict_with_its_best_score(
    metrics: Metrics, scores: tuple[float, ...], bucket: str
) -> None:
    candidates = tuple(Match(f"{n}.jpg", score, 9, 0.9, 1.0, None) for n, score in enumerate(scores))
    metrics.observe_search(SearchResult(Verdict.AMBIGUOUS, "", (), candidates, 1, {"vote": 5.0}), 0.25, 0.75)

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"vinymatic_{name}", labels)

    assert value("searches_total", verdict="ambiguous") == 1
    assert value("searches_total", verdict="match") == 0
    assert value("search_score_bucket", le=bucket) == 1
    assert value("search_score_sum") == max(scores, default=0)
    assert value("queue_wait_seconds_sum") == 0.25
    assert value("search_seconds_sum") == 0.75
    assert value("search_step_seconds_sum", step="vote") == pytest.approx(0.005)
