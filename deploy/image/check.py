"""Proves while an image is made that it holds what it needs: `check.py [PACKAGE...]` uses each native library, then imports every module
of these packages.

Python then leaves the compiled form of exactly what was imported, which a container with a read-only root could not: without it each
start takes a second of CPU more.
"""

from __future__ import annotations

import importlib
import io
import pkgutil
import sys


def use_libraries() -> None:
    import boto3
    import cv2
    import faiss
    import numpy as np
    from PIL import Image

    for service in ("s3", "sqs", "sts", "sso", "sso-oidc", "signin"):
        boto3.Session().client(service, region_name="eu-central-1")  # type: ignore[call-overload]
    random = np.random.default_rng(1)
    picture = cv2.resize(random.integers(0, 255, (80, 80), np.uint8), (640, 640))
    for kind in ("JPEG", "PNG", "WEBP"):
        Image.fromarray(picture).save(file := io.BytesIO(), kind)
        assert Image.open(file, formats=(kind,)).size == picture.shape
    _, descriptors = cv2.SIFT.create(1_000).detectAndCompute(picture, None)  # type: ignore[call-overload]
    index = faiss.index_factory(descriptors.shape[1], "IVF4,PQ16x4")
    index.train(descriptors)
    index.add(descriptors)
    assert index.ntotal == len(descriptors) > 400
    # Large enough to go to OpenBLAS, in numpy and in OpenCV.
    square = random.standard_normal((200, 200))
    assert np.allclose(cv2.invert(square)[1] @ square, np.eye(200), atol=1e-6)


def import_all(package: str) -> None:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        # These are programs: they run when they are imported.
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)


if __name__ == "__main__":
    use_libraries()
    for name in sys.argv[1:]:
        import_all(name)
