"""Resources to send, made from k8s/samples by changing one field, and what the API server says of them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from tests.kube.api import Object
from vinymatic_operator.kube.resources import BACKUPS, INDEXES, RESTORES, Resource

SAMPLES = Path(__file__).parents[3] / "k8s" / "samples"
RESOURCES: Mapping[str, Resource] = {resource.kind: resource for resource in (INDEXES, BACKUPS, RESTORES)}
# Instead of a value: the field is left out.
ABSENT: Final = "<absent>"


def sample(name: str) -> Object:
    body: Object = yaml.safe_load((SAMPLES / f"{name}.yaml").read_text("utf-8"))
    return body


def changed(body: Object, changes: Mapping[str, object]) -> Object:
    """A copy with fields set by path, such as `spec.jobTemplate.tolerations[].key` (of the first item)."""
    body = deepcopy(body)
    for path, value in changes.items():
        *parents, last = path.replace("[]", ".0").split(".")
        place: Any = body
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list) else place.setdefault(parent, {})
        key = int(last) if isinstance(place, list) else last
        if value == ABSENT:
            del place[key]
        else:
            place[key] = value
    return body


def create(client: httpx.Client, body: Object, namespace: str = "default", *, dry: bool = True) -> httpx.Response:
    """`dry`: checked and filled in as ever, but not kept."""
    path = RESOURCES[body["kind"]].path(namespace)
    return client.post(path, json=body, params={"dryRun": "All"} if dry else {})


def patch(client: httpx.Client, body: Object, change: Object, subresource: str | None = None) -> httpx.Response:
    """A merge patch of what `create` answered."""
    name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
    return client.patch(
        RESOURCES[body["kind"]].path(namespace, name, subresource),
        json=change,
        headers={"Content-Type": "application/merge-patch+json"},
    )


def complaint(response: httpx.Response) -> str:
    """Why it was refused."""
    assert response.status_code == 422, response.text
    return str(response.json()["message"])
