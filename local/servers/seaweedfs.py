"""SeaweedFS: a real storage server with atomic conditional writes; all of it in one process (`weed mini`)."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.request import urlopen

from mypy_boto3_s3 import S3Client

from local.servers.answers import answers_http
from local.servers.aws import s3_client
from local.servers.ports import HOST, free_ports
from local.servers.process import ServerProcess, clean_environment, tool

_PORT_FLAGS = ("master.port", "volume.port", "filer.port", "admin.port")


class SeaweedFS(ServerProcess):
    """`folder` holds its state and log; started again on the same object it finds its objects, also after kill -9."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        ports = free_ports(2 * len(_PORT_FLAGS) + 2)
        self.port = port if port is not None else ports[0]
        self.endpoint = f"http://{HOST}:{self.port}"
        self._master_port = ports[2 * (1 + _PORT_FLAGS.index("master.port"))]
        flags = [f"-s3.port={self.port}", f"-s3.port.grpc={ports[1]}"]
        for number, flag in enumerate(_PORT_FLAGS, start=1):
            flags += [f"-{flag}={ports[2 * number]}", f"-{flag}.grpc={ports[2 * number + 1]}"]
        state = folder.absolute()
        (state / "data").mkdir(parents=True, exist_ok=True)
        super().__init__(
            "seaweedfs",
            [
                tool("weed"),
                "mini",
                f"-dir={state / 'data'}",
                f"-ip={HOST}",
                f"-ip.bind={HOST}",
                *flags,
                # A bucket takes a volume of its own, and by the size of the disk there would be a few dozen: too few for a suite of tests.
                "-volume.max=5000",
                "-master.volumeSizeLimitMB=128",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-webdav=false",
                "-admin.ui=false",
                "-master.telemetry=false",
            ],
            log=state / "seaweedfs.log",
            ready=self._takes_objects,
            # No AWS_* variables: with credentials set it would ask for them.
            environment=clean_environment(HOME=str(state)),
        )

    def s3(self) -> S3Client:
        return s3_client(self.endpoint)

    def _takes_objects(self) -> bool:
        # /healthz alone comes before the filer can list buckets; and until the volumes are back with their master, which takes seconds
        # on a busy machine after kill -9, every GET of an object is answered 500.
        return answers_http(self.port, "/healthz") and answers_http(self.port, "/") and self._volumes_registered()

    def _volumes_registered(self) -> bool:
        try:
            with urlopen(f"http://{HOST}:{self._master_port}/dir/status", timeout=2) as answer:
                return bool(json.load(answer)["Topology"]["Max"] > 0)
        except (OSError, ValueError):
            return False
