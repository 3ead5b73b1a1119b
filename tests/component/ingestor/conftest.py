from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.ingestor.harness import Running, World, settings_of
from tests.support.servers import Pipeline


@pytest.fixture
def world(pipeline: Pipeline, index_folder: Path, tmp_path: Path) -> World:
    """A bucket, its queue, and an empty index in BACKUP_FOLDER, as the original runs."""
    return World(pipeline, settings_of(pipeline, index_folder.parent), tmp_path)


@pytest.fixture
def running(world: World) -> Iterator[Running]:
    with Running(world.settings) as running:
        yield running
