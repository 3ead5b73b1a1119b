"""Images in buildah's storage, in a folder of our own, and how they get onto the nodes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.e2e.bare import build, node
from tests.e2e.bare.errors import CommandError
from tests.e2e.bare.layout import Layout
from tests.e2e.bare.shell import run

# What an image was made of; the same again, and nothing is built.
_INPUTS = "vinymatic.inputs"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class Store:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    @property
    def folder(self) -> Path:
        self._layout.buildah.mkdir(parents=True, exist_ok=True)
        return self._layout.buildah

    def image_id(self, tag: str) -> str:
        """Empty when there is none."""
        return str(self._inspect(tag).get("FromImageID", ""))

    def labels(self, tag: str) -> Mapping[str, str]:
        labels: dict[str, str] = self._inspect(tag).get("OCIv1", {}).get("config", {}).get("Labels") or {}  # type: ignore[attr-defined]
        return labels

    def is_made_of(self, tag: str, inputs: str) -> bool:
        return self.labels(tag).get(_INPUTS) == inputs

    def build(
        self, tag: str, dockerfile: Path, context: Path, *, target: str, inputs: str, arguments: Mapping[str, str]
    ) -> None:
        """Builds a Dockerfile's target on images that are here; programs in it use the host's network and certificates."""
        extra = [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
        volume = ["--volume", f"{_CERTIFICATES}:{_CERTIFICATES}:ro"] if _CERTIFICATES.exists() else []
        # chroot and host: what works without the rights that a network or a process namespace of a build's own would need.
        how = [
            "--isolation=chroot",
            "--network=host",
            "--pull-never",
            "--format=docker",
            "--layers",
            "--force-rm",
            *volume,
        ]
        self._buildah(
            "build",
            *how,
            *extra,
            f"--label={_INPUTS}={inputs}",
            f"--target={target}",
            f"--file={dockerfile}",
            f"--tag={tag}",
            context,
        )

    def from_files(self, tag: str, files: Iterable[Path], inputs: str, *settings: str) -> None:
        """An image of nothing but these files, or folders' contents; `settings` are `buildah config`'s."""
        container = self._buildah("from", "scratch").strip()
        try:
            self._buildah("add", "--quiet", container, *files, "/")
            self._buildah("config", f"--label={_INPUTS}={inputs}", *settings, container)
            self._buildah("commit", "--quiet", container, tag)
        finally:
            self._buildah("rm", container)

    def load(self, tags: Iterable[str], numbers: Iterable[int]) -> None:
        """Puts images onto nodes, where they are not there yet."""
        for tag in tags:
            wanted = self.image_id(tag)
            lacking = [number for number in numbers if self._loaded(number).get(tag) != wanted]
            if not lacking:
                continue
            archive = self._layout.root / f"{re.sub(r'[^a-z0-9]', '-', tag)}.tar"
            try:
                self._buildah("push", "--quiet", tag, f"docker-archive:{archive}:{tag}")
                for number in lacking:
                    self.load_archive(archive, number)
                    marks = {**self._loaded(number), tag: wanted}
                    self._marks(number).write_text(json.dumps(marks), "utf-8")
            finally:
                archive.unlink(missing_ok=True)

    def load_archive(self, archive: Path, number: int) -> None:
        """Puts a docker-archive or OCI archive onto a node."""
        node.machine(self._layout, number).run(
            build.containerd() / "ctr", "--namespace=k8s.io", "images", "import", archive
        )

    def _loaded(self, number: int) -> dict[str, str]:
        try:
            loaded: dict[str, str] = json.loads(self._marks(number).read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return loaded

    def _marks(self, number: int) -> Path:
        return self._layout.containerd(number) / "loaded.json"

    def _inspect(self, tag: str) -> Mapping[str, object]:
        try:
            inspected: dict[str, object] = json.loads(self._buildah("inspect", "--type=image", tag))
        except CommandError:
            return {}
        return inspected

    def _buildah(self, *arguments: str | Path) -> str:
        place = self.folder
        own = ["--storage-driver=overlay", f"--root={place / 'root'}", f"--runroot={place / 'run'}"]
        # In a mount namespace of its own: what it mounts is gone when it ends.
        return run("unshare", "--mount", "buildah", *own, *arguments)
