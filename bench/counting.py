"""Counts what a store is asked, in S3's requests and bytes, whatever store it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vinymatic.storage.port import ObjectInfo, ObjectStore

KINDS = ("GET", "HEAD", "PUT", "COPY", "LIST", "DELETE")
PRICES_FROM = (
    "list prices of S3 Standard in us-east-1, November 2026: GET and HEAD $0.0004, PUT, COPY and LIST $0.005 per 1,000"
)
_PRICE_PER_1000 = {"GET": 0.0004, "HEAD": 0.0004, "PUT": 0.005, "COPY": 0.005, "LIST": 0.005, "DELETE": 0.0}
_PAGE = 1_000
# boto3's: what is larger goes up in parts, between a request that begins and one that ends it.
_PART_BYTES = 8 << 20


@dataclass
class Traffic:
    """Requests by kind (S3's words; the requests around a multipart upload count as PUT), and bytes of objects. A copy sends none."""

    requests: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    received: int = 0

    @property
    def price(self) -> float:
        """US dollars, for the requests alone."""
        return sum(_PRICE_PER_1000[kind] * count / 1_000 for kind, count in self.requests.items())

    @property
    def total(self) -> int:
        return self.requests.total()

    def plus(self, other: Traffic) -> Traffic:
        return Traffic(self.requests + other.requests, self.sent + other.sent, self.received + other.received)

    def times(self, factor: float) -> Traffic:
        """Scaled, each count to the nearest whole."""
        requests = Counter({kind: round(count * factor) for kind, count in self.requests.items()})
        return Traffic(requests, round(self.sent * factor), round(self.received * factor))


class CountingStore:
    """`inner`, counted. Nothing is read in place: a reader fetches what it would fetch from S3. For one thread."""

    def __init__(self, inner: ObjectStore) -> None:
        self.inner = inner
        self.traffic = Traffic()

    def taken(self) -> Traffic:
        """What was counted since the last call."""
        traffic, self.traffic = self.traffic, Traffic()
        return traffic

    @property
    def url(self) -> str:
        return self.inner.url

    def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
        self._count(GET=1)
        data, info = self.inner.get(key, limit=limit)
        self.traffic.received += len(data)
        return data, info

    def head(self, key: str) -> ObjectInfo:
        self._count(HEAD=1)
        return self.inner.head(key)

    def list(self, prefix: str = "", *, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
        page = min(limit or _PAGE, _PAGE)
        found = -1
        for found, info in enumerate(self.inner.list(prefix, start_after=start_after, limit=limit)):
            if found % page == 0:
                self._count(LIST=1)
            yield info
        if found < 0:
            self._count(LIST=1)

    def put(self, key: str, data: bytes) -> ObjectInfo:
        self._count(PUT=1)
        self.traffic.sent += len(data)
        return self.inner.put(key, data)

    def create(self, key: str, data: bytes) -> ObjectInfo:
        self._count(PUT=1)
        self.traffic.sent += len(data)
        return self.inner.create(key, data)

    def delete(self, key: str) -> None:
        self._count(DELETE=1)
        self.inner.delete(key)

    def download(self, key: str, path: Path) -> ObjectInfo:
        self._count(GET=1)
        info = self.inner.download(key, path)
        self.traffic.received += info.size
        return info

    def upload(self, key: str, path: Path) -> ObjectInfo:
        size = path.stat().st_size
        parts = -(-size // _PART_BYTES)
        self._count(PUT=1 if size < _PART_BYTES else parts + 2, HEAD=1)
        self.traffic.sent += size
        return self.inner.upload(key, path)

    def copy_from(self, source: ObjectStore, source_key: str, key: str) -> ObjectInfo | None:
        inner = source.inner if isinstance(source, CountingStore) else source
        copied = self.inner.copy_from(inner, source_key, key)
        if copied is not None:
            # The source is looked at by us and by the SDK, the copy by us.
            self._count(COPY=1, HEAD=3)
        return copied

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002 - the port's signature
        return None

    def _count(self, **kinds: int) -> None:
        self.traffic.requests.update(kinds)
