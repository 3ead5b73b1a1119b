"""Picture → features: SIFT (Lowe 2004) in the NOR_X × NOR_Y box, the best keypoints, RootSIFT descriptors in bytes.

RootSIFT (Arandjelović & Zisserman 2012): L1-normalise, take square roots; Euclidean distance then is Hellinger's. The roots are unit
vectors; 512 steps a unit, clipped at 255, keep them in one byte each (components above one half are rare).
"""

from __future__ import annotations

import threading

import cv2
import numpy as np
from numpy.typing import NDArray

from vinymatic.errors import NoObjectFoundError
from vinymatic.features.spec import FeatureSpec
from vinymatic.features.types import DescriptorArray, Features, GreyArray, Picture, PointArray

ROOTSIFT_SCALE = 512.0
RAW_DIMENSIONS = 128
# Detected before the best are selected: selecting 300 of 1,000 by `response · size^0.7` beats taking 300 by response.
DETECTED_AT_LEAST = 1_000
SIZE_EXPONENT = 0.7
FEWEST_FEATURES = 8
SMALLEST_SIDE = 16
# A tiny image is not blown up to fill the box: it would only gain blur.
LARGEST_ENLARGEMENT = 2.0

_own = threading.local()


def fills_box(picture: Picture, nor_x: int, nor_y: int) -> bool:
    """Whether the decoded pixels are as many as the box takes, or all that the image has."""
    height, width = picture.grey.shape
    return bool(width >= min(nor_x, picture.width) or height >= min(nor_y, picture.height))


def scale_into_box(grey: GreyArray, nor_x: int, nor_y: int) -> GreyArray:
    """`grey` scaled to fit the box, aspect kept, by area averaging (down) or bilinear (up, at most twice)."""
    height, width = grey.shape
    factor = min(nor_x / width, nor_y / height, LARGEST_ENLARGEMENT)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    if size == (width, height):
        return grey
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, size, interpolation=method), dtype=np.uint8)


def extract(picture: Picture, spec: FeatureSpec) -> Features:
    """At most `spec.num_features` features of `picture`, best first, 128-dimensional (a feature model reduces them).

    Raises `NoObjectFoundError` when fewer than 8 features are found.
    """
    if min(picture.width, picture.height) < SMALLEST_SIDE:
        raise NoObjectFoundError(f"no object found: the image is only {picture.width} × {picture.height} pixels")
    boxed = scale_into_box(picture.grey, spec.nor_x, spec.nor_y)
    points, raw = _detect(boxed, max(DETECTED_AT_LEAST, spec.num_features), spec.num_features)
    if len(points) < FEWEST_FEATURES:
        raise NoObjectFoundError(
            "no object found: the image is too plain, too dark or too blurred to recognise anything in it"
        )
    return Features(points=points, descriptors=rootsift(raw), width=boxed.shape[1], height=boxed.shape[0])


def rootsift(raw: NDArray[np.float32]) -> DescriptorArray:
    """float32 [n, 128] SIFT → uint8 [n, 128] RootSIFT."""
    sums = np.maximum(raw.sum(axis=1, keepdims=True), 1e-7)
    return np.asarray(np.minimum(np.rint(np.sqrt(raw / sums) * ROOTSIFT_SCALE), 255), np.uint8)


def _detect(grey: GreyArray, detected: int, kept: int) -> tuple[PointArray, NDArray[np.float32]]:
    keypoints, raw = _sift(detected).detectAndCompute(grey, None)
    if raw is None or len(keypoints) == 0:
        return np.empty((0, 4), np.float32), np.empty((0, RAW_DIMENSIONS), np.float32)
    points = np.array([(*k.pt, k.size, k.angle) for k in keypoints], np.float32)
    response = np.array([k.response for k in keypoints], np.float32)
    # Stable sort, so that equal responses keep OpenCV's order and the same bytes always give the same features.
    best = np.argsort(-(response * points[:, 2] ** SIZE_EXPONENT), kind="stable")[:kept]
    return points[best], np.asarray(raw, np.float32)[best]


def _sift(detected: int) -> cv2.SIFT:
    # One SIFT object a thread: a shared one is not safe. nfeatures is fixed at creation, so one for each number.
    detectors: dict[int, cv2.SIFT] = _own.__dict__.setdefault("detectors", {})
    if detected not in detectors:
        detectors[detected] = cv2.SIFT_create(nfeatures=detected)  # type: ignore[attr-defined]
    return detectors[detected]
