"""k8s/monitoring/prometheus.yaml for a Prometheus that cannot ask Kubernetes, as Debian's: targets come from a file, with the labels
that the discovery of pods would give them. Its relabelling and its rules are the real ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.monitoring.queries import FILES
from tests.support.monitoring.targets import write_targets

CONFIG = Path(__file__).parents[3] / "k8s" / "monitoring" / "prometheus.yaml"


def write_config(
    folder: Path, pods: Iterable[Mapping[str, Any]], interval: str, *, patience: str | None = None
) -> Path:
    """The configuration's path. `patience`: instead of each rule's `for`, which no test can wait for."""
    config = yaml.safe_load(CONFIG.read_text("utf-8"))
    config["global"] = {"scrape_interval": interval, "evaluation_interval": interval, "scrape_timeout": interval}
    (job,) = config["scrape_configs"]
    assert job.pop("kubernetes_sd_configs") == [{"role": "pod"}]
    job["file_sd_configs"] = [{"files": ["targets.json"], "refresh_interval": "1s"}]
    (folder / "rules").mkdir(parents=True)
    for path in (FILES / "rules").glob("*.yaml"):
        text = path.read_text("utf-8")
        if patience is not None:
            text = re.sub(r"^( +for: ).*$", rf"\g<1>{patience}", text, flags=re.MULTILINE)
        (folder / "rules" / path.name).write_text(text, "utf-8")
    write_targets(folder / "targets.json", pods)
    path = folder / "prometheus.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    return path
