"""values.yaml, values.schema.json and docs/chart-values.md as texts, all from one schema. Pure."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

import yaml
from pydantic import JsonValue

from charts.source import is_branch, leaves
from vinymatic_operator.crds.schema import mapping
from vinymatic_operator.resources.base import Json

_WIDTH = 120
_VALUES_HEAD = (
    "# The chart's values and their defaults; made from charts/schema by `make docs`, as docs/chart-values.md is.\n"
)
_PAGE_HEAD = """# The chart's values

Every value of [charts/vinymatic](../charts/vinymatic); a value that is not here, or of another type, is refused. This page is made by
`make docs` from `charts/schema`. Examples lie in `k8s/values/`; what the variables in capitals do is in [settings.md](settings.md), what
a VinylIndex may hold in [resources.md](resources.md).

"""


def schema_text(schema: Json) -> str:
    head: Json = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of the chart vinymatic"}
    return json.dumps({**head, **schema}, indent=1, ensure_ascii=False) + "\n"


def values_text(schema: Json) -> str:
    return _VALUES_HEAD + "\n" + "\n".join(_values(schema, "")) + "\n"


def _values(schema: Json, indent: str) -> Iterator[str]:
    for number, (name, part) in enumerate(mapping(schema, "properties").items()):
        if is_branch(part):
            if not indent and number:
                yield ""
            yield from _comment(part, indent)
            yield f"{indent}{name}:"
            yield from _values(part, indent + "  ")
        else:
            yield from _comment(part, indent)
            yield from _assignment(name, part["default"], indent)


def _comment(part: Json, indent: str) -> Iterator[str]:
    words = str(part.get("description", ""))
    yield from textwrap.wrap(words, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


def _assignment(name: str, value: JsonValue, indent: str) -> Iterator[str]:
    """Small and empty values on the line of their name."""
    flat = yaml.safe_dump(value, default_flow_style=True, width=1_000, sort_keys=False).removesuffix("\n...\n").strip()
    if isinstance(value, str):
        flat = json.dumps(value)
    if len(flat) < _WIDTH - len(indent) - len(name):
        yield f"{indent}{name}: {flat}"
        return
    yield f"{indent}{name}:"
    yield from textwrap.indent(yaml.safe_dump(value, sort_keys=False), f"{indent}  ").splitlines()


def page(schema: Json) -> str:
    """docs/chart-values.md, whole: a table for each top-level value that has fields, and one for the rest."""
    parts = mapping(schema, "properties")
    loose: Json = {"properties": {name: part for name, part in parts.items() if not is_branch(part)}}
    sections = ["## Of all components\n\n" + _table(loose, "")]
    for name, part in parts.items():
        if is_branch(part):
            sections.append(f"## {name}\n\n{part.get('description', '')}\n\n" + _table(part, name))
    return _PAGE_HEAD + "\n".join(sections)


def _table(schema: Json, path: str) -> str:
    lines = ["| value | type | default | allowed | meaning |", "|---|---|---|---|---|"]
    for value in leaves(schema, path):
        default = value.default if isinstance(value.default, str) else json.dumps(value.default)
        cells = [
            f"`{value.path}`",
            _type_text(value.schema),
            f"`{default}`" if default else "empty",
            _allowed_text(value.schema),
            str(value.schema["description"]),
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _type_text(schema: Json) -> str:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    words = {"string": "text", "boolean": "true or false", "array": "list", "null": "nothing"}
    return " or ".join(words.get(str(kind), str(kind)) for kind in kinds)


def _allowed_text(schema: Json) -> str:
    if isinstance(values := schema.get("enum"), list):
        return ", ".join(f"`{value}`" if value else "empty" for value in values)
    least, most = schema.get("minimum"), schema.get("maximum")
    words = []
    if least is not None or most is not None:
        words.append(
            f"at most {most}" if least is None else f"at least {least}" if most is None else f"{least} to {most}"
        )
    if "multipleOf" in schema:
        words.append(f"a multiple of {schema['multipleOf']}")
    return ", ".join(words)
