"""Vinymatic: index's life. How covers get into it, how it is retrained, backed up and looked after."""

from __future__ import annotations

from monitoring.dashboards.grafana import Dashboard, Panel, Query, Row, Variable
from monitoring.dashboards.parts import RATE, mean, processes, quantiles, rate

_INDEX = 'namespace=~"$namespace",index=~"$index"'
_HERE = 'namespace=~"$namespace"'
_OP = "vinymatic_operator_index"
_IN = "vinymatic_ingestor"
_NAME = "{{namespace}}/{{index}}"


def _of_index(name: str, legend: str = _NAME) -> Query:
    return Query(f"{_OP}_{name}{{{_INDEX}}}", legend)


def _age(name: str) -> Query:
    return Query(f"time() - {_OP}_{name}_timestamp_seconds{{{_INDEX}}}", _NAME)


_GLANCE = Row(
    "At a glance",
    [
        Panel("Covers", "short", [_of_index("covers")], "Live covers in the newest manifest known.", "stat", 4, 4),
        Panel("Size", "bytes", [_of_index("bytes")], "All files that the newest manifest names.", "stat", 4, 4),
        Panel("Last commit", "s", [_age("commit")], "Since the newest manifest was committed.", "stat", 4, 4),
        Panel(
            "Last good backup",
            "s",
            [_age("backup")],
            "Its age.",
            "stat",
            4,
            4,
            steps={90_000: "orange", 180_000: "red"},
        ),
        Panel(
            "Last good drill", "s", [_age("drill")], "Since a backup was last proven to be restorable.", "stat", 4, 4
        ),
        Panel(
            "Active epoch",
            "none",
            [_of_index("epoch", f"{_NAME} {{{{role}}}}")],
            "Codebook epochs by role.",
            "stat",
            4,
            4,
        ),
        Panel(
            "Conditions",
            "none",
            [
                Query(
                    f"max by (namespace, index, condition) ({_OP}_condition{{{_INDEX}}})", f"{_NAME} {{{{condition}}}}"
                )
            ],
            "True or False; nothing: Unknown. True is good but for Reconciling and Stalled. `kubectl vinyl status` says why.",
            "state-timeline",
            24,
            9,
            steps={1: "blue"},
        ),
    ],
)
_INGESTION = Row(
    "Ingestion",
    [
        Panel(
            "Covers committed",
            "ops",
            [rate(f"{_IN}_covers_committed_total", _HERE, "change")],
            "By what the commit did to them.",
            stacked=True,
        ),
        Panel(
            "From event to searchable",
            "s",
            quantiles(f"{_IN}_ingest_lag_seconds", _HERE, 0.5, 0.9, 0.99),
            "From the bucket's event to the commit; a bulk import of old scans raises it.",
            steps={300: "red"},
        ),
        Panel(
            "Messages in hand",
            "none",
            [Query(f"sum by (instance) ({_IN}_messages_in_hand{{{_HERE}}})", "{{instance}}")],
            "Received and not done yet. What waits in the queue is not seen here.",
        ),
        Panel(
            "Refused for good",
            "ops",
            [rate(f"{_IN}_rejects_total", _HERE, "code")],
            "Images and messages, by error code.",
            stacked=True,
        ),
        Panel(
            "Failures that are tried again",
            "ops",
            [rate(f"{_IN}_errors_total", _HERE, "code")],
            "By error code.",
            stacked=True,
        ),
        Panel(
            "Rounds that another writer won",
            "ops",
            [rate(f"{_IN}_commit_conflicts_total", _HERE)],
            "A few are usual with several ingestors.",
        ),
        Panel("Time of a commit", "s", quantiles(f"{_IN}_commit_seconds", _HERE, 0.5, 0.95), "Uploads included."),
        Panel(
            "Time of a cover", "s", quantiles(f"{_IN}_work_seconds", _HERE, 0.5, 0.95), "Download, checks and features."
        ),
        Panel(
            "Covers of a commit",
            "none",
            [
                Query(
                    f"sum(rate({_IN}_batch_covers_sum{{{_HERE}}}[{RATE}])) / sum(rate({_IN}_batch_covers_count{{{_HERE}}}[{RATE}]))",
                    "mean",
                )
            ],
            "Near BATCH_SIZE: the ingestors have as much to do as they can.",
        ),
    ],
)
_RETRAINING = Row(
    "Epochs",
    [
        Panel("Epochs", "none", [_of_index("epoch", f"{_NAME} {{{{role}}}}")], "Active, candidate and previous."),
        Panel(
            "Images since the last training",
            "short",
            [_of_index("images_since_training")],
            "At spec.retraining.images a retraining begins.",
        ),
        Panel("Last training", "s", [_age("training")], "Since it began, whatever became of it."),
        Panel(
            "Recall at the last gate",
            "percentunit",
            [_of_index("gate_recall_ratio", f"{_NAME} {{{{side}}}}")],
            "Of the active epoch and the candidate, in the worst round.",
            most=1,
        ),
        Panel(
            "False accepts at the last gate",
            "percentunit",
            [_of_index("gate_false_accept_ratio", f"{_NAME} {{{{side}}}}")],
            "Photos accepted wrongly, in the worst round.",
        ),
        Panel("Last gate", "bool_yes_no", [_of_index("gate_passed")], "Whether every limit was kept.", most=1),
    ],
)
_JOBS = Row(
    "Jobs",
    [
        Panel(
            "Jobs ended, an hour",
            "none",
            [Query("sum by (step, outcome) (increase(vinymatic_operator_jobs_total[1h])) > 0", "{{step}} {{outcome}}")],
            "The operator's, of all indexes.",
            stacked=True,
        ),
        Panel(
            "Time of a Job",
            "s",
            [mean("vinymatic_operator_job_seconds", "", "step", "1h")],
            "Mean of those that ended within an hour.",
        ),
        Panel(
            "Beside the ingestor, an hour",
            "none",
            [Query(f"sum by (step, outcome) (increase({_IN}_jobs_total{{{_HERE}}}[1h])) > 0", "{{step}} {{outcome}}")],
            "Where no operator looks after the index.",
            stacked=True,
        ),
    ],
)
_BACKUPS = Row(
    "Backups",
    [
        Panel("Age of the last good backup", "s", [_age("backup")], "It falls to 0 with each."),
        Panel("Backups", "none", [_of_index("backups")], "VinylBackups that are complete."),
        Panel(
            "Last drill",
            "percentunit",
            [_of_index("drill_right_ratio")],
            "Recorded questions that the restored index answered as recorded.",
            most=1,
        ),
    ],
)
_OPERATOR = Row(
    "Operator",
    [
        Panel(
            "Oldest last look",
            "s",
            [Query("max by (job) (vinymatic_operator_tick_age_seconds)", "{{job}}")],
            "Since any index was looked at.",
            steps={120: "red"},
        ),
        Panel(
            "Looks",
            "ops",
            [Query(f"sum by (outcome) (rate(vinymatic_operator_ticks_total[{RATE}]))", "{{outcome}}")],
            "At indexes, by outcome.",
            stacked=True,
        ),
        Panel("Time of a look", "s", quantiles("vinymatic_operator_tick_seconds", "", 0.5, 0.95), "At one index."),
        Panel(
            "Requests to the API server",
            "reqps",
            [
                Query(
                    f"sum by (verb, resource) (rate(vinymatic_operator_api_requests_total[{RATE}]))",
                    "{{verb}} {{resource}}",
                )
            ],
            "Watches left out.",
            stacked=True,
        ),
        Panel(
            "Requests that failed",
            "reqps",
            [
                Query(f"sum by (code) (rate(vinymatic_operator_api_errors_total[{RATE}]))", "{{code}}"),
                Query(f"sum by (code) (rate(vinymatic_operator_replica_errors_total[{RATE}]))", "API pod: {{code}}"),
            ],
            "To the API server, and to API pods.",
        ),
        Panel(
            "Actions",
            "ops",
            [Query(f"sum by (action) (rate(vinymatic_operator_actions_done_total[{RATE}]))", "{{action}}")],
            "Carried out, by kind.",
            stacked=True,
        ),
    ],
)

LIFE = Dashboard(
    uid="vinymatic-index",
    title="Vinymatic: index's life",
    meaning="How covers get into an index, how it is retrained, backed up and looked after.",
    variables=[
        Variable("namespace", "vinymatic_build_info"),
        Variable("index", f'{_OP}_condition{{namespace=~"$namespace"}}'),
    ],
    rows=[_GLANCE, _INGESTION, _RETRAINING, _JOBS, _BACKUPS, _OPERATOR, processes("ingestor|operator")],
    links={"vinymatic-searches": "Vinymatic: searches"},
)
