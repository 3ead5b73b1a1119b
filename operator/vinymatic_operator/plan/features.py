"""What the index is made of, held against the Deployments that fill and serve it: the operator cannot set it there, but can tell. Pure."""

from __future__ import annotations

from vinymatic_operator.observe.seen import DeploymentSeen, Observed
from vinymatic_operator.plan.actions import Lane, Problem


def differing_features(observed: Observed) -> Lane:
    """Covers described by other settings would not match those that are there. What comes from a ConfigMap is not known here."""
    features = observed.spec.features
    dimensions = {"SIFT_DIMENSIONS": features.dimensions}
    of_covers = {"NUM_FEATURES": features.count, "NOR_X": features.box_width, "NOR_Y": features.box_height}
    told = [*_differences(observed.api, dimensions), *_differences(observed.ingestor, dimensions | of_covers)]
    return Lane(problem=Problem("FeaturesDiffer", "; ".join(told))) if told else Lane()


def _differences(deployment: DeploymentSeen | None, wanted: dict[str, int]) -> list[str]:
    if deployment is None:
        return []
    given = {name: deployment.environment[name] for name in wanted if deployment.environment.get(name)}
    return [
        f"Deployment {deployment.name} has {name}={value}, spec.features says {wanted[name]}"
        for name, value in given.items()
        if value != str(wanted[name])
    ]
