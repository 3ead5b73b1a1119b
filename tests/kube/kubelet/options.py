"""What a test may choose about its kubelet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Options:
    """`programs`: what is run for a command's first word, and for "" where a container has no command (its image's entrypoint).
    `environment`: variables that every container gets, under its own. `missing_images`: images that cannot be pulled, besides those with
    "missing" in their name. Times in seconds.
    """

    node: str = "test-node"
    programs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    missing_images: Sequence[str] = ()
    # The real one begins with 10 s and looks as rarely as the probe says: no test has that time.
    back_off: float = 0.5
    longest_back_off: float = 8.0
    longest_probe_period: float = 1.0

    def lacks(self, image: str) -> bool:
        return image in self.missing_images or "missing" in image

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Options:
        return cls(**json.loads(text))
