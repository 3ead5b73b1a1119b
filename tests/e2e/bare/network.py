"""One bridge on the host, and for each machine a namespace that is plugged into it. Needs root."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.bare import addresses
from tests.e2e.bare.machine import Machine
from tests.e2e.bare.shell import run, succeeds

BRIDGE = "vinymatic0"
_NETNS = Path("/run/netns")


def up() -> None:
    """The bridge; the host is on it too."""
    if succeeds("ip", "link", "show", BRIDGE):
        return
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    run("ip", "address", "add", f"{addresses.HOST}/{addresses.NODES_MASK}", "dev", BRIDGE)
    run("ip", "link", "set", BRIDGE, "up")


def plug(machine: Machine, nodes: int, number: int | None = None) -> None:
    """A namespace for the machine, with routes to all pods; `number` when it is a node."""
    cable = _cable(number)
    run("ip", "netns", "add", machine.netns)
    run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", machine.netns)
    run("ip", "link", "set", cable, "master", BRIDGE, "up")
    lines = ["link set lo up", f"address add {machine.address}/{addresses.NODES_MASK} dev eth0", "link set eth0 up"]
    lines += [
        f"route add {addresses.pods_of(other)} via {addresses.node_address(other)}"
        for other in range(nodes)
        if other != number
    ]
    if number is not None:
        # A dead end that service addresses route to: what kube-proxy has not rewritten goes nowhere. There may be no dummy device.
        lines += ["link add svc0 type veth peer name svc1", "link set svc0 up", "link set svc1 up"]
        lines += [f"route add {addresses.SERVICES} dev svc0"]
    run("ip", "-netns", machine.netns, "-batch", "-", stdin="\n".join(lines))
    if number is not None:
        enter = ("nsenter", f"--net={_NETNS / machine.netns}", "sysctl", "-qw")
        run(*enter, "net.ipv4.ip_forward=1")
        # Where the kernel filters bridges: without it a pod that reaches itself through a Service gets no answer.
        succeeds(*enter, "net.bridge.bridge-nf-call-iptables=1")


def route_host(nodes: int, via: int) -> None:
    """The host reaches pods at their nodes, and Services through the node `via`."""
    for number in range(nodes):
        run("ip", "route", "replace", addresses.pods_of(number), "via", addresses.node_address(number))
    run("ip", "route", "replace", addresses.SERVICES, "via", addresses.node_address(via))


def unplug(machine: Machine, number: int) -> None:
    """Of a node. Its namespace lives as long as its processes do, which would still say that they end."""
    if succeeds("ip", "link", "show", _cable(number)):
        run("ip", "link", "delete", _cable(number))
    if (_NETNS / machine.netns).exists():
        run("ip", "netns", "delete", machine.netns)


def down() -> None:
    """Every namespace and the bridge; routes go with it."""
    for namespace in _NETNS.glob("vinymatic-*"):
        run("ip", "netns", "delete", namespace.name)
    if succeeds("ip", "link", "show", BRIDGE):
        run("ip", "link", "delete", BRIDGE)


def _cable(number: int | None) -> str:
    return f"vinymatic-{'c' if number is None else number}"
