"""What goes over the wire, with examples: the OpenAPI page is made of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel
from pydantic.config import JsonDict

from vinymatic.index.results import Corner, Match, SearchResult
from vinymatic.index.snapshot import CoverEntry
from vinymatic.lifecycle.reader import ReaderState

if TYPE_CHECKING:
    from vinymatic_api.follower import Follower

_ID = "covers/The Nightingales/Hollow Coast (1974).jpg"
_MATCH: JsonDict = {
    "id": _ID,
    "score": 0.9981,
    "inliers": 143,
    "cosine": 0.9312,
    "votes": 61.87,
    "outline": [[212.4, 118.0], [1010.7, 131.5], [1002.3, 921.9], [198.8, 905.2]],
}

Milliseconds = Annotated[float, Field(ge=0)]


class Wire(BaseModel):
    """Frozen, and strict about its own fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ErrorDetail(Wire):
    where: str = Field(description="The parameter at fault.")
    message: str


class ErrorBody(Wire):
    code: str = Field(description="A stable word for programs.")
    message: str = Field(description="A sentence for people.")
    details: list[ErrorDetail] | None = None


class ErrorResponse(Wire):
    """The one shape of every failure."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"error": {"code": "not_an_image", "message": "this is not a JPEG, PNG or WebP image"}}]
        }
    )
    error: ErrorBody


class Scores(RootModel[dict[str, float]]):
    """Score by ID, best first; empty when the cover is not in the catalogue."""

    model_config = ConfigDict(json_schema_extra={"examples": [{_ID: 0.9981}, {}]})


class MatchOut(Wire):
    id: str = Field(description="The cover's ID: its S3 object key.")
    score: float = Field(
        ge=0, le=1, description="Calibrated probability that the photo shows this cover.", examples=[0.9981]
    )
    inliers: int = Field(ge=0, description="Features that agree on one view of the cover.")
    cosine: float = Field(description="Mean cosine between the inliers' descriptors.")
    votes: float = Field(description="Weight of the shortlist's vote.")
    outline: tuple[Corner, Corner, Corner, Corner] | None = Field(
        description="The cover's corners in the upright photo's own pixels, clockwise from the cover's top left."
    )

    @classmethod
    def of(cls, match: Match) -> MatchOut:
        return cls(
            id=match.id,
            score=match.score,
            inliers=match.inliers,
            cosine=match.cosine,
            votes=match.votes,
            outline=match.outline,
        )


class SearchOut(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "verdict": "match",
                    "reason": "143 features agree on one view of the cover, over 92% of it",
                    "covers": [_MATCH],
                    "candidates": [],
                    "manifest": 17,
                    "timings_ms": {"queue": 0.2, "decode": 14.1, "extract": 21.7, "shortlist": 9.3, "verify": 6.4},
                }
            ]
        }
    )
    verdict: Literal["match", "ambiguous", "not_in_catalogue"]
    reason: str
    covers: list[MatchOut] = Field(description="What is accepted, best first.")
    candidates: list[MatchOut] = Field(description="What was considered and not accepted, best first.")
    manifest: int = Field(description="The state of the catalogue that answered: the same number, the same answer.")
    timings_ms: dict[str, Milliseconds] = Field(
        description="Milliseconds by step; `queue` is the wait for a thread, `total` the whole after the upload."
    )

    @classmethod
    def of(cls, result: SearchResult, timings: dict[str, float]) -> SearchOut:
        return cls(
            verdict=result.verdict.value,
            reason=result.reason,
            covers=[MatchOut.of(match) for match in result.covers],
            candidates=[MatchOut.of(match) for match in result.candidates],
            manifest=result.manifest,
            timings_ms={step: round(spent, 2) for step, spent in timings.items()},
        )


class CoverOut(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _ID,
                    "etag": "9b2cf535f27731c974343645a3985328",
                    "size": 184220,
                    "width": 1200,
                    "height": 1200,
                    "features": 300,
                    "manifest": 17,
                    "segment": "01JDV4K1Q5M2S6R3W8X9Y0Z1A2",
                }
            ]
        }
    )
    id: str = Field(description="S3 object key.")
    etag: str = Field(description="ETag of the scan that was indexed.")
    size: int = Field(description="Bytes of the scan.")
    width: int = Field(description="Pixels, upright.")
    height: int
    features: int = Field(description="Features kept.")
    manifest: int = Field(description="The commit that made it searchable.")
    segment: str = Field(description="The segment that holds its features.")

    @classmethod
    def of(cls, entry: CoverEntry) -> CoverOut:
        return cls(
            id=entry.id,
            etag=entry.etag,
            size=entry.size,
            width=entry.width,
            height=entry.height,
            features=entry.features,
            manifest=entry.manifest,
            segment=entry.segment,
        )


class CoverPage(Wire):
    covers: list[CoverOut]
    next: str | None = Field(description="Give it as `start_after` for the next page; null on the last one.")
    manifest: int = Field(description="The state of the catalogue that was listed.")


class DeletionOut(Wire):
    id: str
    status: Literal["accepted"] = Field(
        default="accepted", description="The ingestor was told; GET /v1/covers/{id} answers 404 once it is done."
    )


class IngestOut(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"id": _ID, "state": "indexed", "manifest": 17, "etag": "9b2cf535f27731c974343645a3985328"},
                {"id": _ID, "state": "rejected", "code": "corrupt_image", "message": "the JPEG image is damaged"},
                {"id": _ID, "state": "unknown"},
            ]
        }
    )
    id: str
    state: Literal["indexed", "rejected", "unknown"]
    manifest: int | None = Field(default=None, description="indexed: the commit that made it searchable.")
    code: str | None = Field(default=None, description="rejected: a stable word for why.")
    message: str | None = Field(default=None, description="rejected: a sentence that says why.")
    etag: str | None = Field(default=None, description="ETag of the scan that this is about.")


class Alive(Wire):
    status: Literal["alive"] = "alive"


class Serving(Wire):
    """What this replica serves, and how fresh it is."""

    manifest: int
    epoch: int
    covers: int
    loaded_at: float = Field(description="When this snapshot was taken. Unix seconds.")
    staleness_s: float = Field(
        description="Seconds since the manifest log was last read without a failure, or since the start."
    )
    max_staleness_s: float = Field(description="The most that this was since the start.")
    last_error: str | None = Field(description="Why the newest state could not be loaded; null when it was.")

    @staticmethod
    def of(state: ReaderState, follower: Follower) -> Serving:
        """Of a reader that has something loaded."""
        assert state.manifest is not None
        assert state.epoch is not None
        assert state.loaded_at is not None
        failure = follower.failure
        return Serving(
            manifest=state.manifest,
            epoch=state.epoch,
            covers=state.covers,
            loaded_at=state.loaded_at,
            staleness_s=round(follower.staleness, 3),
            max_staleness_s=round(follower.max_staleness, 3),
            last_error=None if failure is None else str(failure),
        )


class Ready(Serving):
    """Ready while anything can be served, however stale."""

    status: Literal["ready"] = "ready"
    segments: int
