"""docs/metrics.md."""

from __future__ import annotations

from monitoring.exported import Exported, exported, registries

_HEAD = """# Metrics

What the processes export for Prometheus on `/metrics`. This page is made from their registries by `make docs`; [monitoring](monitoring.md)
says how to scrape them, and which alerts and dashboards there are.

A histogram `x` has the series `x_bucket` (with the label `le`), `x_sum` and `x_count`. Every label but `namespace` and `index` has a
bounded set of values: routes are templates, codes are words that errors have.
"""
_TITLES = {
    "api": "API\n\nPort 5002, the one of searches; not through the Caddy in front.",
    "ingestor": "Ingestor\n\nPort 9102, `METRICS_PORT`.",
    "operator": "Operator\n\nPort 9103, `METRICS_PORT`. `namespace` and `index` are the VinylIndex's: scrape it with `honor_labels: true`.",
}


def markdown() -> str:
    own = {component: list(exported(registry)) for component, registry in registries().items()}
    shared = [metric for metric in own["api"] if all(metric in found for found in own.values())]
    parts = [_HEAD, f"## Every process\n\n{_table(shared)}"]
    for component, title in _TITLES.items():
        parts.append(f"## {title}\n\n{_table([metric for metric in own[component] if metric not in shared])}")
    return "\n".join(parts)


def _table(metrics: list[Exported]) -> str:
    rows = [
        f"| `{metric.name}` | {metric.type} | {', '.join(f'`{label}`' for label in metric.labels)} | {_sentence(metric.meaning)} |"
        for metric in metrics
    ]
    return "\n".join(["| metric | type | labels | meaning |", "|---|---|---|---|", *rows, ""])


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
