"""Takes out of an image's environment what no part of Vinymatic uses; `check.py` then proves that what is left works.

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
UNUSED = (
    # What compiles extensions against numpy, and numpy's tests.
    *(f"numpy/{name}" for name in ("f2py", "distutils", "_core/include", "_core/lib", "random/lib")),
    "numpy/**/tests",
    "numpy/_core/_*_tests.*.so",
    "numpy/_core/_simd.*.so",
    # Text drawn into images, and a kind of image that we do not take.
    *("PIL/_imagingft.*.so", "pillow.libs/libfreetype-*", "pillow.libs/libharfbuzz-*"),
    *("PIL/_avif.*.so", "pillow.libs/libavif-*"),
    # The client a second time, for asyncio.
    "kubernetes/aio",
    # For type checkers alone.
    "**/*.pyi",
)
OPENBLAS = re.compile(r"libopenblas\w*-r0-\w+\.(?P<release>[\d.]+)\.so")


def slim(site: Path) -> None:
    unused = [path for pattern in UNUSED for path in site.glob(pattern)]
    unused += [path for path in site.glob("botocore/data/*/") if path.is_dir() and path.name not in AWS_SERVICES]
    for path in unused:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    share_openblas(site / "faiss_cpu.libs", site / "opencv_python_headless.libs")


def share_openblas(kept: Path, replaced: Path) -> None:
    """OpenCV and Faiss each bring OpenBLAS, 39 MB. Where both are of one release OpenCV, which we call for no large linear algebra,
    uses Faiss's, and the libraries that this one needs."""
    ours, theirs = next(kept.glob("libopenblas*")), next(replaced.glob("libopenblas*"))
    # Already done, in a layer below.
    if theirs.is_symlink() or release(ours) != release(theirs):
        return
    for library in kept.iterdir():
        place = replaced / (theirs.name if library == ours else library.name)
        place.unlink(missing_ok=True)
        place.symlink_to(Path("..") / kept.name / library.name)


def release(library: Path) -> str:
    """Of a library of another naming, its name: it is like no other."""
    found = OPENBLAS.fullmatch(library.name)
    return found["release"] if found else library.name


if __name__ == "__main__":
    slim(SITE)
