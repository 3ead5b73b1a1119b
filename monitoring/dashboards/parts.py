"""What both dashboards show alike."""

from __future__ import annotations

from monitoring.dashboards.grafana import Panel, Query, Row

RATE = "$__rate_interval"


def quantiles(histogram: str, where: str, *shares: float) -> list[Query]:
    """`histogram`: without `_bucket`."""
    rate = f"sum by (le) (rate({histogram}_bucket{{{where}}}[{RATE}]))"
    return [Query(f"histogram_quantile({share}, {rate})", f"{share:.0%} are faster") for share in shares]


def mean(histogram: str, where: str, label: str, window: str = RATE) -> Query:
    """By `label`."""
    total, count = (f"sum by ({label}) (rate({histogram}_{part}{{{where}}}[{window}]))" for part in ("sum", "count"))
    return Query(f"{total} / {count}", f"{{{{{label}}}}}")


def share(part: str, of: str) -> Query:
    """Of two counters with their selectors."""
    return Query(f"sum(rate({part}[{RATE}])) / sum(rate({of}[{RATE}]))", "share")


def rate(counter: str, where: str, label: str = "") -> Query:
    """In each second; by `label`."""
    by = f"sum by ({label})" if label else "sum"
    return Query(f"{by} (rate({counter}{{{where}}}[{RATE}]))", f"{{{{{label}}}}}" if label else "all")


def processes(components: str) -> Row:
    """`components`: a regular expression."""
    which = f'* on (instance, job) group_left (component) vinymatic_build_info{{component=~"{components}"}}'
    where = 'namespace=~"$namespace"'
    legend = "{{component}} {{instance}}"
    version = f'count by (component, version) (vinymatic_build_info{{{where},component=~"{components}"}})'
    return Row(
        "Processes",
        [
            Panel(
                "Processor",
                "none",
                [Query(f"rate(process_cpu_seconds_total{{{where}}}[{RATE}]) {which}", legend)],
                "Cores that each process keeps busy.",
            ),
            Panel(
                "Memory",
                "bytes",
                [Query(f"process_resident_memory_bytes{{{where}}} {which}", legend)],
                "Resident memory of each process.",
            ),
            Panel("Versions", "none", [Query(version, "{{component}} {{version}}")], "Processes of each version."),
        ],
    )
