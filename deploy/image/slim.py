"""Takes out of an image's environment what no part of Vinymatic uses, and proves that what is left still works.

Runs with the environment's own Python while its layer is made. What goes, and how much it is: docs/images.md.
"""

from __future__ import annotations

import re
import shutil
import sysconfig
from pathlib import Path

SITE = Path(sysconfig.get_path("purelib"))
# S3 and SQS, and what gets credentials for them: roles, web identities, single sign-on.
AWS_SERVICES = {"s3", "sqs", "sts", "sso", "sso-oidc", "signin"}
# numpy's tests, and what compiles extensions against it.
NUMPY_UNUSED = ("f2py", "distutils", "_core/include", "_core/lib", "random/lib")
OPENBLAS = re.compile(r"libopenblas\w*-r0-\w+\.(?P<release>[\d.]+)\.so")


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def slim(site: Path) -> None:
    for folder in (site / "botocore/data").iterdir():
        if folder.is_dir() and folder.name not in AWS_SERVICES:
            remove(folder)
    for name in NUMPY_UNUSED:
        remove(site / "numpy" / name)
    for tests in list((site / "numpy").rglob("tests")):
        remove(tests)
    # For type checkers alone.
    for stub in list(site.rglob("*.pyi")):
        remove(stub)
    share_openblas(site / "faiss_cpu.libs", site / "opencv_python_headless.libs")


def share_openblas(kept: Path, replaced: Path) -> None:
    """OpenCV and Faiss each bring OpenBLAS, 39 MB. Where both are of one release OpenCV, which we never call for linear algebra of
    any size, uses Faiss's; and its OpenMP, which that one needs."""
    ours, theirs = next(kept.glob("libopenblas*")), next(replaced.glob("libopenblas*"))
    if release(ours) == release(theirs):
        theirs.unlink()
        for library, name in [(ours, theirs.name), *((gomp, gomp.name) for gomp in kept.glob("libgomp*"))]:
            (replaced / name).symlink_to(Path("..") / kept.name / library.name)


def release(library: Path) -> str | None:
    found = OPENBLAS.fullmatch(library.name)
    return found["release"] if found else None


def check() -> None:
    """Raises when something that is needed has gone."""
    import boto3
    import cv2
    import faiss
    import numpy as np

    for service in sorted(AWS_SERVICES):
        boto3.client(service, region_name="eu-central-1")  # type: ignore[call-overload]
    random = np.random.default_rng(1)
    image = cv2.resize(random.integers(0, 255, (40, 40), np.uint8), (320, 320))
    _, features = cv2.SIFT_create(200).detectAndCompute(image, None)  # type: ignore[attr-defined]
    index = faiss.index_factory(features.shape[1], "IVF4,PQ16x4")
    index.train(features)
    index.add(features)
    assert index.ntotal == len(features) > 50
    # Large enough to go to OpenBLAS, in all three.
    square = random.standard_normal((200, 200)).astype(np.float32)
    inverse = cv2.invert(square)[1]
    assert np.allclose(inverse @ square, np.eye(200), atol=1e-2)


if __name__ == "__main__":
    slim(SITE)
    check()
