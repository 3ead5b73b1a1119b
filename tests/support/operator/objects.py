"""An API server in memory, as far as the operator uses one: versions, conflicts, patches, labels, uids. `Kube` for the operator.

`before`: called with each write before it happens; it may raise to lose the request. `after`: once it happened; it may raise to lose the
answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import TypeAlias, TypeVar, cast

from pydantic import JsonValue

from vinymatic_operator.errors import KubeConflictError, KubeError, KubeInvalidError, KubeNotFoundError
from vinymatic_operator.kube.resources import EVENTS, PODS, Resource
from vinymatic_operator.observe.reading import labels_of, name_of, namespace_of, part
from vinymatic_operator.resources.base import Json
from vinymatic_operator.status.conditions import stamp

Watch = Callable[[Resource, str, Json], None]
Call = tuple[str, Resource, str]
Bodies: TypeAlias = list[Json]
Value = TypeVar("Value", bound=JsonValue)


def copied(value: Value) -> Value:
    """A deep copy, several times faster than `copy.deepcopy`: thousands of runs are mostly this."""
    if isinstance(value, dict):
        return cast(Value, {name: copied(item) for name, item in value.items()})
    if isinstance(value, list):
        return cast(Value, [copied(item) for item in value])
    return value


class Objects:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._numbers = count(1)
        self.bodies: dict[Resource, dict[tuple[str, str], Json]] = {}
        self.calls: list[Call] = []
        self.watch: Watch = lambda resource, kind, body: None
        self.before: Callable[[Call], None] = lambda call: None
        self.after: Callable[[Call], None] = lambda call: None

    # ---- what the operator calls

    def get(self, resource: Resource, namespace: str, name: str) -> Json:
        self._read("get", resource, name)
        return copied(self._found(resource, namespace, name))

    def list(self, resource: Resource, namespace: str | None, *, labels: Mapping[str, str] | None = None) -> list[Json]:
        self._read("list", resource, "")
        return [
            copied(body)
            for (place, _), body in sorted(self.bodies.get(resource, {}).items())
            if namespace in (None, place) and (labels or {}).items() <= labels_of(body).items()
        ]

    def create(self, resource: Resource, namespace: str, body: Json) -> Json:
        metadata = part(body, "metadata")
        name = str(metadata.get("name") or f"{metadata['generateName']}{next(self._numbers)}")
        with_name: Json = {**copied(body), "metadata": {**metadata, "name": name, "namespace": namespace}}
        return self._write(("create", resource, name), lambda: self.put(resource, with_name, new=True))

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Json | Sequence[Json],
        *,
        subresource: str | None = None,
        strategic: bool = False,
    ) -> Json:
        def change() -> Json:
            body = copied(self._found(resource, namespace, name))
            if not isinstance(patch, dict):
                *tests, status = patch
                assert (status["op"], status["path"], subresource) == ("add", "/status", "status")
                for test in tests:
                    assert (test["op"], test["path"]) == ("test", "/metadata/uid")
                    if test["value"] != part(body, "metadata")["uid"]:
                        raise KubeInvalidError("the server rejected our request due to an error in our request")
                return self.put(resource, {**body, "status": copied(status["value"])})
            wanted, metadata = part(patch, "metadata"), part(body, "metadata")
            # As the real one answers: 422 where it is another object, 409 where it is the same and has changed.
            if wanted.get("uid", metadata["uid"]) != metadata["uid"]:
                raise KubeInvalidError(f"{name}: metadata.uid: field is immutable")
            if wanted.get("resourceVersion", metadata["resourceVersion"]) != metadata["resourceVersion"]:
                raise KubeConflictError(f"{name}: resourceVersion is another now")
            return self.put(resource, _merged(body, patch, strategic=strategic))

        return self._write((f"patch {subresource or ''}".strip(), resource, name), change)

    def delete(self, resource: Resource, namespace: str, name: str, *, uid: str | None = None) -> None:
        def gone() -> Json:
            body = self.bodies.get(resource, {}).get((namespace, name))
            if body is not None and uid not in (None, part(body, "metadata")["uid"]):
                raise KubeConflictError(f"{name}: uid is another now")
            if body is not None:
                self.remove(resource, namespace, name)
            return {}

        self._write(("delete", resource, name), gone)

    # ---- what controllers and tests do

    def put(self, resource: Resource, body: Json, *, new: bool = False) -> Json:
        """Writes it whole, with a new version; the generation grows with the spec."""
        key = (namespace_of(body), name_of(body))
        kept = self.bodies.setdefault(resource, {})
        before = kept.get(key)
        if new and before is not None:
            raise KubeConflictError(f"{resource.plural} {key[1]} already exists")
        metadata = part(body, "metadata")
        known = part(before, "metadata") if before is not None else {}
        metadata["uid"] = known.get("uid") or f"uid-{next(self._numbers)}"
        metadata["creationTimestamp"] = known.get("creationTimestamp") or stamp(self._clock())
        metadata["resourceVersion"] = str(next(self._numbers))
        same = before is not None and before.get("spec") == body.get("spec")
        metadata["generation"] = int(cast(int, known.get("generation", 0))) + (0 if same else 1)
        made: Json = {**body, "metadata": metadata}
        if before is not None and "deletionTimestamp" in metadata and not metadata.get("finalizers"):
            self._drop(resource, made)
            return made
        kept[key] = made
        if resource is not EVENTS and resource is not PODS:
            self.watch(resource, "MODIFIED", copied(made))
        return copied(made)

    def number(self) -> int:
        """One that was never given before."""
        return next(self._numbers)

    def remove(self, resource: Resource, namespace: str, name: str) -> None:
        """Gone at once, or marked as going while a finalizer holds it."""
        body = self.bodies[resource][(namespace, name)]
        metadata = part(body, "metadata")
        if metadata.get("finalizers"):
            self.put(resource, {**body, "metadata": {**metadata, "deletionTimestamp": stamp(self._clock())}})
            return
        self._drop(resource, body)

    def _drop(self, resource: Resource, body: Json) -> None:
        del self.bodies[resource][(namespace_of(body), name_of(body))]
        if resource is not EVENTS and resource is not PODS:
            self.watch(resource, "DELETED", copied(body))

    def all(self, resource: Resource) -> Bodies:
        return list(self.bodies.get(resource, {}).values())

    def _found(self, resource: Resource, namespace: str, name: str) -> Json:
        try:
            return self.bodies[resource][(namespace, name)]
        except KeyError:
            raise KubeNotFoundError(f"{resource.plural} {name} is not there") from None

    def _read(self, verb: str, resource: Resource, name: str) -> None:
        call = (verb, resource, name)
        self.calls.append(call)
        self.before(call)

    def _write(self, call: Call, change: Callable[[], Json]) -> Json:
        self.calls.append(call)
        self.before(call)
        try:
            made = change()
        except KubeError:
            self.after(call)  # a refusal may be lost as well
            raise
        self.after(call)
        return made


def _merged(body: Json, patch: Json, *, strategic: bool) -> Json:
    """A merge patch; of a strategic one, lists of objects with a name are merged by it, as the real server does for containers and env."""
    made: Json = dict(body)
    for name, value in patch.items():
        before = made.get(name)
        if value is None:
            made.pop(name, None)
        elif isinstance(value, dict):
            made[name] = _merged(before if isinstance(before, dict) else {}, value, strategic=strategic)
        elif strategic and isinstance(value, list) and isinstance(before, list):
            by_name = {item["name"]: item for item in before if isinstance(item, dict)}
            for item in value:
                assert isinstance(item, dict)
                by_name[item["name"]] = _merged(by_name.get(item["name"], {}), item, strategic=True)
            made[name] = [*by_name.values()]
        else:
            made[name] = copied(value)
    return made
