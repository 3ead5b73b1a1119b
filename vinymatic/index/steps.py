"""The cascade: how much is done for a photo at first, and when more. Pure.

Most photos are beyond doubt after the cheapest step, and a photo that shows no cover of the catalogue is not worth the dearest one. The
thresholds are on the calibrated score, so they keep their meaning when its weights are fitted anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from vinymatic.features import Features, FeatureSpec
from vinymatic.index.results import Effort, SearchOptions

# Beyond doubt: no further step would change the answer.
SURE_SCORE = 0.9
# Nothing is there. Asked after the standard step only: the fast one overlooks hard photos.
NOTHING_SCORE = 0.02

_MOST_FEATURES = 6_000
_LARGEST_BOX = 2_000


@dataclass(frozen=True)
class Step:
    """`features`, `box`: as shares of NUM_FEATURES and of NOR_X × NOR_Y. `probes`: lists of each feature that are scanned.

    `verified`: covers with most votes whose geometry is checked.
    """

    name: Effort
    features: float
    box: float
    probes: int
    verified: int

    def extraction(self, spec: FeatureSpec) -> FeatureSpec:
        """How features are taken for this step where `spec` says how the settings want them: enough for the next one on the same box."""
        return replace(
            spec,
            num_features=round(spec.num_features * max(1.0, self.features)),
            nor_x=round(spec.nor_x * self.box),
            nor_y=round(spec.nor_y * self.box),
        )

    def searched(self, features: Features, spec: FeatureSpec) -> Features:
        """The best of `features`, as many as this step asks for."""
        count = math.ceil(spec.num_features * self.features)
        return Features(features.points[:count], features.descriptors[:count], features.width, features.height)


FAST = Step(Effort.FAST, features=0.6, box=1.0, probes=4, verified=5)
STANDARD = Step(Effort.STANDARD, features=1.0, box=1.0, probes=8, verified=20)
THOROUGH = Step(Effort.MAX, features=2.0, box=4 / 3, probes=8, verified=20)


def first_step(options: SearchOptions, spec: FeatureSpec) -> Step:
    """Several covers share the photo's pixels and features: that takes the thorough step at once, with more of both for each cover."""
    if options.max_covers > 1:
        return _several(options.max_covers, spec)
    return THOROUGH if options.effort is Effort.MAX else FAST


def next_step(done: Step, options: SearchOptions, best_score: float) -> Step | None:
    """What follows `done`, whose best candidate has this score; None where its answer stands."""
    if (
        done.name is Effort.MAX
        or options.effort is Effort.FAST
        or best_score >= max(SURE_SCORE, options.similarity_threshold)
    ):
        return None
    if done.name is Effort.FAST:
        return STANDARD
    return THOROUGH if best_score >= NOTHING_SCORE else None


def _several(covers: int, spec: FeatureSpec) -> Step:
    """As many pixels and features a cover as one alone has in the standard step, up to what a request may cost."""
    features = min(THOROUGH.features * covers / 2, _MOST_FEATURES / spec.num_features)
    box = min(THOROUGH.box * math.sqrt(covers / 2), _LARGEST_BOX / max(spec.nor_x, spec.nor_y))
    return replace(
        THOROUGH,
        features=max(THOROUGH.features, features),
        box=max(THOROUGH.box, box),
        verified=THOROUGH.verified + 4 * covers,
    )
