"""One operator and many idle VinylIndexes on a real API server: `python -m bench.operator`.

etcd, API server and controllers are real. Nodes there are none: the API's pods are marked as running, and one small server answers for all.
Indexes are added until there are as many as the next row asks for. The operator talks through a proxy that counts.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from bench.tables import facts, parser_for, publish, quantile, say, table
from local.servers.answers import answers_http
from local.servers.ports import HOST, free_ports
from local.servers.process import ServerProcess, clean_environment
from tests.kube.api import Object, checked
from tests.kube.control_plane import ControlPlane
from tests.kube.proxy import ApiProxy
from tests.kube.waiting import until
from tests.support.operator.index import new_index
from vinymatic_operator.kube.rbac import account, binding, role
from vinymatic_operator.kube.resources import DEPLOYMENTS, INDEXES, PODS, Resource
from vinymatic_operator.resources.names import OPERATOR_NAME

NAMESPACE = "bench"
HEADER = (
    "VinylIndexes",
    "all Ready after, s",
    "looks a second",
    "a look, ms",
    "oldest look, s",
    "CPU, % of a core",
    "memory, MiB",
    "API requests a minute",
    "of one index",
)
_CRDS = Path(__file__).parents[1] / "k8s" / "crds"
_MERGE = {"Content-Type": "application/merge-patch+json"}


@dataclass(frozen=True)
class Figures:
    """`looks`: a second; `look_ms`: each, in ms; `rss` in bytes; `requests`: a minute. `oldest`: seconds since the index that was looked at
    longest ago was looked at, the most that was seen.
    """

    indexes: int
    settled_seconds: float
    looks: float
    look_ms: float
    oldest: float
    cpu_share: float
    rss: float
    requests: float


class Cluster:
    """One namespace and the operator's account in it."""

    def __init__(self, plane: ControlPlane, client: httpx.Client, port: int) -> None:
        self._plane, self._client, self._port = plane, client, port
        self.indexes = 0

    def prepare(self) -> Path:
        """The operator's kubeconfig."""
        self._plane.kubectl("apply", "-f", str(_CRDS))
        self._plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(_CRDS))
        until(lambda: self._client.get(INDEXES.path(None)).is_success, "the CRDs")
        self._plane.create_namespace(NAMESPACE)
        rights = [account(NAMESPACE), role(NAMESPACE), binding(NAMESPACE, NAMESPACE)]
        items = {"apiVersion": "v1", "kind": "List", "items": [*map(dict, rights)]}
        self._plane.kubectl("apply", f"--namespace={NAMESPACE}", "-f", "-", input=json.dumps(items))
        return self._plane.kubeconfig_for(NAMESPACE, OPERATOR_NAME)

    def grow(self, wanted: int) -> None:
        """Returns once their pods count as running."""
        for number in range(self.indexes, wanted):
            self._create(DEPLOYMENTS, _deployment(f"api-{number}"))
            self._create(INDEXES, _index(f"index-{number}", f"api-{number}", self._port))
        self.indexes = wanted
        until(lambda: self._run_pods() == wanted, "the API's pods", seconds=300)

    def ready(self) -> int:
        """Indexes that the operator calls Ready."""
        return sum(_is_true(index, "Ready") for index in self._list(INDEXES))

    def _run_pods(self) -> int:
        """What kubelets do."""
        pods = self._list(PODS)
        status = {"phase": "Running", "podIP": HOST, "conditions": [{"type": "Ready", "status": "True"}]}
        for pod in pods:
            if pod["status"].get("phase") != "Running":
                path = PODS.path(NAMESPACE, pod["metadata"]["name"], "status")
                checked(self._client.patch(path, json={"status": status}, headers=_MERGE))
        return len(pods)

    def _list(self, resource: Resource) -> list[Object]:
        return list(checked(self._client.get(resource.path(NAMESPACE)))["items"])

    def _create(self, resource: Resource, body: Object) -> None:
        whole = {"apiVersion": resource.api_version, "kind": resource.kind, **body}
        checked(self._client.post(resource.path(NAMESPACE), json=whole))


def _is_true(body: Object, kind: str) -> bool:
    conditions = body.get("status", {}).get("conditions", [])
    return any(c["type"] == kind and c["status"] == "True" for c in conditions)


def _deployment(name: str) -> Object:
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "api", "image": "vinymatic:bench"}]},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"metadata": {"name": name}, "spec": spec}


def _index(name: str, api: str, port: int) -> Object:
    """Its objects are nobody's: no Job is due, and none would run."""
    spec = {"storage": {"bucket": "bench", "prefix": name}, "api": {"deployment": api, "port": port}}
    return {"metadata": {"name": name}, "spec": spec}


@contextmanager
def replicas() -> Iterator[int]:
    """The port of one server that answers `/v1/index` for every pod."""
    state = new_index(lambda: datetime.now(UTC)).state
    serving = {"manifest": state.manifest, "epoch": state.active_epoch, "staleness_s": 0.1}
    body = json.dumps({"index": json.loads(state.model_dump_json()), "serving": serving}).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Says nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


def measure(cluster: Cluster, metrics: str, proxy: ApiProxy, seconds: float) -> Figures:
    """Idle: after every index is Ready, and one more interval for what follows from it."""
    begun = time.monotonic()
    until(lambda: cluster.ready() == cluster.indexes, "every index", seconds=300)
    settled = time.monotonic() - begun
    time.sleep(15)
    ages, asked, first, begun = [], len(proxy.requests), _scraped(metrics), time.monotonic()
    while (spent := time.monotonic() - begun) < seconds:
        ages.append(_scraped(metrics)["vinymatic_operator_tick_age_seconds"])
        time.sleep(0.5)
    last = _scraped(metrics)
    grown = {name: value - first[name] for name, value in last.items()}
    looks = grown["vinymatic_operator_tick_seconds_count"]
    return Figures(
        cluster.indexes,
        settled,
        looks / spent,
        1_000 * grown["vinymatic_operator_tick_seconds_sum"] / max(looks, 1),
        quantile(ages, 1.0),
        grown["process_cpu_seconds_total"] / spent,
        last["process_resident_memory_bytes"],
        (len(proxy.requests) - asked) * 60 / spent,
    )


def _scraped(url: str) -> dict[str, float]:
    text = httpx.get(url, timeout=30, trust_env=False).text
    return {s.name: s.value for family in text_string_to_metric_families(text) for s in family.samples if not s.labels}


def row(figures: Figures) -> tuple[str, ...]:
    return (
        str(figures.indexes),
        f"{figures.settled_seconds:.1f}",
        f"{figures.looks:.1f}",
        f"{figures.look_ms:.1f}",
        f"{figures.oldest:.1f}",
        f"{100 * figures.cpu_share:.0f}",
        f"{figures.rss / (1 << 20):.0f}",
        f"{figures.requests:.0f}",
        f"{figures.requests / figures.indexes:.1f}",
    )


def main() -> None:
    parser = parser_for(__doc__)
    parser.add_argument("--indexes", nargs="+", type=int, default=[1, 50, 200], help="rows, fewest first")
    parser.add_argument("--seconds", type=float, default=60.0, help="measured for each row")
    options = parser.parse_args()
    port, *_ = free_ports(1)
    with (
        tempfile.TemporaryDirectory() as folder,
        ControlPlane(Path(folder)) as plane,
        plane.client() as client,
        replicas() as pods,
    ):
        cluster = Cluster(plane, client, pods)
        with ApiProxy(cluster.prepare()) as proxy:
            operator = ServerProcess(
                "operator",
                [sys.executable, "-m", "vinymatic", "operate"],
                log=Path(folder) / "operator.log",
                ready=lambda: answers_http(port, "/readyz"),
                environment=clean_environment(
                    WATCH_NAMESPACES=NAMESPACE,
                    KUBECONFIG=str(proxy.kubeconfig),
                    METRICS_HOST=HOST,
                    METRICS_PORT=str(port),
                ),
            )
            rows = []
            with operator:
                for wanted in options.indexes:
                    cluster.grow(wanted)
                    figures = measure(cluster, f"http://{HOST}:{port}/metrics", proxy, options.seconds)
                    say(f"{figures}")
                    rows.append(row(figures))
    note = "TICK_SECONDS=10, RESYNC_SECONDS=300; one API pod each; watches count as a request when they are opened."
    publish(
        "operator", [facts("etcd and kube-apiserver on the same machine"), note, table(HEADER, rows)], options.write
    )


if __name__ == "__main__":
    main()
