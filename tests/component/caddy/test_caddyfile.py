"""What the Caddyfile makes of its variables, by the real binary."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.servers.caddy import CADDYFILE
from local.servers.process import clean_environment, tool

pytestmark = pytest.mark.component


def caddy(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tool("caddy"), command, "--config", CADDYFILE, "--adapter", "caddyfile"],
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        check=False,
    )


def adapted(**environment: str) -> dict[str, Any]:
    answer = caddy("adapt", **environment)
    assert answer.returncode == 0, answer.stderr
    config: dict[str, Any] = json.loads(answer.stdout)
    return config


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"VINYMATIC_DOMAIN": "covers.example.com"},
        {"VINYMATIC_DOMAIN": "a.example.com, b.example.com", "VINYMATIC_UPSTREAMS": "api-1:5002 api-2:5002"},
        {"CADDY_GLOBAL_OPTIONS": "email someone@example.com", "CADDY_ADMIN": "off", "VINYMATIC_HEALTH_URI": "/readyz"},
    ],
)
def test_it_is_valid(environment: dict[str, str], tmp_path: Path) -> None:
    answer = caddy("validate", CADDY_STORAGE=str(tmp_path), HOME=str(tmp_path), **environment)
    assert answer.returncode == 0, answer.stderr
    warnings = [line for line in answer.stderr.splitlines() if '"level":"warn"' in line]
    # The one that only redirects; that it has no TLS is its purpose.
    assert [line for line in warnings if "listening only on the HTTP port" not in line] == []


def test_it_is_formatted_as_caddy_formats() -> None:
    answer = subprocess.run([tool("caddy"), "fmt", CADDYFILE], capture_output=True, text=True, check=False)
    assert answer.stdout == CADDYFILE.read_text()


def test_a_public_domain_alone_asks_lets_encrypt() -> None:
    config = adapted(VINYMATIC_DOMAIN="covers.example.com")
    (policy,) = config["apps"]["tls"]["automation"]["policies"]
    issuer = policy["issuers"][0]
    assert (issuer["module"], issuer["ca"]) == ("acme", "https://acme-v02.api.letsencrypt.org/directory")
    assert '"covers.example.com"' in json.dumps(config["apps"]["http"]["servers"])


def test_every_upstream_is_used_and_checked() -> None:
    text = json.dumps(adapted(VINYMATIC_UPSTREAMS="api-1:5002 api-2:5002", VINYMATIC_HEALTH_URI="/readyz"))
    assert '"upstreams": [{"dial": "api-1:5002"}, {"dial": "api-2:5002"}]' in text
    assert '"uri": "/readyz"' in text


def test_every_variable_is_documented_at_its_top() -> None:
    text = CADDYFILE.read_text()
    documented = set(re.findall(r"^# \| (\w+)", text, re.MULTILINE)) - {"variable"}
    used = set(re.findall(r"\{\$(\w+)", text))
    assert documented == used
