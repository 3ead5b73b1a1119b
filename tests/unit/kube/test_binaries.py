"""Where the servers are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.errors import MissingToolError
from tests.kube.binaries import PROGRAMS, build_command, cache_folder, find_binaries, kubernetes_version

pytestmark = pytest.mark.unit


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def test_a_folder_given_comes_before_the_path(tmp_path: Path) -> None:
    assets, path = fill(tmp_path / "assets", *PROGRAMS), fill(tmp_path / "path", *PROGRAMS)
    environment = {"PATH": str(path)}
    assert find_binaries(environment).command("kubectl") == [path / "kubectl"]
    assert find_binaries({**environment, "KUBEBUILDER_ASSETS": str(assets)}).command("etcd") == [assets / "etcd"]


def test_a_given_folder_that_lacks_a_program_is_refused(tmp_path: Path) -> None:
    assets = fill(tmp_path / "assets", "etcd", "kube-apiserver", "kubectl")
    with pytest.raises(MissingToolError, match=r"lacks kube-controller-manager$"):
        find_binaries({"KUBEBUILDER_ASSETS": str(assets)})


def test_a_build_of_this_very_module_is_used_again(tmp_path: Path) -> None:
    environment = {"PATH": "", "XDG_CACHE_HOME": str(tmp_path)}
    folder = fill(cache_folder(environment), "kube")
    assert find_binaries(environment).command("kube-apiserver") == [folder / "kube", "apiserver"]


def test_without_servers_and_go_and_where_go_cannot_be_installed_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError, match=r"install Go .* KUBEBUILDER_ASSETS"):
        find_binaries({"PATH": "", "XDG_CACHE_HOME": str(tmp_path), "PIP_NO_INDEX": "1"})


def test_a_changed_module_is_built_anew(tmp_path: Path) -> None:
    module = fill(tmp_path / "module")
    (module / "go.mod").write_text("module kube\n\nrequire k8s.io/kubernetes v1.99.1\n")
    before = cache_folder({}, module)
    (module / "main.go").write_text("package main\n")
    assert kubernetes_version(module) == "v1.99.1"
    assert before.name.startswith("kube-v1.99.1-")
    assert cache_folder({}, module) != before


def test_the_build_carries_the_version(tmp_path: Path) -> None:
    command = " ".join(map(str, build_command(tmp_path / "kube", "v1.99.1")))
    for flag in ("gitVersion=v1.99.1", "gitMajor=1", "gitMinor=99"):
        assert f"-X k8s.io/component-base/version.{flag}" in command
