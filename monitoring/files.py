"""What is made, by its path in the repository."""

from __future__ import annotations

from monitoring.dashboards.grafana import dashboard
from monitoring.dashboards.life import LIFE
from monitoring.dashboards.searches import SEARCHES
from monitoring.page import markdown

DASHBOARDS = "charts/vinymatic/files/dashboards"


def files() -> dict[str, str]:
    boards = {f"{DASHBOARDS}/{shown.uid}.json": dashboard(shown) for shown in (SEARCHES, LIFE)}
    return {"docs/metrics.md": markdown(), **boards}
