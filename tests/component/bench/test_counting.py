"""The counted requests are those that go over the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.counting import CountingStore
from bench.stores import running
from vinymatic.errors import ObjectNotFoundError
from vinymatic.storage.s3 import S3Store

pytestmark = pytest.mark.component

_PART = 8 << 20


def listen(store: S3Store) -> Counter[str]:
    """Counts what both of the store's clients send, under the names of `Traffic`."""
    wire: Counter[str] = Counter()

    def sent(request: Any, event_name: str, **_: object) -> None:
        operation = event_name.rpartition(".")[2]
        copied = operation == "CopyObject"
        listed = operation.startswith("ListObjects")
        kind = "COPY" if copied else "LIST" if listed else request.method.replace("POST", "PUT")
        wire[kind] += 1

    for client in (store._client, store._creating):
        client.meta.events.register("before-send.s3", sent)
    return wire


def test_every_call_counts_as_it_is_sent(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(bytes(2 * _PART + 1))
    small = tmp_path / "small"
    small.write_bytes(b"small")
    with running("ministack", tmp_path) as place:
        inner = place.below("one").open()
        assert isinstance(inner, S3Store)
        wire, store = listen(inner), CountingStore(inner)

        def missing() -> None:
            with pytest.raises(ObjectNotFoundError):
                store.get("none")

        calls: list[Callable[[], object]] = [
            lambda: store.put("a", b"abc"),
            lambda: store.create("b", b"abcd"),
            lambda: store.get("a"),
            missing,
            lambda: store.head("a"),
            lambda: store.download("b", tmp_path / "copy"),
            lambda: store.upload("c", small),
            lambda: store.upload("d", large),
            lambda: store.copy_from(store, "a", "e"),
            lambda: [store.put(f"many/{number:04d}", b"") for number in range(1_001)],
            lambda: list(store.list("many/")),
            lambda: next(iter(store.list("many/"))),
            lambda: list(store.list("many/", limit=3)),
            lambda: list(store.list("nothing/")),
            lambda: store.delete("a"),
        ]
        for place_in_list, call in enumerate(calls):
            wire.clear()
            store.taken()
            call()
            assert store.traffic.requests == wire, f"call {place_in_list}"
        assert store.taken().sent == 0
        store.put("a", b"abc")
        store.get("a")
        assert (store.traffic.sent, store.traffic.received) == (3, 3)
