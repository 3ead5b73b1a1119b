"""What the pods of Jobs look like."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from vinymatic_operator.resources.base import Part

QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


# `cpu: 2` is as good as `cpu: "2"`, as everywhere in Kubernetes.
Quantity: TypeAlias = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(pattern=QUANTITY),
    WithJsonSchema({"x-kubernetes-int-or-string": True, "pattern": QUANTITY}),
]


class Resources(Part):
    """Requests and limits, as in a container."""

    requests: dict[str, Quantity] = Field(
        default={"cpu": "500m", "memory": "1Gi"}, description="What a pod is promised."
    )
    limits: dict[str, Quantity] = Field(default={"memory": "4Gi"}, description="What a pod may use at most.")


class Toleration(Part):
    """As in a pod."""

    key: str | None = Field(default=None, max_length=317, description="The taint's key; without it, every taint.")
    operator: Literal["Exists", "Equal"] = Field(default="Equal", description="Exists: whatever the taint's value.")
    value: str | None = Field(default=None, max_length=63, description="The taint's value.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="The taint's effect; without it, every effect."
    )
    toleration_seconds: int | None = Field(default=None, ge=0, description="How long a NoExecute taint is tolerated.")


class JobTemplate(Part):
    """What the pods of Jobs look like. Security context, volumes and environment are the operator's own."""

    image: str | None = Field(default=None, max_length=512, description="The image; without it, the ingestor's.")
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = Field(
        default=None, description="When the image is pulled; without it, Kubernetes' own default."
    )
    image_pull_secrets: list[str] = Field(
        default=[], max_length=16, description="Names of Secrets of kind dockerconfigjson."
    )
    resources: Resources = Field(default=Resources(), description="Requests and limits.")
    scratch_size_limit: str = Field(
        default="20Gi",
        pattern=r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$",
        description="Most that a Job may write to its scratch volume.",
    )
    node_selector: dict[str, str] = Field(default={}, description="Labels of the nodes that may run them.")
    tolerations: list[Toleration] = Field(default=[], max_length=32, description="Taints that they tolerate.")
    service_account_name: str | None = Field(
        default=None,
        max_length=253,
        description="Their ServiceAccount; without it, storage.serviceAccountName, or the namespace's default.",
    )
    priority_class_name: str | None = Field(default=None, max_length=253, description="Their PriorityClass.")
    backoff_limit: int = Field(
        default=2, ge=0, le=20, description="How often a Job starts another pod after one that failed."
    )
    active_deadline_seconds: int = Field(
        default=86_400, ge=60, le=2_592_000, description="A Job that runs longer is ended."
    )
    ttl_seconds_after_finished: int = Field(
        # A failed Job is what the next try knows the request by, and pauses between tries grow to an hour.
        default=86_400,
        ge=7_200,
        le=2_592_000,
        description="How long a finished Job is kept to look at.",
    )
