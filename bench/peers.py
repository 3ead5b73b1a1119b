"""What others do, for `bench.baseline`: each in a few lines of its own, of plain SIFT's features or of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import faiss
import numpy as np
from numpy.typing import NDArray

from bench.asking import Alone

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Found:
    """`score`: of the first, in the peer's own unit; what its threshold is swept over. `accepted`: by its own rule."""

    first: str
    score: float
    accepted: bool


@dataclass(frozen=True)
class Cover:
    """A scan as the peers see it. `points`, `descriptors`: plain SIFT's, 500 at 480 pixels. `hash`: 64 bits."""

    id: str
    points: Floats
    descriptors: Floats
    hash: int


class Peer(Protocol):
    """`short`: for a plot's legend. `rule`: its own, in words."""

    name: str
    short: str
    rule: str

    def add(self, covers: Sequence[Cover]) -> None: ...

    def ask(self, photo: bytes) -> Found: ...

    def bytes_a_cover(self) -> float: ...


NOTHING = Found("", 0.0, False)


class Votes:
    """The seed's lineage: every descriptor in one Faiss index (IVF, uncompressed), votes counted for each cover."""

    LISTS, PROBES, LEAST = 1_024, 16, 10

    def __init__(self, *, ratio: float | None = None, cosine: float = 0.0) -> None:
        self._ratio, self._cosine = ratio, cosine
        kept = f"ratio {ratio}" if ratio is not None else f"cosine over {cosine}"
        self.name = f"every descriptor in one Faiss index, votes counted, {kept}"
        self.short = f"votes, {kept}"
        self.rule = f"{self.LEAST} votes"
        self._sift = Alone()
        self._index: faiss.IndexIVFFlat | None = None
        self._ids: list[str] = []
        self._owners = np.empty(0, np.int64)

    def add(self, covers: Sequence[Cover]) -> None:
        """The first covers train the lists."""
        vectors = _unit(np.concatenate([cover.descriptors for cover in covers]))
        if self._index is None:
            quantizer = faiss.IndexFlatL2(vectors.shape[1])
            self._index = faiss.IndexIVFFlat(quantizer, vectors.shape[1], min(self.LISTS, len(vectors) // 40))
            self._index.cp.niter = 5
            self._index.cp.max_points_per_centroid = 64
            self._index.nprobe = self.PROBES
            self._index.train(vectors)
            self._quantizer = quantizer  # Faiss does not own it
        self._index.add(vectors)
        owners = np.repeat(np.arange(len(covers)) + len(self._ids), [len(cover.descriptors) for cover in covers])
        self._owners = np.concatenate([self._owners, owners])
        self._ids += [cover.id for cover in covers]

    def ask(self, photo: bytes) -> Found:
        _, raw = self._sift.features(photo)
        if len(raw) == 0 or self._index is None:
            return NOTHING
        distances, neighbours = self._index.search(_unit(raw), 2)
        limit = 2 - 2 * self._cosine if self._ratio is None else self._ratio**2 * distances[:, 1]
        kept = distances[:, 0] < limit
        votes = np.bincount(self._owners[neighbours[kept & (neighbours[:, 0] >= 0), 0]], minlength=len(self._ids))
        best = int(votes.argmax())
        return Found(self._ids[best], float(votes[best]), bool(votes[best] >= self.LEAST))

    def bytes_a_cover(self) -> float:
        return len(self._owners) * (128 * 4 + 8) / max(1, len(self._ids))


class BruteForce:
    """OpenCV's matcher over every cover, then RANSAC: the textbook, for a small catalogue."""

    RATIO, LEAST = 0.75, 12

    def __init__(self) -> None:
        self.name, self.short = "OpenCV: brute force over every cover, RANSAC", "OpenCV, few covers"
        self.rule = f"{self.LEAST} inliers"
        self._sift, self._matcher = Alone(), cv2.BFMatcher(cv2.NORM_L2)
        self._covers: list[Cover] = []

    def add(self, covers: Sequence[Cover]) -> None:
        self._covers += covers

    def ask(self, photo: bytes) -> Found:
        points, raw = self._sift.features(photo)
        best = NOTHING
        for cover in self._covers if len(raw) > 1 else ():
            inliers = self._inliers(points, raw, cover)
            if inliers > best.score:
                best = Found(cover.id, inliers, inliers >= self.LEAST)
        return best

    def _inliers(self, points: Floats, raw: Floats, cover: Cover) -> int:
        pairs = [p for p in self._matcher.knnMatch(raw, cover.descriptors, k=2) if len(p) == 2]
        good = [one for one, other in pairs if one.distance < self.RATIO * other.distance]
        if len(good) < 4:
            return 0
        source = cover.points[[match.trainIdx for match in good]]
        target = points[[match.queryIdx for match in good]]
        _, mask = cv2.findHomography(source, target, cv2.RANSAC, 5.0)
        return 0 if mask is None else int(mask.sum())

    def bytes_a_cover(self) -> float:
        return sum(cover.descriptors.nbytes + cover.points.nbytes for cover in self._covers) / max(1, len(self._covers))


class PerceptualHash:
    """pHash: the signs of a picture's 64 slowest waves."""

    MOST = 10

    def __init__(self) -> None:
        self.name, self.short, self.rule = "pHash, 64 bits", "pHash", f"{self.MOST} bits differ at most"
        self._ids: list[str] = []
        self._hashes: list[int] = []

    def add(self, covers: Sequence[Cover]) -> None:
        self._ids += [cover.id for cover in covers]
        self._hashes += [cover.hash for cover in covers]

    def ask(self, photo: bytes) -> Found:
        own = perceptual_hash(photo)
        differing = [(own ^ other).bit_count() for other in self._hashes]
        best = int(np.argmin(differing))
        return Found(self._ids[best], 64 - differing[best], differing[best] <= self.MOST)

    def bytes_a_cover(self) -> float:
        return 8.0


def perceptual_hash(photo: bytes) -> int:
    """Of the 8 × 8 lowest frequencies of the 32 × 32 grey picture: which lie over their median."""
    grey = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_GRAYSCALE)
    waves = cv2.dct(cv2.resize(np.asarray(grey), (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32))[:8, :8]
    bits = (waves > np.median(waves.ravel()[1:])).ravel()
    return int("".join("1" if bit else "0" for bit in bits), 2)


def _unit(raw: Floats) -> Floats:
    return np.asarray(raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-6), np.float32)
