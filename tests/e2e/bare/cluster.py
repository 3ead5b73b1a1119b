"""The whole cluster: up, down, and nodes that die and come back."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.bare import addons, addresses, build, cgroups, control, identities, network, node, packages
from tests.e2e.bare.errors import ClusterError
from tests.e2e.bare.layout import Layout
from tests.e2e.bare.store import Store
from tests.kube.binaries import locked
from tests.kube.waiting import until

_SECONDS = 180


class BareCluster:
    """One on a machine: its network has fixed names and addresses."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.store = Store(layout)

    @property
    def running(self) -> bool:
        return control.machine(self.layout).running

    def up(self, nodes: int) -> None:
        """Returns once all nodes and DNS are ready. A cluster that is up already stays as it is.

        Raises `ClusterError` when that one has another number of nodes.
        """
        if not 1 <= nodes <= addresses.MOST_NODES:
            raise ClusterError(f"from 1 to {addresses.MOST_NODES} nodes, not {nodes}")
        if os.geteuid() != 0:
            raise ClusterError("the cluster needs root: network namespaces and mounts")
        packages.check()
        with self._alone():
            if self.running:
                if (there := len(node.numbers(self.layout))) != nodes:
                    raise ClusterError(f"a cluster of {there} nodes is up: take it down first")
                return
            self._down()
            self.link_programs()
            images = addons.system_images(self.store)
            try:
                self._start(nodes, images)
            except BaseException:
                print(f"the cluster did not come up; its logs are in {self.layout.logs}", file=sys.stderr)
                raise

    def _start(self, nodes: int, images: list[str]) -> None:
        self.layout.run.mkdir(parents=True)
        identities.make(self.layout, nodes)
        network.up()
        host = control.machine(self.layout)
        network.plug(host, nodes)
        host.boot()
        for number in range(nodes):
            node.write_settings(self.layout, number)
            self._boot(number, nodes)
        network.route_host(nodes, via=0)
        control.start(self.layout)
        self.store.load(images, range(nodes))
        for number in range(nodes):
            node.start_kubelet(self.layout, number)
        addons.install_dns(self.layout)
        self.wait_for_nodes(range(nodes))
        self.kubectl("--namespace=kube-system", "rollout", "status", "deployment/coredns", f"--timeout={_SECONDS}s")

    def _boot(self, number: int, nodes: int) -> None:
        host = node.machine(self.layout, number)
        network.plug(host, nodes, number)
        host.boot()
        node.start_containerd(self.layout, number)

    def kill_node(self, number: int) -> None:
        """Its power is cut: processes, mounts and network are gone at once, its disk is left."""
        with self._alone():
            self._known(number)
            host = node.machine(self.layout, number)
            # The network first: nothing of its end may be heard.
            network.unplug(host, number)
            host.cut_power()
            cgroups.remove(number)
            if alive := [other for other in node.numbers(self.layout) if node.machine(self.layout, other).running]:
                network.route_host(len(node.numbers(self.layout)), via=alive[0])

    def start_node(self, number: int) -> None:
        """A node that was killed boots again, with the disk that it had. Returns once it is ready."""
        with self._alone():
            self._known(number)
            if node.machine(self.layout, number).running:
                return
            self._boot(number, len(node.numbers(self.layout)))
            node.start_kubelet(self.layout, number)
        self.wait_for_nodes([number])

    def kill_container(self, number: int, container: str) -> None:
        """Ends it as a crash does: its processes hear nothing of it."""
        self._known(number)
        ctr = build.containerd() / "ctr"
        node.machine(self.layout, number).run(ctr, "--namespace=k8s.io", "tasks", "kill", "--signal=SIGKILL", container)

    def load(self, tags: list[str]) -> None:
        """Images of our own storage onto all nodes that are on."""
        self.store.load(tags, [n for n in node.numbers(self.layout) if node.machine(self.layout, n).running])

    def keda(self) -> None:
        self.load([addons.keda_image(self.store)])
        addons.install_keda(self.layout)

    def status(self) -> dict[str, dict[str, bool]]:
        """For each machine whether it is on (`power`) and its servers run."""
        machines = [control.machine(self.layout), *(node.machine(self.layout, n) for n in node.numbers(self.layout))]
        return {host.name: {"power": host.running, **host.servers()} for host in machines}

    def down(self) -> None:
        """Everything but the caches is gone afterwards."""
        with self._alone():
            self._down()

    def _down(self) -> None:
        for host in (control.machine(self.layout), *(node.machine(self.layout, n) for n in node.numbers(self.layout))):
            host.cut_power()
        network.down()
        cgroups.remove()
        if self.layout.run.exists():
            shutil.rmtree(self.layout.run)

    def kubectl(self, *arguments: str | Path) -> str:
        return addons.kubectl(self.layout, *arguments)

    def wait_for_nodes(self, numbers: range | list[int]) -> None:
        names = {f"node/node-{number}" for number in numbers}
        # `kubectl wait` fails on an object that is not there yet.
        until(
            lambda: names <= set(self.kubectl("get", "nodes", "--output=name").split()), "the nodes", seconds=_SECONDS
        )
        self.kubectl("wait", "--for=condition=Ready", *sorted(names), f"--timeout={_SECONDS}s")

    def link_programs(self) -> None:
        """kubectl and ctr in one folder for a shell's PATH."""
        self.layout.bin.mkdir(parents=True, exist_ok=True)
        programs = {"kubectl": f"'{build.kube()}' kubectl", "ctr": f"'{build.containerd() / 'ctr'}'"}
        for name, command in programs.items():
            script = self.layout.bin / name
            script.write_text(f'#!/bin/sh\nexec {command} "$@"\n', "utf-8")
            script.chmod(0o755)

    def _known(self, number: int) -> None:
        if number not in node.numbers(self.layout):
            raise ClusterError(f"the cluster has no node {number}")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One command at a time changes the cluster."""
        self.layout.root.mkdir(parents=True, exist_ok=True)
        with locked(self.layout.root / ".lock"):
            yield
