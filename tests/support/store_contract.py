"""What every adapter of the storage port must do. Each test file of an adapter subclasses `StoreContract` and gives `open_another`."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.faults import FaultyStore
from vinymatic.errors import (
    ImageTooLargeError,
    InvalidKeyError,
    ObjectExistsError,
    ObjectNotFoundError,
    StorageUnavailableError,
)
from vinymatic.storage import ObjectStore

WRITERS = 16
# The shapes of the index's own keys.
INDEX_KEYS = (
    "codebooks/00000001/quantizer.bin",
    "manifests/18446744073709551613.json",
    "manifests/18446744073709551614.json",
    "segments/01JD0000000000000000000000/codes-00000001.bin",
    "segments/01JD0000000000000000000000/features.safetensors",
    "segments/01JD0000000000000000000001/features.safetensors",
)
# Where byte order and the order of folders' names differ.
TRICKY_KEYS = ("a!", "a-b", "a.", "a/b", "a/b-c/d", "a/b.d", "a0", "z/é", "z/ü", "z/中", "z/🎵")


class StoreContract(ABC):
    rounds = 10
    tricky_keys: tuple[str, ...] = TRICKY_KEYS

    @abstractmethod
    def open_another(self) -> ObjectStore:
        """Another client of the test's own empty store."""

    @pytest.fixture
    def store(self) -> ObjectStore:
        return self.open_another()

    def test_of_sixteen_writers_of_one_key_exactly_one_wins_every_round(self) -> None:
        stores = [self.open_another() for _ in range(WRITERS)]
        line = threading.Barrier(WRITERS)

        def write(number: int, key: str) -> bool:
            line.wait(60)
            while True:
                try:
                    stores[number].create(key, f"writer {number}".encode())
                except ObjectExistsError:
                    return False
                except StorageUnavailableError:
                    # Unknown, as the port says: read back, and try again when nothing has landed.
                    try:
                        return stores[number].get(key)[0] == f"writer {number}".encode()
                    except ObjectNotFoundError:
                        continue
                else:
                    return True

        with ThreadPoolExecutor(WRITERS) as pool:
            for round_number in range(self.rounds):
                key = f"manifests/{round_number:020d}.json"
                won = list(pool.map(write, range(WRITERS), [key] * WRITERS))
                assert sum(won) == 1
                assert stores[0].get(key)[0] == f"writer {won.index(True)}".encode()

    def test_what_is_put_is_what_is_got(self, store: ObjectStore) -> None:
        data = bytes(range(256)) * 1000
        written = store.put("segments/one", data)
        got, info = store.get("segments/one")
        assert got == data
        assert (info.key, info.size) == ("segments/one", len(data)) == (written.key, written.size)
        assert info.etag == written.etag == store.head("segments/one").etag != ""
        assert '"' not in info.etag
        assert abs(info.modified - datetime.now(UTC)) < timedelta(minutes=10)

    def test_an_empty_object_is_an_object(self, store: ObjectStore) -> None:
        store.put("empty", b"")
        assert store.get("empty")[0] == b""
        assert store.head("empty").size == 0

    def test_a_put_replaces_and_changes_the_etag(self, store: ObjectStore) -> None:
        first = store.put("a", b"1234")
        second = store.put("a", b"5678")
        got, info = store.get("a")
        assert (got, info.etag) == (b"5678", second.etag)
        assert first.etag != second.etag

    def test_a_create_meets_what_a_put_wrote(self, store: ObjectStore) -> None:
        store.put("a", b"first")
        with pytest.raises(ObjectExistsError):
            store.create("a", b"second")
        assert store.get("a")[0] == b"first"

    def test_a_create_gives_the_info_that_a_get_gives(self, store: ObjectStore) -> None:
        made = store.create("a/b", b"x")
        info = store.get("a/b")[1]
        assert (made.key, made.size, made.etag) == (info.key, info.size, info.etag)

    def test_a_key_can_be_created_again_after_its_delete(self, store: ObjectStore) -> None:
        store.create("folder/a", b"first")
        store.delete("folder/a")
        store.create("folder/a", b"second")
        assert store.get("folder/a")[0] == b"second"

    @pytest.mark.parametrize("key", ["missing", "folder/missing", "folder"])
    def test_a_missing_key_is_not_found(self, store: ObjectStore, key: str, tmp_path: Path) -> None:
        store.put("folder/there", b"x")
        with pytest.raises(ObjectNotFoundError):
            store.get(key)
        with pytest.raises(ObjectNotFoundError):
            store.head(key)
        with pytest.raises(ObjectNotFoundError):
            store.download(key, tmp_path / "copy")
        assert list(tmp_path.iterdir()) == []
        assert store.local_path(key) is None

    def test_deleting_what_is_not_there_is_no_error(self, store: ObjectStore) -> None:
        store.delete("never/was")
        store.put("a", b"x")
        store.delete("a")
        store.delete("a")
        with pytest.raises(ObjectNotFoundError):
            store.head("a")

    def test_a_delete_takes_nothing_else_with_it(self, store: ObjectStore) -> None:
        for key in ("f/a", "f/ab", "f/a.json", "g"):
            store.put(key, b"x")
        store.delete("f/a")
        assert [info.key for info in store.list()] == ["f/a.json", "f/ab", "g"]
        store.delete("f")
        assert [info.key for info in store.list()] == ["f/a.json", "f/ab", "g"]

    def test_an_object_above_the_limit_is_refused(self, store: ObjectStore) -> None:
        store.put("big", b"x" * 1001)
        with pytest.raises(ImageTooLargeError, match="1001"):
            store.get("big", limit=1000)
        assert len(store.get("big", limit=1001)[0]) == 1001

    def test_an_empty_store_lists_nothing(self, store: ObjectStore) -> None:
        assert list(store.list()) == []
        assert list(store.list("manifests/")) == []

    def test_a_list_tells_what_a_head_tells(self, store: ObjectStore) -> None:
        store.put("a/b", b"123")
        (listed,) = store.list()
        head = store.head("a/b")
        assert (listed.key, listed.size, listed.etag) == (head.key, head.size, head.etag)
        assert abs(listed.modified - head.modified) < timedelta(seconds=2)

    def test_a_list_is_in_byte_order(self, store: ObjectStore) -> None:
        keys = [*self.tricky_keys, *INDEX_KEYS]
        for key in reversed(keys):
            store.put(key, b"x")
        assert [info.key for info in store.list()] == sorted(keys, key=str.encode)

    def test_a_list_obeys_prefix_start_and_limit_together(self, store: ObjectStore) -> None:
        keys = sorted([*self.tricky_keys, *INDEX_KEYS], key=str.encode)
        for key in keys:
            store.put(key, b"x")
        for prefix in ("", "a", "b/", "manifests/", "segments/01JD0000000000000000000000/", "z/", "nothing"):
            for start_after in ("", keys[2], "manifests/", "manifests/18446744073709551613.json", "zz"):
                for limit in (None, 0, 1, 3):
                    expected = [k for k in keys if k.startswith(prefix) and k.encode() > start_after.encode()][:limit]
                    listed = [i.key for i in store.list(prefix, start_after=start_after, limit=limit)]
                    assert listed == expected, (prefix, start_after, limit)

    def test_a_list_goes_on_past_a_page_of_a_thousand(self, store: ObjectStore) -> None:
        keys = [f"many/{number:05d}" for number in range(1_205)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: store.put(key, b""), keys))
        assert [info.key for info in store.list("many/")] == keys
        assert [info.key for info in store.list("many/", start_after=keys[9], limit=1_100)] == keys[10:1_110]

    @pytest.mark.parametrize("size", [0, 1, 3_000_001, 20_000_000])
    def test_a_file_goes_up_and_comes_down_whole(self, store: ObjectStore, tmp_path: Path, size: int) -> None:
        source = tmp_path / "source"
        source.write_bytes(bytes(range(251)) * (size // 251) + b"z" * (size % 251))
        up = store.upload("files/one", source)
        down = store.download("files/one", tmp_path / "new folder" / "copy")
        assert (tmp_path / "new folder" / "copy").read_bytes() == source.read_bytes()
        assert up.size == down.size == size
        assert up.etag == down.etag
        assert [path.name for path in (tmp_path / "new folder").iterdir()] == ["copy"]

    def test_a_download_replaces_the_file_that_was_there(self, store: ObjectStore, tmp_path: Path) -> None:
        store.put("a", b"new")
        (tmp_path / "copy").write_bytes(b"old and longer")
        store.download("a", tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == b"new"

    def test_an_upload_replaces(self, store: ObjectStore, tmp_path: Path) -> None:
        store.put("a", b"old")
        (tmp_path / "file").write_bytes(b"new")
        store.upload("a", tmp_path / "file")
        assert store.get("a")[0] == b"new"

    def test_a_local_path_holds_the_object(self, store: ObjectStore) -> None:
        store.put("a/b", b"mapped")
        path = store.local_path("a/b")
        assert path is None or path.read_bytes() == b"mapped"

    @pytest.mark.parametrize("key", ["", "\udc80"])
    def test_a_key_that_nothing_can_hold_is_refused(self, store: ObjectStore, key: str) -> None:
        for attempt in (
            store.get,
            store.head,
            store.delete,
            lambda k: store.put(k, b""),
            lambda k: store.create(k, b""),
        ):
            with pytest.raises(InvalidKeyError):
                attempt(key)

    @pytest.mark.parametrize(
        "key", ["a b+c&d=e.jpg", "q?x=1#f.jpg", "per%20cent%2F.jpg", "Ünï/中文/🎵.jpg", "quote'\"<>.jpg"]
    )
    def test_any_readable_key_is_held_as_it_is(self, store: ObjectStore, key: str, tmp_path: Path) -> None:
        store.create(key, key.encode())
        assert store.get(key)[0] == key.encode()
        assert [info.key for info in store.list()] == [key]
        assert store.download(key, tmp_path / "copy").key == key
        store.delete(key)
        assert list(store.list()) == []

    @pytest.mark.parametrize("size", [0, 1, 3_000_001])
    def test_a_copy_from_its_own_kind_is_whole_and_leaves_the_source_as_it_was(
        self, store: ObjectStore, size: int
    ) -> None:
        data = (bytes(range(251)) * (size // 251 + 1))[:size]
        source = self.open_below("source")
        before = source.put("files/one é+&%.bin", data)
        copied = store.copy_from(source, "files/one é+&%.bin", "copies/one")
        assert copied is not None
        got, info = store.get("copies/one")
        assert got == data
        assert (copied.key, copied.size, copied.etag) == (info.key, size, info.etag)
        after = source.head("files/one é+&%.bin")
        assert (after.size, after.etag) == (before.size, before.etag)

    def test_a_copy_replaces_and_stands_on_its_own(self, store: ObjectStore) -> None:
        source = self.open_below("source")
        store.put("a", b"old and longer")
        source.put("a", b"new")
        assert store.copy_from(source, "a", "a") is not None
        source.put("a", b"newer")
        source.delete("a")
        assert store.get("a")[0] == b"new"

    def test_a_copy_of_what_is_not_there_changes_nothing(self, store: ObjectStore) -> None:
        store.put("a", b"kept")
        with pytest.raises(ObjectNotFoundError):
            store.copy_from(self.open_below("source"), "a", "a")
        assert store.get("a")[0] == b"kept"

    def test_a_copy_from_where_the_store_cannot_reach_is_left_to_the_caller(self, store: ObjectStore) -> None:
        stranger = FaultyStore(self.open_below("source"))
        stranger.put("a", b"x")
        assert store.copy_from(stranger, "a", "a") is None
        with pytest.raises(ObjectNotFoundError):
            store.head("a")

    def test_two_stores_do_not_see_each_other(self, store: ObjectStore) -> None:
        """`sub_store` under the same root: a prefix is a store of its own."""
        inner = self.open_below("inner")
        inner.put("a", b"inner")
        store.put("innermost", b"outer")
        assert [info.key for info in inner.list()] == ["a"]
        assert [info.key for info in store.list()] == ["inner/a", "innermost"]
        with pytest.raises(ObjectNotFoundError):
            inner.get("innermost")

    @abstractmethod
    def open_below(self, prefix: str) -> ObjectStore:
        """A store whose root is the folder `prefix` of the test's own store."""
