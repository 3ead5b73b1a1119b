"""The kinds of objects that the operator touches, and where the API server keeps them."""

from __future__ import annotations

from dataclasses import dataclass

from vinymatic_operator.resources.names import BACKUP_KIND, GROUP, INDEX_KIND, RESTORE_KIND, VERSION


@dataclass(frozen=True)
class Resource:
    """`group` is empty for the core. All of them live in namespaces."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None, name: str | None = None, subresource: str | None = None) -> str:
        """`/apis/batch/v1/namespaces/records/jobs/train`; without a namespace, those of all."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        place = f"{root}/namespaces/{namespace}" if namespace is not None else root
        return "/".join(part for part in (place, self.plural, name, subresource) if part)


INDEXES = Resource(GROUP, VERSION, "vinylindexes", INDEX_KIND)
BACKUPS = Resource(GROUP, VERSION, "vinylbackups", BACKUP_KIND)
RESTORES = Resource(GROUP, VERSION, "vinylrestores", RESTORE_KIND)
JOBS = Resource("batch", "v1", "jobs", "Job")
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
PODS = Resource("", "v1", "pods", "Pod")
EVENTS = Resource("", "v1", "events", "Event")
