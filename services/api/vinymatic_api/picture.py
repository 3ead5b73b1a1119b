"""A search as a picture, with what a program needs of it in the headers."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from starlette.responses import Response

from vinymatic.index.drawing import match_picture, shown_covers, with_scans
from vinymatic.index.query import look
from vinymatic.index.results import SearchOptions, SearchResult
from vinymatic_api.photo import photo_in
from vinymatic_api.service import Service

# Proxies take no more than some 8 KB of headers. One ID has at most 6,144 bytes here, with all of its characters escaped.
_LONGEST_HEADER = 7_000


@dataclass(frozen=True)
class DrawnSearch:
    """`score`: of the cover drawn first, 0 where there is none. `seconds`: what the search took, without the drawing."""

    png: bytes
    result: SearchResult
    score: float
    seconds: float

    def response(self) -> Response:
        headers = {
            "vinymatic-verdict": self.result.verdict.value,
            "vinymatic-manifest": str(self.result.manifest),
            "vinymatic-score": f"{self.score:.4f}",
            "vinymatic-covers": scores_header(self.result),
        }
        return Response(self.png, media_type="image/png", headers=headers)


def draw_search(service: Service, body: bytes, content_type: str, options: SearchOptions) -> DrawnSearch:
    """Runs on a thread of the pool. Raises what a search raises."""
    photo = photo_in(body, content_type)
    begin = time.perf_counter()
    with service.reader.acquire() as snapshot:
        seen = look(
            snapshot, photo, service.spec, options, max_pixels=service.settings.max_pixels, weights=service.weights
        )
        covers = shown_covers(snapshot, seen)
    seconds = time.perf_counter() - begin
    if service.scans is not None:
        covers = with_scans(covers, service.scans.reading())
    png = match_picture(seen, photo, covers, max_pixels=service.settings.max_pixels)
    return DrawnSearch(png, seen.result, covers[0].score if covers else 0.0, seconds)


def scores_header(result: SearchResult) -> str:
    """The accepted covers as `{"ID": score}` in ASCII; the last ones are left out where it would be too long."""
    scores = {match.id: match.score for match in result.covers}
    while len(text := json.dumps(scores, separators=(",", ":"))) > _LONGEST_HEADER:
        scores.popitem()
    return text
