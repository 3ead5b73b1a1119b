"""Real servers on loopback, under a typed supervisor: for `make run` and for the tests."""

from local.servers.aws import s3_client, send_events_to_queue, sqs_client
from local.servers.caddy import Caddy
from local.servers.ministack import Ministack
from local.servers.ports import free_ports, require_free
from local.servers.process import ServerProcess
from local.servers.prometheus import Prometheus
from local.servers.seaweedfs import SeaweedFS

__all__ = [
    "Caddy",
    "Ministack",
    "Prometheus",
    "SeaweedFS",
    "ServerProcess",
    "free_ports",
    "require_free",
    "s3_client",
    "send_events_to_queue",
    "sqs_client",
]
