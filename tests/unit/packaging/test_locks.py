"""What the images install is enough to run, and is what was tested."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
LOCKS = ROOT / "requirements"
IMAGES = ("api", "ingestor", "operator")

# Imports every module of the product while whatever the lock file does not install cannot be imported.
IMPORT_ALL = """
import importlib, importlib.abc, importlib.metadata, pkgutil, re, sys

locked = set(sys.argv[1].split())
normal = lambda name: re.sub(r"[-_.]+", "-", name).lower()
owners = importlib.metadata.packages_distributions()
hidden = {m for m, names in owners.items() if m != "vinymatic" and not locked & {normal(n) for n in names}}

class Hide(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden and not name.startswith("vinymatic"):
            raise ModuleNotFoundError(f"{name} is not in the lock file", name=name)

sys.meta_path.insert(0, Hide())
for package in sys.argv[2:]:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        importlib.import_module(module.name)
print(len(hidden), len(sys.modules))
"""


def pins(name: str) -> dict[str, str]:
    """Version and marker by package."""
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (LOCKS / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", IMAGES)
def test_every_module_of_an_image_imports_with_nothing_but_its_locked_packages(name: str) -> None:
    command = [sys.executable, "-c", IMPORT_ALL, " ".join(pins(f"{name}.lock")), "vinymatic", f"vinymatic_{name}"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout.split()[0]) > 10, "nothing was hidden, so nothing was tested"


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_adds_to_the_common_layer_and_changes_nothing_in_it(name: str) -> None:
    assert set(pins("common.lock").items()) <= set(pins(f"{name}.lock").items())


@pytest.mark.parametrize("name", [*(f"{image}.lock" for image in IMAGES), "servers.lock", "build.lock"])
def test_the_images_install_the_versions_that_were_tested(name: str) -> None:
    tested = pins("dev.lock")
    assert {package: version for package, version in pins(name).items() if tested.get(package) != version} == {}
    assert pins(name)


@pytest.mark.parametrize("name", sorted(path.name for path in LOCKS.glob("*.lock")))
def test_a_lock_file_has_hashes_and_no_index(name: str) -> None:
    text = (LOCKS / name).read_text()
    assert "://" not in text
    assert "index" not in text
    for requirement in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in requirement, requirement
