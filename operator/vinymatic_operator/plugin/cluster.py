"""The cluster as the plugin sees it: one namespace, through `ApiServer`, with the server's refusals in words that say what to do."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import kubernetes.config

from vinymatic_operator.errors import KubeDeniedError, KubeError, KubeNotFoundError, KubeUnavailableError
from vinymatic_operator.kube.client import ApiServer, connect
from vinymatic_operator.kube.resources import BACKUPS, DEPLOYMENTS, EVENTS, INDEXES, Resource
from vinymatic_operator.observe.reading import part
from vinymatic_operator.plugin.errors import WhichIndexError
from vinymatic_operator.plugin.facts import Ingestor, Problem, ingestor_facts, problems_of
from vinymatic_operator.plugin.reading import Index, read_index
from vinymatic_operator.resources.base import Json

_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_FORBIDDEN = re.compile(
    r'User "(?P<user>[^"]+)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]+)"(?: in API group "(?P<group>[^"]*)")?'
)


@dataclass(frozen=True)
class Cluster:
    """Every call raises `KubeError`, in words for people."""

    kube: ApiServer
    namespace: str

    def resource(self, resource: Resource, name: str) -> Json:
        with _explained(resource, self.namespace, name):
            return self.kube.get(resource, self.namespace, name)

    def index(self, name: str | None) -> Index:
        """That of this name, or the only one. Raises `WhichIndexError`."""
        if name is not None:
            return read_index(self.resource(INDEXES, name))
        with _explained(INDEXES, self.namespace):
            found = self.kube.list(INDEXES, self.namespace)
        if len(found) == 1:
            return read_index(found[0])
        if not found:
            raise WhichIndexError(f"no VinylIndex in namespace {self.namespace}")
        names = sorted(_name(resource) for resource in found)
        raise WhichIndexError(f"namespace {self.namespace} has {len(names)} VinylIndexes; name one: {', '.join(names)}")

    def index_name(self, name: str | None) -> str:
        """As `index`; a name that is given is taken as it is."""
        return name if name is not None else self.index(None).name

    def patch_index(self, name: str, patch: Json, *, dry_run: bool) -> Json:
        with _explained(INDEXES, self.namespace, name):
            return self.kube.patch(INDEXES, self.namespace, name, patch, dry_run=dry_run)

    def create(self, resource: Resource, body: Json, *, dry_run: bool) -> Json:
        with _explained(resource, self.namespace, _name(body)):
            return self.kube.create(resource, self.namespace, body, dry_run=dry_run)

    def backups(self, index: str) -> list[Json]:
        """VinylBackups of this index, the newest first. By its spec, not by a label: people make them by hand too."""
        with _explained(BACKUPS, self.namespace):
            found = self.kube.list(BACKUPS, self.namespace)
        ours = [backup for backup in found if part(backup, "spec").get("index") == index]
        return sorted(ours, key=lambda each: str(part(each, "metadata").get("creationTimestamp")), reverse=True)

    def ingestor(self, index: Index) -> Ingestor | None:
        """The page is worth reading without it: what stands in the way is told in its place."""
        if index.spec.ingestor is None:
            return None
        name = index.spec.ingestor.deployment
        try:
            return ingestor_facts(self.resource(DEPLOYMENTS, name), name)
        except (KubeDeniedError, KubeNotFoundError) as error:
            return Ingestor(deployment=name, problem=str(error))

    def problems(self, index: Index) -> list[Problem]:
        """None where events may not be read: the conditions say the same."""
        try:
            events = self.kube.list(EVENTS, self.namespace)
        except KubeDeniedError:
            return []
        return problems_of(index, events)


def connected(namespace: str | None, context: str | None) -> Cluster:
    """`namespace`: without it, that of the kubeconfig's context. Raises `KubeUnavailableError`."""
    return Cluster(connect(context=context), namespace or _default_namespace(context))


def explained(error: KubeError, resource: Resource, namespace: str, name: str | None) -> KubeError:
    """The same error in words for people, where there are better ones than the server's."""
    text = str(error)
    if isinstance(error, KubeNotFoundError):
        if "404 page not found" in text or "could not find the requested resource" in text:
            return KubeNotFoundError(
                f"this cluster has no {resource.plural}.{resource.group}: the CRDs are not installed"
            )
        if name is not None and f'"{name}" not found' in text:
            return KubeNotFoundError(f"{resource.kind} {name} is not in namespace {namespace}")
    if isinstance(error, KubeDeniedError):
        refused = _FORBIDDEN.search(text)
        if refused:
            what = f"{refused['resource']}.{refused['group']}" if refused["group"] else refused["resource"]
            return KubeDeniedError(
                f"{refused['user']} may not {refused['verb']} {what} in namespace {namespace}:"
                f' a Role must grant the verb "{refused["verb"]}" on it'
            )
        if ": 401 " in text:
            return KubeDeniedError("the API server does not know who you are (401): log in to the cluster again")
    return error


@contextmanager
def _explained(resource: Resource, namespace: str, name: str | None = None) -> Iterator[None]:
    try:
        yield
    except KubeError as error:
        raise explained(error, resource, namespace, name) from error


def _default_namespace(context: str | None) -> str:
    if os.environ.get("KUBERNETES_SERVICE_HOST") and not os.environ.get("KUBECONFIG") and context is None:
        return _POD_NAMESPACE.read_text("utf-8").strip() if _POD_NAMESPACE.is_file() else "default"
    try:
        contexts, active = kubernetes.config.list_kube_config_contexts()  # type: ignore[no-untyped-call]
    except (kubernetes.config.ConfigException, OSError) as error:
        raise KubeUnavailableError(f"no cluster to talk to: {error}") from error
    chosen = next((each for each in contexts if each["name"] == context), active)
    return str(chosen["context"].get("namespace") or "default")


def _name(resource: Json) -> str:
    return str(part(resource, "metadata").get("name"))
