"""A catalogue of generated sleeves on disk, and the program run in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vinymatic.cli.program import vinymatic
from vinymatic.settings import descriptions
from vinymatic.synth.sleeves import Sleeve, sleeve

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Calls `vinymatic` with these words; the index lies in a folder of the test's own."""
    for row in descriptions():
        monkeypatch.delenv(row.name, raising=False)
    monkeypatch.setenv("BACKUP_FOLDER", str(tmp_path / "data"))

    def call(*words: str | Path) -> Result:
        result = CliRunner().invoke(vinymatic, [str(word) for word in words], prog_name="vinymatic")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


@pytest.fixture(scope="session")
def sleeves() -> list[Sleeve]:
    return [sleeve(seed, side=400) for seed in range(5)]


@pytest.fixture
def covers(tmp_path: Path, index_template: Path, sleeves: list[Sleeve]) -> Path:
    """A folder of scans: one folder an artist, as `demo/` keys have it. The test's index is there, empty."""
    shutil.copytree(index_template, tmp_path / "data" / "index")
    folder = tmp_path / "covers"
    for made in sleeves:
        path = folder / made.id
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made.jpeg())
    return folder
