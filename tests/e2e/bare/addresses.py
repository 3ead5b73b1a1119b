"""The cluster's address plan. Nothing of it can be reached from another machine, nor reaches one: nodes have no default route."""

from __future__ import annotations

HOST = "10.89.0.1"
CONTROL = "10.89.0.2"
NODES_MASK = 24
PODS = "10.244.0.0/16"
SERVICES = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
DNS_SERVICE = "10.96.0.10"
API = f"https://{CONTROL}:6443"

MOST_NODES = 8


def node_address(number: int) -> str:
    return f"10.89.0.{10 + number}"


def pods_of(number: int) -> str:
    return f"10.244.{number}.0/24"
