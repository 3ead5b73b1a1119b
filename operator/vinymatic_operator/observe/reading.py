"""Looking into objects of the API server, which are plain dicts of which anything may be missing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from pydantic import JsonValue

from vinymatic_operator.observe.view import moment
from vinymatic_operator.resources.base import Json

Found = Mapping[str, JsonValue]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def part(body: Found, *path: str) -> Json:
    """The mapping at `path`; an empty one where there is none."""
    found: JsonValue = dict(body)
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def text(body: Found, name: str) -> str | None:
    found = body.get(name)
    return found if isinstance(found, str) else None


def whole(body: Found, name: str) -> int:
    """A number; 0 where there is none, as Kubernetes leaves zeros out."""
    found = body.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def items(body: Found, name: str) -> Iterator[Json]:
    found = body.get(name)
    yield from (item for item in found if isinstance(item, dict)) if isinstance(found, list) else ()


def texts(body: Found) -> dict[str, str]:
    return {name: value for name, value in body.items() if isinstance(value, str)}


def time(body: Found, name: str) -> datetime | None:
    return moment(text(body, name))


def created(body: Found) -> datetime:
    return time(part(body, "metadata"), "creationTimestamp") or _EPOCH


def name_of(body: Found) -> str:
    return text(part(body, "metadata"), "name") or ""


def uid_of(body: Found) -> str:
    return text(part(body, "metadata"), "uid") or ""


def namespace_of(body: Found) -> str:
    return text(part(body, "metadata"), "namespace") or ""


def annotations_of(body: Found) -> dict[str, str]:
    return texts(part(body, "metadata", "annotations"))


def labels_of(body: Found) -> dict[str, str]:
    return texts(part(body, "metadata", "labels"))


def being_deleted(body: Found) -> bool:
    return "deletionTimestamp" in part(body, "metadata")


def condition(body: Found, kind: str) -> Json:
    """A condition of `status.conditions`; an empty mapping where there is none."""
    return next((found for found in items(part(body, "status"), "conditions") if found.get("type") == kind), {})


def environment_of(container: Found) -> dict[str, str]:
    """The plain values; what comes from elsewhere is not known."""
    return {text(item, "name") or "": text(item, "value") or "" for item in items(container, "env") if "value" in item}


def number_of(environment: Mapping[str, str], name: str) -> int | None:
    """A whole number of the environment. More digits than any manifest has are none: Python refuses to read thousands of them."""
    found = environment.get(name, "")
    return int(found) if found.isdecimal() and len(found) <= 18 else None
