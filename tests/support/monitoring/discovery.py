"""k8s/monitoring/prometheus.yaml for a Prometheus that cannot ask Kubernetes, as Debian's: targets come from a file, with the labels
that the discovery of pods would give them. Its relabelling and its rules are the real ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.monitoring.queries import FILES

CONFIG = Path(__file__).parents[3] / "k8s" / "monitoring" / "prometheus.yaml"
_META = "__meta_kubernetes_"


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
    write_targets(folder, pods)
    path = folder / "prometheus.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    return path


def write_targets(folder: Path, pods: Iterable[Mapping[str, Any]]) -> None:
    """Also while Prometheus runs: it reads the file anew."""
    fresh = folder / "targets.fresh"
    fresh.write_text(json.dumps([group for pod in pods for group in target_groups(pod)]), "utf-8")
    fresh.replace(folder / "targets.json")


def target_groups(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One for each port of a pod, as the API server tells of it."""
    meta, status = pod["metadata"], pod["status"]
    if "podIP" not in status:
        return []
    owner = next((owner["name"] for owner in meta.get("ownerReferences", []) if owner.get("controller")), "")
    labels = {
        "namespace": meta["namespace"],
        "pod_name": meta["name"],
        "pod_phase": status["phase"],
        "pod_controller_name": owner,
        **{f"pod_label_{re.sub(r'[^a-zA-Z0-9_]', '_', name)}": value for name, value in meta.get("labels", {}).items()},
    }
    return [
        {
            "targets": [f"{status['podIP']}:{port['containerPort']}"],
            "labels": {
                _META + name: value
                for name, value in {**labels, "pod_container_port_name": port.get("name", "")}.items()
            },
        }
        for container in pod["spec"]["containers"]
        for port in container.get("ports", [])
    ]
