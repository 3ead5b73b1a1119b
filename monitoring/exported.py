"""Which metrics the processes export, as their registries say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Metric

from vinymatic_api.metrics import Metrics as ApiMetrics
from vinymatic_ingestor.metrics import Metrics as IngestorMetrics
from vinymatic_operator.metrics import Metrics as OperatorMetrics


@dataclass(frozen=True)
class Exported:
    """`name` as the page and people call it; `series`: the names that queries use, each with its labels."""

    name: str
    type: str
    labels: tuple[str, ...]
    meaning: str
    series: Mapping[str, frozenset[str]]


def registries() -> dict[str, CollectorRegistry]:
    """By component, new ones."""
    return {
        "api": ApiMetrics().registry,
        "ingestor": IngestorMetrics().registry,
        "operator": OperatorMetrics().registry,
    }


def exported(registry: CollectorRegistry) -> Iterator[Exported]:
    for family in registry.collect():
        labels = _labels(registry, family)
        if family.type == "histogram":
            bare = frozenset(labels)
            series = {f"{family.name}_bucket": bare | {"le"}, f"{family.name}_sum": bare, f"{family.name}_count": bare}
            yield Exported(family.name, family.type, labels, family.documentation, series)
            continue
        name = family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")
        kind = "gauge" if family.type == "info" else family.type  # as the text format has it
        yield Exported(name, kind, labels, family.documentation, {name: frozenset(labels)})


def _labels(registry: CollectorRegistry, family: Metric) -> tuple[str, ...]:
    """Also of a family that has no series yet."""
    if family.type == "info":
        return tuple(family.samples[0].labels)
    return tuple(getattr(registry._names_to_collectors.get(family.name), "_labelnames", ()))
