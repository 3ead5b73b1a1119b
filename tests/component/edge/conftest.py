"""An edge before three pods."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import JsonValue

from tests.component.edge.dns import Dns
from tests.component.edge.load import Load
from tests.component.edge.pods import ADDRESSES, Pod, common_port, unreachable
from tests.component.edge.rendered import Edge, photo
from tests.support.needs import missing


@dataclass
class Site:
    """`dns`: which pods the edge is told of."""

    folder: Path
    stack: ExitStack
    port: int = field(default_factory=common_port)

    def __post_init__(self) -> None:
        self.dns = self.stack.enter_context(Dns(*ADDRESSES))
        self.pods = [self.pod(address) for address in ADDRESSES]
        for pod in self.pods:
            pod.await_ready()

    def pod(self, address: str, mode: str = "works") -> Pod:
        pod = Pod(self.folder, address, self.port, mode)
        self.stack.callback(pod.kill)
        pod.launch()
        return pod

    def replace(self, index: int, mode: str) -> None:
        """The pod's process dies, and another one takes its address."""
        self.pods[index].kill()
        self.pods[index] = self.pod(ADDRESSES[index], mode)
        self.pods[index].await_ready()

    def lose_node(self, index: int) -> None:
        self.pods[index].kill()
        self.stack.enter_context(unreachable(ADDRESSES[index], self.port))

    def edge(self, values: dict[str, JsonValue] | None = None) -> Edge:
        edge = Edge(self.folder, self.dns, self.port, values, fallback=ADDRESSES[-1])
        return self.stack.enter_context(edge)

    def load(self, edge: Edge, size: int = 300_000) -> Load:
        return Load(edge.https, photo(size), clients=6, tls=edge.trust())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    if sys.platform != "linux":
        missing("pods have addresses of 127.0.0.0/8")
    with ExitStack() as stack:
        yield Site(tmp_path, stack)
