"""Where a pod's volumes, logs and termination messages lie on disk."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.kube.api import Object
from tests.kube.errors import ContainerConfigError
from tests.kube.kubelet.spec import TERMINATION_PATH, Lookup, Reference


@dataclass(frozen=True)
class PodFolders:
    """`root` is the kubelet's own folder; logs stay after the pod, its volumes do not."""

    root: Path
    namespace: str
    name: str
    uid: str

    @property
    def pod(self) -> Path:
        return self.root / "pods" / self.namespace / self.name / self.uid

    @property
    def home(self) -> Path:
        return self.pod / "home"

    def log(self, container: str, restarts: int) -> Path:
        return self.pod / "logs" / container / f"{restarts}.log"

    def termination_file(self, container: str) -> Path:
        return self.pod / "termination" / container

    def make(self, pod: Object, lookup: Lookup) -> None:
        """Raises `ContainerConfigError` when a volume's Secret or ConfigMap is not there."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.pod / "termination").mkdir(exist_ok=True)
        for volume in pod["spec"].get("volumes", []):
            folder = self._volume(volume)
            folder.mkdir(parents=True, exist_ok=True)
            for kind, key in (("secret", "secretName"), ("configMap", "name")):
                if source := volume.get(kind):
                    _fill(folder, source, Reference(f"{kind.lower()}s", source[key]), lookup)

    def places(self, container: Object, pod: Object) -> dict[str, Path]:
        """What stands for each of the container's mount paths, and for its termination message's file."""
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", [])}
        places = {container.get("terminationMessagePath", TERMINATION_PATH): self.termination_file(container["name"])}
        for mount in container.get("volumeMounts", []):
            place = self._volume(volumes[mount["name"]]) / mount.get("subPath", "")
            if not place.exists():
                place.mkdir(parents=True)
            places[mount["mountPath"]] = place
        return places

    def remove_volumes(self) -> None:
        shutil.rmtree(self.pod / "volumes", ignore_errors=True)

    def _volume(self, volume: Object) -> Path:
        if path := volume.get("hostPath"):
            return Path(path["path"])
        if claim := volume.get("persistentVolumeClaim"):
            # Every pod that names the claim finds the same files.
            return self.root / "claims" / self.namespace / str(claim["claimName"])
        return self.pod / "volumes" / str(volume["name"])


def newest_log(root: Path, namespace: str, pod: str, container: str) -> Path | None:
    """Of the container's latest start, also when a pod of this name was made anew; None before any start."""
    logs = list((root / "pods" / namespace / pod).glob(f"*/logs/{container}/*.log"))
    return max(logs, key=lambda path: path.stat().st_mtime_ns, default=None)


def _fill(folder: Path, source: Object, reference: Reference, lookup: Lookup) -> None:
    data = lookup(reference)
    if data is None:
        if source.get("optional"):
            return
        raise ContainerConfigError(f'{reference.kind} "{reference.name}" not found')
    for key, path in _files(source, data).items():
        if key not in data:
            raise ContainerConfigError(f'{reference.kind} "{reference.name}" has no key {key}')
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(data[key], "utf-8")


def _files(source: Object, data: Mapping[str, str]) -> dict[str, str]:
    """The file's path for each key."""
    if items := source.get("items"):
        return {item["key"]: item["path"] for item in items}
    return {key: key for key in data}
