from __future__ import annotations

import os
from pathlib import Path

import pytest

from vinymatic.threads import VARIABLES, preset_native_threads, usable_cores

pytestmark = pytest.mark.unit


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    preset_native_threads()
    assert {name: os.environ[name] for name in VARIABLES} == dict.fromkeys(VARIABLES, "1") | {"OMP_NUM_THREADS": "3"}


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("100000 100000", 1), ("50000 100000", 1), ("max 100000", None), ("6400000 100000", None), ("nonsense", None)],
)
def test_a_containers_limit_narrows_the_cores(tmp_path: Path, quota: str, cores: int | None) -> None:
    file = tmp_path / "cpu.max"
    everything = usable_cores(tmp_path / "none")
    file.write_text(quota)
    assert usable_cores(file) == (everything if cores is None else cores)
