"""A node's place in the host's control groups, of version 1 or 2: two kubelets must not share one."""

from __future__ import annotations

from pathlib import Path

from tests.kube.waiting import until

_ROOT = Path("/sys/fs/cgroup")
_NAME = "vinymatic"
_CPUSET = ("cpuset.cpus", "cpuset.mems")


def cgroup_of(number: int) -> str:
    """As the kubelet names it."""
    return f"/{_NAME}/node-{number}"


def make(number: int) -> None:
    for hierarchy in _hierarchies():
        parent = hierarchy
        for part in (_NAME, f"node-{number}"):
            _delegate(parent)
            (folder := parent / part).mkdir(exist_ok=True)
            # Version 1: a new cpuset starts empty, and nothing can be put into it.
            for file in _CPUSET:
                if (parent / file).exists() and not (parent / "cgroup.controllers").exists():
                    (folder / file).write_text((parent / file).read_text())
            parent = folder


def remove(number: int | None = None) -> None:
    """A node's groups, or all. Their processes must be gone; the kernel takes a moment to let go of the groups.

    A kubelet that finds a dead pod's group at its start looks for its container for 3 s, one after the other.
    """
    name = _NAME if number is None else cgroup_of(number).strip("/")
    places = [hierarchy / name for hierarchy in _hierarchies()]
    until(lambda: all(map(_removed, places)), f"the removal of the control groups {name}")


def _removed(folder: Path) -> bool:
    if not folder.exists():
        return True
    try:
        for group in sorted(folder.rglob("*/"), reverse=True):
            group.rmdir()
        folder.rmdir()
    except OSError:
        return False
    return True


def _delegate(group: Path) -> None:
    """Version 2: children get the controllers that their parent has."""
    if (group / "cgroup.controllers").exists():
        names = (group / "cgroup.controllers").read_text().split()
        (group / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in names))


def _hierarchies() -> list[Path]:
    if (_ROOT / "cgroup.controllers").exists():
        return [_ROOT]
    return [folder for folder in _ROOT.iterdir() if folder.is_dir() and not folder.is_symlink()]
