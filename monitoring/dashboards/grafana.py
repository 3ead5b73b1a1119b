"""The dashboards as Grafana 11 reads them, by its own SDK, whose version is that of Grafana. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.builders import heatmap, stat, statetimeline, timeseries
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

Kind = Literal["stat", "timeseries", "heatmap", "state-timeline"]
AnyPanel: TypeAlias = stat.Panel | timeseries.Panel | heatmap.Panel | statetimeline.Panel

_SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")


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


def dashboard(made: Dashboard) -> str:
    """Its JSON. Panels lie from left to right."""
    shown = (
        grafana.Dashboard(made.title)
        .uid(made.uid)
        .description(made.meaning)
        .tags(["vinymatic"])
        .editable()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .refresh("1m")
        .time("now-6h", "now")
        .links([_link(uid, title) for uid, title in made.links.items()])
        .variables([grafana.DatasourceVariable("datasource").label("Prometheus").type("prometheus")])
    )
    for variable in made.variables:
        shown.with_variable(_variable(variable))
    numbers = itertools.count(1)
    for row in made.rows:
        shown.with_row(grafana.Row(row.title).id(next(numbers)))
        for panel in row.panels:
            shown.with_panel(_panel(panel).id(next(numbers)))
    return JSONEncoder(sort_keys=True, indent=1).encode(shown.build()) + "\n"


def _panel(panel: Panel) -> AnyPanel:
    made = _of_kind(panel)
    made.title(panel.title).description(panel.meaning).datasource(_SOURCE).unit(panel.unit).min(0)
    made.span(panel.width).height(panel.height).thresholds(_thresholds(panel))
    if panel.most is not None:
        made.max(panel.most)
    for place, query in enumerate(panel.queries):
        made.with_target(_target(panel.kind, "ABCDEFGH"[place], query))
    return made


def _of_kind(panel: Panel) -> AnyPanel:
    if panel.kind == "stat":
        return (
            stat.Panel()
            .graph_mode(common.BigValueGraphMode.NONE)
            .reduce_options(parts.ReduceDataOptions().calcs(["lastNotNull"]))
        )
    if panel.kind == "heatmap":
        return heatmap.Panel()
    if panel.kind == "state-timeline":
        words = {"0": models.ValueMappingResult(text="False"), "1": models.ValueMappingResult(text="True")}
        by_value = grafana.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)
        hidden = parts.VizLegendOptions().show_legend(False)
        return statetimeline.Panel().mappings([models.ValueMap(options=words)]).color_scheme(by_value).legend(hidden)
    stacking = common.StackingMode.NORMAL if panel.stacked else common.StackingMode.NONE
    line = common.GraphThresholdsStyleMode.DASHED if panel.steps else common.GraphThresholdsStyleMode.OFF
    return (
        timeseries.Panel()
        .fill_opacity(30 if panel.stacked else 5)
        .stacking(parts.StackingConfig().mode(stacking).group("A"))
        .legend(parts.VizLegendOptions().show_legend(True).placement(common.LegendPlacement.BOTTOM))
        .thresholds_style(parts.GraphThresholdsStyleConfig().mode(line))
        .tooltip(parts.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING))
    )


def _thresholds(panel: Panel) -> grafana.ThresholdsConfig:
    base = models.Threshold(value=None, color="text" if panel.steps else "green")
    steps = [models.Threshold(value=value, color=colour) for value, colour in panel.steps.items()]
    return grafana.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps([base, *steps])


def _target(kind: Kind, letter: str, query: Query) -> Dataquery:
    asked = Dataquery().ref_id(letter).datasource(_SOURCE).expr(query.expr).editor_mode(QueryEditorMode.CODE)
    asked.legend_format(query.legend or "__auto")
    if kind == "stat":
        return asked.instant()
    return asked.range().format(PromQueryFormat.HEATMAP) if kind == "heatmap" else asked.range()


def _link(uid: str, title: str) -> grafana.DashboardLink:
    link = grafana.DashboardLink(title).type(models.DashboardLinkType.LINK).url(f"/d/{uid}")
    return link.keep_time(True).include_vars(True)


def _variable(variable: Variable) -> grafana.QueryVariable:
    """Every value at first; `.*` also matches where a scrape adds no such label."""
    return (
        grafana.QueryVariable(variable.name)
        .datasource(_SOURCE)
        .query({"query": f"label_values({variable.of}, {variable.name})", "refId": variable.name})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )
