"""The least of Grafana's dashboard model (schema 39, Grafana 11) that the dashboards need. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Json: TypeAlias = dict[str, object]
Kind = Literal["stat", "timeseries", "heatmap", "state-timeline"]

_DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
_COLUMNS = 24
_SCHEMA = 39


@dataclass(frozen=True)
class Query:
    """`legend`: with labels as `{{label}}`."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """`unit`: one of Grafana's names. `steps`: from which value on which colour."""

    title: str
    unit: str
    queries: Sequence[Query]
    meaning: str
    kind: Kind = "timeseries"
    width: int = 8
    height: int = 8
    stacked: bool = False
    most: float | None = None
    steps: Mapping[float, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Variable:
    """The values that `label` has on the series `of`."""

    name: str
    of: str


@dataclass(frozen=True)
class Dashboard:
    uid: str
    title: str
    meaning: str
    variables: Sequence[Variable]
    rows: Sequence[Row]
    links: Mapping[str, str]


def dashboard(made: Dashboard) -> Json:
    return {
        "uid": made.uid,
        "title": made.title,
        "description": made.meaning,
        "tags": ["vinymatic"],
        "schemaVersion": _SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "",
        "annotations": {"list": []},
        "links": [
            {
                "type": "link",
                "title": title,
                "url": f"/d/{uid}",
                "keepTime": True,
                "includeVars": True,
                "targetBlank": False,
            }
            for uid, title in made.links.items()
        ],
        "templating": {"list": [_source(), *map(_variable, made.variables)]},
        "panels": list(_laid_out(made.rows)),
    }


def _laid_out(rows: Sequence[Row]) -> Iterator[Json]:
    """Panels from left to right; a new line where the next one has no room."""
    number = top = 0
    for row in rows:
        number += 1
        place = {"x": 0, "y": top, "w": _COLUMNS, "h": 1}
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": place, "panels": []}
        left, top, tallest = 0, top + 1, 0
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                left, top, tallest = 0, top + tallest, 0
            number += 1
            place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            yield {"id": number, "gridPos": place, **_panel(panel)}
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest


def _panel(panel: Panel) -> Json:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.meaning,
        "datasource": _DATASOURCE,
        "targets": [_target(panel, place, query) for place, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel.kind),
    }


def _target(panel: Panel, place: int, query: Query) -> Json:
    target: Json = {
        "refId": "ABCDEFGH"[place],
        "datasource": _DATASOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "editorMode": "code",
    }
    if panel.kind == "stat":
        return {**target, "instant": True, "range": False}
    return {**target, "range": True, **({"format": "heatmap"} if panel.kind == "heatmap" else {})}


def _defaults(panel: Panel) -> Json:
    colours = [{"value": None, "color": "text" if panel.steps else "green"}]
    steps = [*colours, *({"value": value, "color": colour} for value, colour in panel.steps.items())]
    found: Json = {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.most is not None:
        found["max"] = panel.most
    if panel.kind == "timeseries":
        stacking = {"mode": "normal" if panel.stacked else "none", "group": "A"}
        lines = {"mode": "dashed" if panel.steps else "off"}
        found["custom"] = {
            "lineWidth": 1,
            "fillOpacity": 30 if panel.stacked else 5,
            "showPoints": "auto",
            "spanNulls": False,
            "stacking": stacking,
            "thresholdsStyle": lines,
        }
    if panel.kind == "state-timeline":
        words = {"0": {"text": "False", "index": 0}, "1": {"text": "True", "index": 1}}
        found |= {"mappings": [{"type": "value", "options": words}], "custom": {"fillOpacity": 70, "lineWidth": 0}}
        found["color"] = {"mode": "thresholds"}
    return found


def _options(kind: Kind) -> Json:
    if kind == "stat":
        reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
        return {"reduceOptions": reduced, "colorMode": "value", "graphMode": "none", "textMode": "auto"}
    if kind == "heatmap":
        return {"calculate": False, "yAxis": {"axisPlacement": "left"}, "color": {"mode": "scheme", "scheme": "Blues"}}
    if kind == "state-timeline":
        return {"showValue": "auto", "mergeValues": True, "rowHeight": 0.8, "legend": {"showLegend": False}}
    legend = {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}
    return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}


def _source() -> Json:
    return {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "hide": 0}


def _variable(variable: Variable) -> Json:
    """Every value at first; `.*` also matches where a scrape adds no such label."""
    query = f"label_values({variable.of}, {variable.name})"
    return {
        "name": variable.name,
        "type": "query",
        "datasource": _DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": variable.name},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }
