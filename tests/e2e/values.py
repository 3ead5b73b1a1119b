"""The chart's values for a test's installation: its stack, small pods, and short intervals."""

from __future__ import annotations

from tests.e2e import stack
from tests.e2e.kubernetes import Cluster
from tests.e2e.stack import Stack
from tests.kube.api import Object

EDGE_NAME = "covers.test"
TLS_SECRET = "edge-tls"
# Two nodes on one machine: each pod is promised little, so that all find a place; who answers comes before who trains.
# All of two releases, and a pod more, must fit on one node of two cores: else what a drained node sends there keeps pods from being spread
# again.
_SMALL: Object = {"requests": {"cpu": "50m", "memory": "128Mi"}}
_ANSWERING: Object = {"requests": {"cpu": "200m", "memory": "128Mi"}}
POLL_SECONDS, COOLDOWN_SECONDS = 5, 20


def values(cluster: Cluster, of: Stack) -> Object:
    return {
        "storage": {"bucket": stack.INDEX, "endpoint": of.endpoint},
        "covers": {"bucket": stack.COVERS},
        "queue": {"url": of.queue_url, "endpoint": of.endpoint},
        "credentials": {"existingSecret": stack.SECRET},
        "api": {
            "image": _image(cluster, "api"),
            "replicas": 2,
            "threads": 1,
            "resources": _ANSWERING,
            "preStopSeconds": 5,
            "readinessProbe": {"periodSeconds": 2},
        },
        "ingestor": {
            "image": _image(cluster, "ingestor"),
            "threads": 1,
            "resources": _SMALL,
            "keda": {
                "enabled": True,
                "queueLength": 8,
                "maxReplicas": 3,
                "pollingInterval": POLL_SECONDS,
                "cooldownPeriod": COOLDOWN_SECONDS,
                "scaleDownPeriodSeconds": 15,
                "stabilizationWindowSeconds": 0,
            },
        },
        "operator": {"image": _image(cluster, "operator"), "resources": _SMALL},
        "index": {
            # The gate measures times too, on a machine that is full: they decide nothing here.
            "retraining": {"images": 0, "gate": {"simulatedPhotos": 10, "slowdown": 100}},
            "rollout": {"soakSeconds": 5, "progressDeadlineSeconds": 240},
            "jobTemplate": {"resources": _SMALL, "scratchSizeLimit": "1Gi"},
        },
        "edge": {
            "hosts": [EDGE_NAME],
            "image": _image(cluster, "caddy"),
            "dnsCache": {"image": _image(cluster, "coredns")},
            "replicas": 2,
            "resources": _SMALL,
            "tls": {"source": "secret", "secretName": TLS_SECRET},
        },
    }


def _image(cluster: Cluster, name: str) -> Object:
    repository, _, tag = cluster.image(name).rpartition(":")
    return {"repository": repository, "tag": tag}


def merged(base: Object, over: Object) -> Object:
    """`over` laid over `base`, as Helm does it."""
    found = dict(base)
    for name, value in over.items():
        known = found.get(name)
        found[name] = merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return found
