"""A certificate that somebody else renews, as cert-manager does, in files of the pod."""

from __future__ import annotations

import http.client
import ssl
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import trustme

from tests.component.edge.conftest import Site
from tests.component.edge.rendered import Edge

pytestmark = pytest.mark.component


def write(authority: trustme.CA, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    certificate = authority.issue_cert("covers.example.com")
    (folder / "tls.crt").write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
    (folder / "tls.key").write_bytes(certificate.private_key_pem.bytes())


def status(edge: Edge, authority: trustme.CA) -> int:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with httpx.Client(verify=context, timeout=60) as client:
        answer = client.get(
            f"https://127.0.0.1:{edge.https}/v1/covers",
            headers={"Host": "covers.example.com"},
            extensions={"sni_hostname": "covers.example.com"},
        )
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    return answer.status_code


def test_a_renewed_certificate_is_used_without_a_restart(site: Site) -> None:
    old, new = trustme.CA(), trustme.CA()
    edge = Edge(
        site.folder,
        site.dns,
        site.port,
        {"hosts": ["covers.example.com"], "tls": {"source": "secret", "secretName": "covers"}},
        fallback="127.0.0.1",
    )
    write(old, edge.tls_folder)
    with edge:
        assert status(edge, old) == 200
        write(new, edge.tls_folder)
        assert status(edge, new) == 200
        with pytest.raises(httpx.ConnectError, match="certificate"):
            status(edge, old)


def shakes_hands_without_a_name(edge: Edge) -> bool:
    """As a kubelet's probe does."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with closing(http.client.HTTPSConnection("127.0.0.1", edge.https, context=context)) as connection:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
    except OSError:
        return False


def test_probes_that_name_no_host_are_answered(site: Site) -> None:
    given = Edge(
        site.folder, site.dns, site.port, {"tls": {"source": "secret", "secretName": "x"}}, fallback="127.0.0.1"
    )
    write(trustme.CA(), given.tls_folder)
    with given:
        assert shakes_hands_without_a_name(given)
    assert shakes_hands_without_a_name(site.edge({"hosts": ["localhost", "covers.example.com"]}))
