"""What is generated lies in the repository as it would be generated now."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from vinymatic_operator.crds.__main__ import main
from vinymatic_operator.crds.definitions import KINDS, definition
from vinymatic_operator.crds.files import crd_files, rights_files
from vinymatic_operator.crds.reference import markdown

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[4]


def test_the_crds_are_current() -> None:
    found = {path.name: path.read_text("utf-8") for path in (ROOT / "k8s" / "crds").iterdir()}
    assert found == crd_files(), "run `make docs`"


def test_the_reference_is_current() -> None:
    assert (ROOT / "docs" / "resources.md").read_text("utf-8") == markdown(), "run `make docs`"


def test_the_rights_are_current() -> None:
    found = {name: (ROOT / "k8s" / "operator" / name).read_text("utf-8") for name in rights_files()}
    assert found == rights_files(), "run `make docs`"


def test_a_file_says_where_it_comes_from_and_holds_its_crd() -> None:
    for kind, text in zip(KINDS, crd_files().values(), strict=True):
        assert text.startswith("# Generated from ")
        assert yaml.safe_load(text) == definition(kind)


def test_the_command_writes_them_all(tmp_path: Path) -> None:
    (tmp_path / "operator").mkdir()
    arguments = ["--write", str(tmp_path / "crds"), "--reference", str(tmp_path / "resources.md")]
    arguments += ["--rights", str(tmp_path / "operator")]
    main(arguments, standalone_mode=False)
    assert {path.name: path.read_text("utf-8") for path in (tmp_path / "crds").iterdir()} == crd_files()
    assert (tmp_path / "resources.md").read_text("utf-8") == markdown()
    assert {path.name for path in (tmp_path / "operator").iterdir()} == set(rights_files())
