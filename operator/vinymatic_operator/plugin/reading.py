"""A VinylIndex as the API server gave it, read into the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from vinymatic_operator.errors import KubeInvalidError
from vinymatic_operator.observe.reading import part
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.index_spec import IndexSpec
from vinymatic_operator.resources.index_status import IndexStatus


@dataclass(frozen=True)
class Index:
    """`looked_at`: whether the operator has ever written a status. `up_to_date`: whether that speaks of the newest spec."""

    namespace: str
    name: str
    annotations: Mapping[str, str]
    created_at: str | None
    deleting: bool
    looked_at: bool
    up_to_date: bool
    spec: IndexSpec
    status: IndexStatus


def read_index(resource: Json) -> Index:
    """Raises `KubeInvalidError` where the models do not fit what the server keeps."""
    metadata, status = part(resource, "metadata"), part(resource, "status")
    name, namespace = str(metadata.get("name")), str(metadata.get("namespace"))
    created = metadata.get("creationTimestamp")
    try:
        spec_read = IndexSpec.model_validate(part(resource, "spec"))
        status_read = IndexStatus.model_validate(status)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(place) for place in first["loc"])
        raise KubeInvalidError(
            f"VinylIndex {name} does not read as this program knows it ({field}: {first['msg']}):"
            " the cluster's CRDs and this program are of different versions"
        ) from None
    return Index(
        namespace=namespace,
        name=name,
        annotations={key: str(value) for key, value in part(metadata, "annotations").items()},
        created_at=created if isinstance(created, str) else None,
        deleting=metadata.get("deletionTimestamp") is not None,
        looked_at=bool(status),
        up_to_date=status_read.observed_generation == metadata.get("generation"),
        spec=spec_read,
        status=status_read,
    )
