"""What a container's spec means for a local process: its environment, its arguments, and the folders behind its paths. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.kube.api import Object
from tests.kube.errors import ContainerConfigError

TERMINATION_PATH = "/dev/termination-log"
_VARIABLE = re.compile(r"\$(\$|\((?P<name>[A-Za-z_.\-][\w.\-]*)\))")
_MAP_KEY = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


@dataclass(frozen=True, order=True)
class Reference:
    """A Secret or ConfigMap that a pod needs."""

    kind: str
    name: str


# The decoded data of what a reference names; None when there is no such object.
Lookup = Callable[[Reference], Mapping[str, str] | None]


def references(pod: Object) -> set[Reference]:
    """Every Secret and ConfigMap that the pod's containers and volumes name."""
    found = set(_volume_references(pod))
    for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
        for item in container.get("env", []):
            source = item.get("valueFrom", {})
            if key := source.get("secretKeyRef"):
                found.add(Reference("secrets", key["name"]))
            if key := source.get("configMapKeyRef"):
                found.add(Reference("configmaps", key["name"]))
        for item in container.get("envFrom", []):
            found.add(_env_from(item)[0])
    return found


def _volume_references(pod: Object) -> Iterator[Reference]:
    for volume in pod["spec"].get("volumes", []):
        if secret := volume.get("secret"):
            yield Reference("secrets", secret["secretName"])
        if config := volume.get("configMap"):
            yield Reference("configmaps", config["name"])


def _env_from(item: Object) -> tuple[Reference, bool]:
    """The reference, and whether it may be missing."""
    kind = "secrets" if "secretRef" in item else "configmaps"
    source = item["secretRef" if kind == "secrets" else "configMapRef"]
    return Reference(kind, source["name"]), bool(source.get("optional"))


def environment(container: Object, pod: Object, pod_ip: str, lookup: Lookup) -> dict[str, str]:
    """The variables of the spec; later ones may use `$(NAME)` of earlier ones. Raises `ContainerConfigError`."""
    values: dict[str, str] = {}
    for item in container.get("envFrom", []):
        reference, optional = _env_from(item)
        data = lookup(reference)
        if data is None and not optional:
            raise ContainerConfigError(f'{reference.kind} "{reference.name}" not found')
        values |= {item.get("prefix", "") + key: value for key, value in (data or {}).items()}
    for item in container.get("env", []):
        value = _value(item, pod, pod_ip, lookup)
        if value is not None:
            values[item["name"]] = expand(value, values) if "valueFrom" not in item else value
    return values


def _value(item: Object, pod: Object, pod_ip: str, lookup: Lookup) -> str | None:
    source = item.get("valueFrom")
    if source is None:
        return str(item.get("value", ""))
    if field := source.get("fieldRef"):
        return pod_field(pod, field["fieldPath"], pod_ip)
    for kind, name in (("secrets", "secretKeyRef"), ("configmaps", "configMapKeyRef")):
        if key := source.get(name):
            data = lookup(Reference(kind, key["name"]))
            if data is not None and key["key"] in data:
                return data[key["key"]]
            if key.get("optional"):
                return None
            what = f"key {key['key']} in " if data is not None else ""
            raise ContainerConfigError(f'couldn\'t find {what}{kind} "{key["name"]}"')
    raise ContainerConfigError(f"the test kubelet does not know {sorted(source)}")


def pod_field(pod: Object, path: str, pod_ip: str) -> str:
    """A field of the downward API, as text. Raises `ContainerConfigError` for one that this kubelet does not know."""
    if match := _MAP_KEY.fullmatch(path):
        return str(pod["metadata"].get(match[1], {}).get(match[2], ""))
    if path in ("status.podIP", "status.podIPs"):
        return pod_ip
    if path == "status.hostIP":
        return "127.0.0.1"
    section, _, name = path.partition(".")
    if section not in ("metadata", "spec") or not name.isalpha():
        raise ContainerConfigError(f"the test kubelet does not know the field {path}")
    return str(pod[section].get(name, ""))


def expand(text: str, values: Mapping[str, str]) -> str:
    """`$(NAME)` becomes its value where there is one, `$$` a dollar sign."""

    def replacement(match: re.Match[str]) -> str:
        name = match["name"]
        return "$" if name is None else values.get(name, match[0])

    return _VARIABLE.sub(replacement, text)


def relocate(text: str, places: Mapping[str, Path]) -> str:
    """Every absolute path in `text` that lies in one of `places` (mount paths), moved to the folder that stands for it.

    Nothing can be mounted without root. A path begins the text, or follows a character that cannot belong to a longer path.
    """
    if not places:
        return text
    known = "|".join(re.escape(path.rstrip("/")) for path in sorted(places, key=len, reverse=True))
    pattern = re.compile(rf"(?:(?<=file://)|(?<![\w/.-]))({known})(?![\w.-])")
    real = {path.rstrip("/"): str(folder) for path, folder in places.items()}
    return pattern.sub(lambda match: real[match[1]], text)


def arguments(
    container: Object,
    values: Mapping[str, str],
    places: Mapping[str, Path],
    programs: Mapping[str, Sequence[str]],
) -> list[str]:
    """What to run. `programs` says what stands for a program's name; its entry "" for the entrypoint of an image.

    Raises `ContainerConfigError` when nothing says what to run.
    """
    words = [*container.get("command", []), *container.get("args", [])]
    words = [relocate(expand(word, values), places) for word in words]
    if not container.get("command"):
        if "" not in programs:
            raise ContainerConfigError("no command specified, and no entrypoint given for images")
        return [*programs[""], *words]
    return [*programs.get(words[0], [words[0]]), *words[1:]]
