"""The model's store keeps the contract that the real ones keep."""

from __future__ import annotations

import pytest

from tests.model.store import MemoryStore
from tests.support.store_contract import StoreContract
from vinymatic.storage import ObjectStore

pytestmark = pytest.mark.unit


class TestMemoryStore(StoreContract):
    rounds = 50

    @pytest.fixture(autouse=True)
    def root(self) -> None:
        self._store = MemoryStore()

    def open_another(self) -> ObjectStore:
        return self._store

    def open_below(self, prefix: str) -> ObjectStore:
        return self._store.below(prefix)
