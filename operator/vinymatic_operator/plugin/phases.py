"""Which of the operator's phases are about epochs: `status.retraining.phase` is the phase of whatever is under way."""

from __future__ import annotations

from vinymatic_operator.plan.epochs import PHASES

ROLLING_OUT = "RollingOut"
EPOCH_PHASES = frozenset({*PHASES.values(), ROLLING_OUT, "Soaking"})
# A restore into the index itself is alone: epochs wait for it.
RESTORING = "Restoring"
