"""What GET /v1/index says over the wire, with an example."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from vinymatic.lifecycle.summary import IndexSummary
from vinymatic_api.schemas import Serving, Wire


class ScoreOut(Wire):
    """What this replica scores with: SCORE_WEIGHTS, or what it was shipped with."""

    weights: str = Field(description="Name of the score's weights.")
    sha256: str = Field(description="Of their file, hex. The same on all replicas, or they answer differently.")


class SearchesOut(Wire):
    answered: int = Field(
        description="POST /search and /v1/search that were answered since the process started, with any status."
    )
    failed: int = Field(description="Of them, those with a status from 500 on; not where the queue was full.")


class IndexOut(Wire):
    """One replica's sight of the index."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "index": {
                        "manifest": 17,
                        "index_id": "5b0c8f0be0d24b0ea1c9a1f0d0a6a3c4",
                        "created_at": "2026-11-01T12:00:00.000+00:00",
                        "covers": 10_000,
                        "segments": 12,
                        "bytes": 412_000_000,
                        "dimensions": 128,
                        "active_epoch": 1,
                        "candidate_epoch": None,
                        "candidate_complete": False,
                        "previous_epoch": 0,
                        "next_epoch": 2,
                        "images_since_training": 300,
                        "trained_at": "2026-10-30T03:00:00.000+00:00",
                        "covers_at_training": 9_700,
                        "training_error": 10_412.5,
                        "fresh_features": 90_000,
                        "fresh_error": 10_530.1,
                        "mergeable": 8,
                        "dead_covers": 14,
                    },
                    "serving": {
                        "manifest": 17,
                        "epoch": 1,
                        "covers": 10_000,
                        "loaded_at": 1_793_534_401.2,
                        "staleness_s": 0.412,
                        "max_staleness_s": 2.318,
                        "last_error": None,
                    },
                    "score": {
                        "weights": "shipped-2026-11-23",
                        "sha256": "08296190ae6b4a2c96637a7efd838cc610effa504f608231c6ed27cd8a750b2c",
                    },
                    "searches": {"answered": 51_234, "failed": 0},
                }
            ]
        }
    )
    index: IndexSummary = Field(description="The manifest that is served, summed up.")
    serving: Serving
    score: ScoreOut
    searches: SearchesOut
