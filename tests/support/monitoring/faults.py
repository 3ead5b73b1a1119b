"""What a query asks for that nobody has."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from monitoring.exported import Exported, exported, registries
from tests.support.monitoring.queries import groupings, parsed, reads, rules
from vinymatic.settings import IngestorSettings
from vinymatic_ingestor.health import Health
from vinymatic_ingestor.jobs import Jobs, jobs_of
from vinymatic_ingestor.metrics import Metrics as IngestorMetrics

# Of the scrape, whatever Prometheus it is: job and instance are always there, namespace where Kubernetes is.
TARGET = frozenset({"job", "instance", "namespace"})


def processes() -> list[CollectorRegistry]:
    """As they are once the processes have started."""
    ingestor = IngestorMetrics()
    Jobs(jobs_of(IngestorSettings()), {}, Health(), ingestor)
    return [*({**registries(), "ingestor": ingestor.registry}).values()]


def known() -> dict[str, frozenset[str]]:
    """Labels by series, the recorded ones included: those keep what they are summed up by."""
    metrics: list[Exported] = [metric for registry in registries().values() for metric in exported(registry)]
    series = {name: labels | TARGET for metric in metrics for name, labels in metric.series.items()}
    return series | {rule["record"]: frozenset({"namespace", "job"}) for rule in rules() if "record" in rule}


KNOWN = known()


def fault(query: str) -> str | None:
    """What it asks for that nobody has."""
    expression = parsed(query)
    for read in reads(expression):
        if read.name not in KNOWN:
            return f"nobody exports {read.name}"
        if unknown := set(read.matchers) - KNOWN[read.name]:
            return f"{read.name} has no label {unknown}"
        samples = [s for registry in processes() for f in registry.collect() for s in f.samples if s.name == read.name]
        if samples and not any(read.takes(sample.labels) for sample in samples):
            return f"no series of {read.name} has such values"
    for labels, part in groupings(expression):
        if missing := labels - frozenset().union(*(KNOWN[read.name] for read in reads(part))):
            return f"{part.prettify()} has no label {set(missing)}"
    return None
