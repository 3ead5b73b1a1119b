"""Vinymatic: searches. What those see who search, and why."""

from __future__ import annotations

from monitoring.dashboards.grafana import Dashboard, Panel, Query, Row, Variable
from monitoring.dashboards.parts import RATE, mean, processes, quantiles, rate, share

_API = 'namespace=~"$namespace",job=~"$job"'
_SEARCH = f'{_API},route=~"/search|/v1/search",method="POST"'

_GLANCE = Row(
    "At a glance",
    [
        Panel(
            "Searches",
            "reqps",
            [rate("vinymatic_requests_total", _SEARCH)],
            "Answered in each second, with any status.",
            "stat",
            4,
            4,
        ),
        Panel(
            "Failed, a day",
            "percentunit",
            [Query(f"max(vinymatic:search_errors:ratio_rate1d{{{_API}}})")],
            "Share of the searches that were answered with a status from 500 on, a full queue included. 0.1% is allowed.",
            "stat",
            4,
            4,
            steps={0.001: "red"},
        ),
        Panel(
            "Slower than 1 s, a day",
            "percentunit",
            [Query(f"max(vinymatic:search_slow:ratio_rate1d{{{_API}}})")],
            "Share of the photos that were searched. 1% is allowed.",
            "stat",
            4,
            4,
            steps={0.01: "red"},
        ),
        Panel(
            "Covers",
            "short",
            [Query(f"max(vinymatic_snapshot_covers{{{_API}}})")],
            "Served by the replica that has most.",
            "stat",
            4,
            4,
        ),
        Panel(
            "Replicas that serve",
            "none",
            [Query(f"count(vinymatic_snapshot_manifest{{{_API}}} > 0)")],
            "Processes with an index.",
            "stat",
            4,
            4,
        ),
        Panel(
            "Stalest replica",
            "s",
            [Query(f"max(vinymatic_snapshot_staleness_seconds{{{_API}}})")],
            "Since it last read the manifest log without a failure.",
            "stat",
            4,
            4,
            steps={60: "orange", 120: "red"},
        ),
    ],
)
_ANSWERS = Row(
    "Answers",
    [
        Panel(
            "Searches by status",
            "reqps",
            [rate("vinymatic_requests_total", _SEARCH, "status")],
            "Every answer to POST /search and /v1/search.",
            stacked=True,
        ),
        Panel(
            "Error budget",
            "none",
            [
                Query(f"vinymatic:search_errors:ratio_rate{window}{{{_API}}} / 0.001", f"{window} {{{{job}}}}")
                for window in ("5m", "1h", "6h")
            ],
            "Times as fast as it may, the budget of failed searches is spent; 14.4 for an hour or 6 for six are an alarm.",
            steps={14.4: "red"},
        ),
        Panel(
            "Failures by code",
            "reqps",
            [rate("vinymatic_errors_total", _API, "code")],
            "Of all requests; docs/api.md says what each code means.",
            stacked=True,
        ),
    ],
)
_TIME = Row(
    "Time",
    [
        Panel(
            "Time of a search",
            "s",
            quantiles("vinymatic_search_seconds", _API, 0.5, 0.95, 0.99),
            "From the end of the upload to the answer.",
            steps={1: "red"},
        ),
        Panel(
            "Steps",
            "s",
            [mean("vinymatic_search_step_seconds", _API, "step")],
            "Mean time of each step of a search.",
            stacked=True,
        ),
        Panel(
            "Wait for a thread",
            "s",
            quantiles("vinymatic_queue_wait_seconds", _API, 0.5, 0.95, 0.99),
            "Before a photo is worked on: the first to grow when threads are too few.",
        ),
    ],
)
_FOUND = Row(
    "What is found",
    [
        Panel(
            "Verdicts",
            "reqps",
            [rate("vinymatic_searches_total", _API, "verdict")],
            "Photos searched, by verdict.",
            stacked=True,
        ),
        Panel(
            "Not in the catalogue",
            "percentunit",
            [
                share(
                    f'vinymatic_searches_total{{{_API},verdict="not_in_catalogue"}}',
                    f"vinymatic_searches_total{{{_API}}}",
                )
            ],
            "A jump after a new epoch or a restore: covers that were found are not any more.",
            most=1,
        ),
        Panel(
            "Scores",
            "short",
            [Query(f"sum by (le) (increase(vinymatic_search_score_bucket{{{_API}}}[{RATE}]))", "{{le}}")],
            "Of each photo's best cover. Two heaps, near 0 and near 1, are good; the middle is doubt.",
            "heatmap",
        ),
    ],
)
_ROOM = Row(
    "Room",
    [
        Panel(
            "Threads at work",
            "percentunit",
            [
                Query(
                    f"sum by (instance) (vinymatic_search_threads_busy{{{_API}}}) / sum by (instance) (vinymatic_search_threads{{{_API}}})",
                    "{{instance}}",
                )
            ],
            "Share of the threads that search.",
            most=1,
        ),
        Panel(
            "Photos waiting",
            "none",
            [Query(f"sum by (instance) (vinymatic_queue_depth{{{_API}}})", "{{instance}}")],
            "For a thread; more than QUEUE_SIZE are sent away with 503.",
        ),
        Panel(
            "Requests in flight",
            "none",
            [Query(f"sum by (instance) (vinymatic_requests_in_flight{{{_API}}})", "{{instance}}")],
            "Being served, uploads included.",
        ),
    ],
)
_SERVED = Row(
    "What is served",
    [
        Panel(
            "Staleness",
            "s",
            [Query(f"max by (instance) (vinymatic_snapshot_staleness_seconds{{{_API}}})", "{{instance}}")],
            "Since the manifest log was last read without a failure.",
            steps={120: "red"},
        ),
        Panel(
            "Manifest",
            "none",
            [Query(f"max by (instance) (vinymatic_snapshot_manifest{{{_API}}})", "{{instance}}")],
            "What each replica serves: the lines should lie on one another.",
        ),
        Panel(
            "Epoch",
            "none",
            [Query(f"max by (instance) (vinymatic_snapshot_epoch{{{_API}}})", "{{instance}}")],
            "Two at a time during a roll-out only.",
        ),
        Panel(
            "From commit to served",
            "s",
            quantiles("vinymatic_snapshot_lag_seconds", _API, 0.5, 0.95),
            "How long a new manifest takes to be served.",
            width=12,
        ),
        Panel(
            "Looks at the log that failed",
            "ops",
            [rate("vinymatic_reload_failures_total", _API, "code")],
            "By error code; what is served stays.",
            width=12,
        ),
    ],
)

SEARCHES = Dashboard(
    uid="vinymatic-searches",
    title="Vinymatic: searches",
    meaning="What those see who search: whether they are answered, how soon and with what.",
    variables=[
        Variable("namespace", 'vinymatic_build_info{component="api"}'),
        Variable("job", 'vinymatic_build_info{component="api",namespace=~"$namespace"}'),
    ],
    rows=[_GLANCE, _ANSWERS, _TIME, _FOUND, _ROOM, _SERVED, processes("api")],
    links={"vinymatic-index": "Vinymatic: index's life"},
)
