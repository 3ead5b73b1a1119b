"""Values that tests render the chart with."""

from __future__ import annotations

from vinymatic_operator.resources.base import Json

MINIMAL: Json = {
    "storage": {"bucket": "vinyl-index"},
    "covers": {"bucket": "vinyl-covers"},
    "queue": {"url": "https://sqs.us-east-1.amazonaws.com/123456789012/covers"},
}
# Everything that can be switched on, so that every value shows somewhere.
EVERYTHING: Json = {
    **MINIMAL,
    "api": {"autoscaling": {"enabled": True, "maxReplicas": 10}, "cache": {"volume": "ephemeral"}},
    "ingestor": {"keda": {"enabled": True}, "cache": {"volume": "ephemeral"}},
    # `internal` makes keys at random: every rendering would differ.
    "edge": {
        "hosts": ["covers.example.com"],
        "replicas": 1,
        "tls": {"source": "acme"},
        "service": {"type": "LoadBalancer", "http3": True},
    },
    "networkPolicies": {"enabled": True},
    "monitoring": {
        "podMonitor": {"enabled": True},
        "prometheusRule": {"enabled": True},
        "dashboards": {"enabled": True},
    },
}
