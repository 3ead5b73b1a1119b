"""What is made is what is committed."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.exported import exported, registries
from monitoring.files import files

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("path", sorted(files()))
def test_a_file_that_is_made_is_current(path: str) -> None:
    assert (ROOT / path).read_text("utf-8") == files()[path], "run `make docs`"


@pytest.mark.parametrize("component", registries())
def test_names_follow_the_conventions_of_prometheus(component: str) -> None:
    prefix = "vinymatic_" if component == "api" else f"vinymatic_{component}_"
    for metric in exported(registries()[component]):
        assert metric.name.startswith((prefix, "process_", "vinymatic_build_info"))
        assert metric.name.endswith("_total") == (metric.type == "counter"), metric.name
        assert not metric.name.endswith(("_ms", "_milliseconds", "_minutes", "_percent", "_mb")), metric.name
        assert metric.meaning.strip(), metric.name
        assert not {"le", "job", "instance"} & set(metric.labels), metric.name


def test_every_process_says_what_it_is() -> None:
    said = {}
    for component, registry in registries().items():
        (sample,) = (s for f in registry.collect() if f.name == "vinymatic_build" for s in f.samples)
        said[component] = sample.labels["component"]
        assert registry.get_sample_value("process_start_time_seconds") is not None
    assert said == {name: name for name in ("api", "ingestor", "operator")}
