"""The three kinds as CustomResourceDefinitions: names, columns of `kubectl get`, and rules that no single field can hold."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, JsonValue

from vinymatic_operator.crds.schema import structural
from vinymatic_operator.kube.resources import BACKUPS, INDEXES, RESTORES, Resource
from vinymatic_operator.resources.backup import BackupRequest, BackupStatus
from vinymatic_operator.resources.base import Json, rule
from vinymatic_operator.resources.index_spec import IndexSpec
from vinymatic_operator.resources.index_status import IndexStatus
from vinymatic_operator.resources.restore import RestoreRequest, RestoreStatus

CATEGORY = "vinymatic"


@dataclass(frozen=True)
class Column:
    """A column of `kubectl get`; `wide`: only with `-o wide`."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False

    def to_json(self) -> Json:
        column: Json = {"name": self.name, "type": self.type, "jsonPath": self.path}
        return {**column, "priority": 1} if self.wide else column


@dataclass(frozen=True)
class Kind:
    """A custom resource as its CRD describes it. `longest_name`: characters that its name may have."""

    resource: Resource
    description: str
    short_names: tuple[str, ...]
    longest_name: int
    spec: type[BaseModel]
    status: type[BaseModel]
    columns: tuple[Column, ...]
    rules: tuple[Json, ...] = ()


def _condition(kind: str, field: str = "status") -> str:
    return f'.status.conditions[?(@.type=="{kind}")].{field}'


_AGE = Column("Age", ".metadata.creationTimestamp", "date")
_COMPLETE = Column("Complete", _condition("Complete"))
_INDEX = Column("Index", ".spec.index")

KINDS = (
    Kind(
        INDEXES,
        "An index of record sleeves: where it lives, which Deployments serve and fill it, and when it is retrained, backed up,"
        " proven, compacted and collected.",
        ("vi", "vinyl"),
        40,
        IndexSpec,
        IndexStatus,
        (
            Column("Ready", _condition("Ready")),
            Column("Covers", ".status.index.covers", "integer"),
            Column("Manifest", ".status.index.manifest", "integer"),
            Column("Epoch", ".status.index.activeEpoch", "integer"),
            Column("Serving", ".status.serving"),
            Column("Backup", ".status.backup.last", "date"),
            Column("Candidate", ".status.index.candidateEpoch", "integer", wide=True),
            Column("Phase", ".status.retraining.phase", wide=True),
            Column("Reason", _condition("Ready", "reason"), wide=True),
            _AGE,
        ),
        # A VinylBackup or VinylRestore names it by a label's rules.
        (rule("!self.metadata.name.contains('.')", "metadata.name may hold no dots: backups and restores name it"),),
    ),
    Kind(
        BACKUPS,
        "One backup of a VinylIndex, made by its schedule or by hand. It stays as the record of that backup.",
        ("vb",),
        50,
        BackupRequest,
        BackupStatus,
        (
            _INDEX,
            _COMPLETE,
            Column("Manifest", ".status.manifest", "integer"),
            Column("Covers", ".status.covers", "integer"),
            Column("Completed", ".status.completedAt", "date"),
            _AGE,
        ),
    ),
    Kind(
        RESTORES,
        "Brings a VinylIndex back from its backup, into the index itself or under another prefix. It is carried out once.",
        ("vr",),
        50,
        RestoreRequest,
        RestoreStatus,
        (
            _INDEX,
            _COMPLETE,
            Column("From", ".status.backupManifest", "integer"),
            Column("Manifest", ".status.manifest", "integer"),
            Column("Covers", ".status.covers", "integer"),
            _AGE,
        ),
    ),
)


def schema_of(kind: Kind) -> Json:
    """The schema of the whole resource."""
    name = rule(
        f"self.metadata.name.size() <= {kind.longest_name}",
        f"metadata.name may have at most {kind.longest_name} characters: the names of Jobs are made of it",
    )
    return {
        "description": kind.description,
        "type": "object",
        "x-kubernetes-validations": [name, *kind.rules],
        "properties": {
            "apiVersion": {"type": "string", "description": f"{kind.resource.api_version}"},
            "kind": {"type": "string", "description": f"{kind.resource.kind}"},
            "metadata": {"type": "object"},
            "spec": structural(kind.spec),
            "status": structural(kind.status),
        },
        # An empty spec would escape the required fields in it.
        "required": ["spec"],
    }


def definition(kind: Kind) -> Json:
    """The CustomResourceDefinition of a kind."""
    resource = kind.resource
    columns: list[JsonValue] = [column.to_json() for column in kind.columns]
    names: Json = {
        "plural": resource.plural,
        "singular": resource.kind.lower(),
        "kind": resource.kind,
        "listKind": f"{resource.kind}List",
        "shortNames": list(kind.short_names),
        "categories": [CATEGORY],
    }
    version: Json = {
        "name": resource.version,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": columns,
        "schema": {"openAPIV3Schema": schema_of(kind)},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{resource.plural}.{resource.group}"},
        "spec": {"group": resource.group, "names": names, "scope": "Namespaced", "versions": [version]},
    }
