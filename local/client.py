"""Asks the API: on its own port while the covers are indexed, through HTTPS as a user would."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Self
from urllib.parse import quote

import httpx

from local.errors import LocalError


class ApiClient:
    """`trust`: for HTTPS, whom to trust; nothing else is. Raises `LocalError` when the API does not answer as it should."""

    def __init__(self, url: str, trust: ssl.SSLContext | None = None) -> None:
        self._http = httpx.Client(
            base_url=url, verify=trust if trust is not None else True, timeout=60, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def manifest(self) -> int | None:
        """The number of the state that the API serves; None while it serves nothing."""
        answer = self._get("/readyz")
        if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            return None
        return int(_good(answer).json()["manifest"])

    def etags(self) -> dict[str, str]:
        """The ETag of every searchable cover, by ID; empty while nothing is served."""
        return dict(self._covers())

    def rejection(self, key: str) -> str | None:
        """Why the image under this key was refused; None when it was not."""
        answer = self._get(f"/v1/ingest?id={quote(key, safe='')}")
        if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            return None
        told = _good(answer).json()
        return str(told["message"]) if told["state"] == "rejected" else None

    def search(self, photo: bytes) -> dict[str, float]:
        """The promised `{"ID": score}`, best first."""
        with _translated():
            answer = self._http.post("/search", files={"file": ("photo.jpg", photo, "image/jpeg")})
        scores: Mapping[str, float] = _good(answer).json()
        return dict(scores)

    def _covers(self) -> Iterator[tuple[str, str]]:
        start_after = ""
        while True:
            answer = self._get(f"/v1/covers?limit=1000&start_after={quote(start_after, safe='')}")
            if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
                return
            page = _good(answer).json()
            for cover in page["covers"]:
                yield cover["id"], cover["etag"]
            if page["next"] is None:
                return
            start_after = page["next"]

    def _get(self, path: str) -> httpx.Response:
        with _translated():
            return self._http.get(path)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise LocalError(f"the API does not answer: {error}") from error


def _good(answer: httpx.Response) -> httpx.Response:
    if answer.status_code != HTTPStatus.OK:
        raise LocalError(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}")
    return answer
