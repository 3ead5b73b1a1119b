"""The images that the tests run: our own, from the Dockerfile of the repository, and the servers beside them."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.bare import base
from tests.e2e.bare.store import Store

ROOT = Path(__file__).parents[3]
_OTHERS = "tests/e2e/images"


@dataclass(frozen=True)
class Recipe:
    """A target of a Dockerfile, and everything of the repository that it reads."""

    target: str
    dockerfile: str
    sources: tuple[str, ...]

    @property
    def tag(self) -> str:
        return f"localhost/vinymatic/{self.target}:e2e"


_CODE = (
    "Dockerfile",
    "deploy/image",
    ".dockerignore",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "vinymatic",
    "services",
    "operator",
)
_LOCKS = ("requirements/build.lock", "requirements/common.lock")
RECIPES = {
    **{
        name: Recipe(name, "Dockerfile", (*_CODE, *_LOCKS, f"requirements/{name}.lock"))
        for name in ("api", "ingestor", "operator")
    },
    **{
        name: Recipe(name, f"{_OTHERS}/Dockerfile", (_OTHERS, "requirements/servers.lock"))
        for name in ("caddy", "ministack", "seaweedfs", "prometheus")
    },
}


def build_all(store: Store, names: Iterable[str]) -> list[str]:
    """The images' tags; what is made of the same files as before is not built again."""
    base.make(store)
    for recipe in (recipes := [RECIPES[name] for name in names]):
        inputs = digest(ROOT, recipe.sources) + store.image_id(base.IMAGE)[:12]
        if not store.is_made_of(recipe.tag, inputs):
            began = time.monotonic()
            arguments = {"BASE_IMAGE": base.IMAGE, "INPUTS": inputs}
            store.build(
                recipe.tag, ROOT / recipe.dockerfile, ROOT, target=recipe.target, inputs=inputs, arguments=arguments
            )
            print(f"built {recipe.tag} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return [recipe.tag for recipe in recipes]


def digest(root: Path, sources: Iterable[str]) -> str:
    """Of the files' names and contents, without what Python leaves beside them."""
    summary = hashlib.sha256()
    for file in (file for source in sources for file in _files(root / source)):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        summary.update(f"{file.relative_to(root).as_posix()} {content}\n".encode())
    return summary.hexdigest()[:16]


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from sorted(file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
