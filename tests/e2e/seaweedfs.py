"""SeaweedFS in a namespace: an S3 that asks for keys, as ministack does not."""

from __future__ import annotations

from local.servers.aws import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.e2e.namespace import Namespace
from tests.e2e.servers import server

NAME = "seaweedfs"
PORT = 8333


def start_seaweedfs(namespace: Namespace) -> str:
    """Its address for pods, once it serves. It knows the tests' keys and no others."""
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY}
    objects = server(
        NAME, namespace.cluster.image(NAME), port=PORT, ready="/healthz", environment={**keys, "HOME": "/data"}
    )
    namespace.apply(*objects)
    namespace.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=180s")
    return f"http://{NAME}.{namespace.name}.svc:{PORT}"
