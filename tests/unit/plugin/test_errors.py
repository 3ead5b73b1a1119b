"""The server's refusals, in words that say what to do."""

from __future__ import annotations

import pytest

from vinymatic_operator.errors import KubeConflictError, KubeDeniedError, KubeError, KubeNotFoundError
from vinymatic_operator.kube.resources import INDEXES
from vinymatic_operator.plugin.cluster import explained

pytestmark = pytest.mark.unit

PATH = "get /apis/vinymatic.io/v1alpha1/namespaces/shop/vinylindexes/records"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            KubeNotFoundError(f'{PATH}: 404 vinylindexes.vinymatic.io "records" not found'),
            "VinylIndex records is not in namespace shop",
        ),
        (
            KubeNotFoundError(f"{PATH}: 404 404 page not found\n"),
            "this cluster has no vinylindexes.vinymatic.io: the CRDs are not installed",
        ),
        (
            KubeDeniedError(
                f'{PATH}: 403 vinylindexes.vinymatic.io "records" is forbidden: User "system:serviceaccount:shop:reader"'
                ' cannot patch resource "vinylindexes" in API group "vinymatic.io" in the namespace "shop"'
            ),
            "system:serviceaccount:shop:reader may not patch vinylindexes.vinymatic.io in namespace shop:"
            ' a Role must grant the verb "patch" on it',
        ),
        (
            KubeDeniedError(f"{PATH}: 401 Unauthorized"),
            "the API server does not know who you are (401): log in to the cluster again",
        ),
        (KubeConflictError(f"{PATH}: 409 it is there"), f"{PATH}: 409 it is there"),
    ],
)
def test_a_refusal_is_explained_and_stays_of_its_kind(error: KubeError, text: str) -> None:
    found = explained(error, INDEXES, "shop", "records")
    assert str(found) == text
    assert type(found) is type(error)
