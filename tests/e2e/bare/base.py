"""The base that images are built on where none can be pulled: Debian with its Python, about as large as the official slim image."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

from tests.e2e.bare.shell import run
from tests.e2e.bare.store import Store

IMAGE = "localhost/vinymatic/python:3.11"
_SUITE = "bookworm"
_PACKAGES = ("ca-certificates", "python3", "python3-venv")
_INPUTS = f"{_SUITE} {' '.join(_PACKAGES)} 1"
_UNUSED = ("usr/share/doc", "usr/share/locale", "usr/share/man", "usr/share/info", "usr/share/lintian")
_EMPTIED = ("var/cache/apt", "var/lib/apt/lists", "var/log")


def make(store: Store) -> None:
    """Makes the image when it is not there: about a minute."""
    if store.is_made_of(IMAGE, _INPUTS):
        return
    print(f"making {IMAGE} with debootstrap", file=sys.stderr, flush=True)
    # Not in the user's temporary folder, which may forbid devices and programs.
    folder = Path(tempfile.mkdtemp(dir=store.folder))
    try:
        run("debootstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}", _SUITE, folder, *mirror())
        for unused in _UNUSED:
            shutil.rmtree(folder / unused, ignore_errors=True)
        for emptied in _EMPTIED:
            shutil.rmtree(folder / emptied, ignore_errors=True)
            (folder / emptied).mkdir()
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        store.from_files(IMAGE, [folder], _INPUTS, f"--env={path}")
    finally:
        shutil.rmtree(folder)


def mirror(sources: Path = Path("/etc/apt")) -> list[str]:
    """Where this machine gets Debian from; nothing where it does not say: then debootstrap knows."""
    for file in [sources / "sources.list", *sorted(sources.glob("sources.list.d/*"))]:
        if file.is_file() and (found := re.search(r"https?://\S+/debian/?(?=\s|$)", file.read_text("utf-8"))):
            return [found[0]]
    return []
