"""IDs in paths. They are S3 keys: `/`, `//`, `..`, `?`, `#`, `%`, spaces, line ends and any Unicode may stand in them.

Servers decode a path before routing, which cannot be undone: `%2F` and `/` become one, broken UTF-8 becomes U+FFFD. So the ID is taken from
the path as it came over the wire and decoded exactly once. Clients that tidy paths (`..`, `//`) before they send them have `?id=`.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Path, Query
from starlette.convertors import Convertor, register_url_convertor  # codespell:ignore
from starlette.requests import Request

from vinymatic_api.problems import MalformedIdError, UnknownPathError

# S3's own limit.
MOST_BYTES = 1_024
_PREFIX_PARTS = 3  # "", "v1", "covers"


class AnyKey(Convertor[str]):  # codespell:ignore
    """Matches everything, line ends included; the framework's own `path` stops at a line end."""

    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("key", AnyKey())


def key_of(raw_path: bytes) -> str:
    """`/v1/covers/<key>` → the key. Raises `MalformedIdError`, `UnknownPathError`."""
    parts = raw_path.split(b"/", _PREFIX_PARTS)
    if len(parts) <= _PREFIX_PARTS or not parts[-1]:
        raise UnknownPathError("there is no ID in the path")
    return checked(unquote_to_bytes(parts[-1]))


def checked(data: bytes) -> str:
    """Raises `MalformedIdError` for what no S3 key can be."""
    if len(data) > MOST_BYTES:
        raise MalformedIdError(f"an ID has at most {MOST_BYTES} bytes of UTF-8; this one has {len(data)}")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MalformedIdError("the ID is not UTF-8 once percent-decoded") from None


_EXAMPLE = "covers/The Nightingales/Hollow Coast (1974).jpg"


def _from_path(
    request: Request,
    id: Annotated[  # noqa: A002, ARG001 - the product's word; declared for the API's description, decoded from the raw path
        str, Path(description="The cover's S3 object key, percent-encoded; `/` may stay as it is.", examples=[_EXAMPLE])
    ],
) -> str:
    return key_of(request.scope["raw_path"])


def _from_query(
    id: Annotated[  # noqa: A002 - the product's word
        str,
        Query(
            min_length=1,
            description="The cover's S3 object key. For keys that a client would tidy away in a path: `..`, `//`.",
            examples=[_EXAMPLE],
        ),
    ],
) -> str:
    return checked(id.encode())


PathKey = Annotated[str, Depends(_from_path)]
QueryKey = Annotated[str, Depends(_from_query)]
