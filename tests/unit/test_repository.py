"""The repository's own rules: what a reader, a fresh clone or a second commit would stumble over."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
LONGEST = 300
# Not ours, or made by tools (see .gitignore).
SKIPPED = {"data", "build", "dist", "node_modules", "__pycache__", "vinymatic-data"}
KEPT_HIDDEN = {".ci", ".github"}

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def files(*suffixes: str) -> Iterator[Path]:
    for root, folders, names in os.walk(ROOT):
        folders[:] = [n for n in folders if n not in SKIPPED and (not n.startswith(".") or n in KEPT_HIDDEN)]
        yield from (Path(root, name) for name in names if name.endswith(suffixes))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


PYTHON = sorted(files(".py"), key=relative)
PAGES = sorted(files(".md"), key=relative)
LOCKS = sorted(files(".lock"), key=relative)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    texts = (re.sub(r"[`*\[\]]", "", heading) for heading in HEADING.findall(FENCE.sub("", page.read_text("utf-8"))))
    return {re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-") for text in texts}


def dead_links(page: Path) -> list[str]:
    """Links to files that are not there and to headings that their page does not have; the web is not asked."""
    dead = []
    for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        linked = page if not place else page.parent / unquote(place)
        if not linked.exists() or (anchor and linked.suffix == ".md" and anchor not in anchors(linked)):
            dead.append(target)
    return dead


def lock_faults(text: str) -> list[str]:
    """Lines of a lock file that name an index, and pins without a hash."""
    faults = [
        line for line in text.splitlines() if "://" in line or re.match(r"\s*(-i\b|-f\b|--(extra-)?index|--find)", line)
    ]
    pins = re.split(r"\n(?=\S)", text.strip())
    faults += [pin.splitlines()[0] for pin in pins if not pin.startswith("#") and "--hash=sha256:" not in pin]
    faults += [pin.splitlines()[0] for pin in pins if not re.match(r"[#\w.\-\[\],]+==|#", pin)]
    return faults


def test_there_is_something_to_check() -> None:
    assert len(PYTHON) > 50
    assert len(LOCKS) > 0
    assert ROOT / "README.md" in PAGES


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_a_module_stays_under_the_limit_of_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < LONGEST


@pytest.mark.parametrize("path", [p for p in PYTHON if p.name.startswith("test_")], ids=relative)
def test_a_test_file_says_what_it_needs_and_lies_there(path: Path) -> None:
    kind = {"model": "unit"}.get(folder := path.relative_to(ROOT).parts[1], folder)
    marks = re.findall(r"^pytestmark = (?:\[)?pytest\.mark\.(\w+)", path.read_text("utf-8"), re.MULTILINE)
    assert marks == [kind]
    assert (path.parent / "__init__.py").exists()


@pytest.mark.parametrize("path", LOCKS, ids=relative)
def test_a_lock_file_pins_by_hash_and_names_no_index(path: Path) -> None:
    assert lock_faults(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "--index-url https://example.org/simple\na==1 \\\n    --hash=sha256:00\n",
        "--extra-index-url=x\na==1 --hash=sha256:00\n",
        "-i x\na==1 --hash=sha256:00\n",
        "a==1\n",
        "a==1 --hash=sha256:00\nb==2\n",
        "a>=1 --hash=sha256:00\n",
        "a @ https://example.org/a.whl --hash=sha256:00\n",
    ],
)
def test_a_faulty_lock_file_would_be_noticed(text: str) -> None:
    assert lock_faults(text)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_between_pages_resolve(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b`: c\n[x](gone.md) [y](#a-b-c) [z](page.md#nowhere) [w](https://example.org)\n```\n[n](no)\n```\n"
    )
    assert dead_links(page) == ["gone.md", "page.md#nowhere"]


def test_the_licence_is_whole_and_the_one_declared() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_versions_agree() -> None:
    from vinymatic import __version__

    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == __version__


def test_every_make_target_is_explained() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))
    assert targets == set(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE))


def test_ci_runs_what_a_contributor_runs() -> None:
    run, packages = (ROOT / ".ci" / name for name in ("run", "packages"))
    assert re.search(r"^\.ci/packages$.*^make test\b", run.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for script in (run, packages):
        assert os.access(script, os.X_OK)
        subprocess.run(["bash", "-n", script], check=True)
