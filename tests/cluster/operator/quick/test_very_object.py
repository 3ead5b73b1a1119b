"""What a real API server says to a patch of an object that was deleted and made again under its name, as the simulated one does."""

from __future__ import annotations

import kubernetes.client
import kubernetes.config
import pytest

from tests.cluster.operator.quick.conftest import NewSite
from tests.kube.api import Object
from tests.kube.control_plane import ControlPlane
from vinymatic_operator.act.objects import status_patch
from vinymatic_operator.act.patching import patch_that
from vinymatic_operator.errors import KubeInvalidError, KubeNotFoundError
from vinymatic_operator.kube.cache import Cache
from vinymatic_operator.kube.client import ApiServer
from vinymatic_operator.kube.resources import BACKUPS, JOBS, Resource
from vinymatic_operator.observe.reading import uid_of
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import RESULT

pytestmark = pytest.mark.cluster

_POD: Json = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}
_BEFORE = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("resource", "spec", "subresource"),
    [(BACKUPS, {"index": "records"}, "status"), (JOBS, {"suspend": True, "template": _POD}, None)],
    ids=["a status", "a result"],
)
def test_a_patch_of_the_one_before_changes_nothing_and_the_new_one_is_fetched(
    quick_plane: ControlPlane, new_site: NewSite, resource: Resource, spec: Json, subresource: str | None
) -> None:
    site, cache = new_site(), Cache()
    configuration = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(str(quick_plane.kubeconfig), client_configuration=configuration)  # type: ignore[no-untyped-call]
    kube = ApiServer(kubernetes.client.ApiClient(configuration))
    site.create(resource, {"metadata": {"name": "x"}, "spec": spec})
    uid, place = site.read(resource, "x")["metadata"]["uid"], (site.namespace, "x")

    def patch(uid: str) -> Json | list[Json]:
        if subresource is None:
            return {"metadata": {"annotations": {RESULT: "{}"}, "uid": uid}}
        return status_patch({"attempts": 1}, uid)

    with pytest.raises(KubeInvalidError, match="422"):
        kube.patch(resource, *place, patch(_BEFORE), subresource=subresource)
    with pytest.raises(KubeNotFoundError):
        patch_that(kube, cache, resource, place, _BEFORE, patch(_BEFORE), subresource=subresource)
    assert not _landed(site.read(resource, "x"))
    (known,) = cache.select(resource, site.namespace, lambda body: uid_of(body) == uid)
    patch_that(kube, cache, resource, place, uid_of(known), patch(uid_of(known)), subresource=subresource)
    assert _landed(site.read(resource, "x"))


def _landed(body: Object) -> bool:
    return "attempts" in body.get("status", {}) or RESULT in body["metadata"].get("annotations", {})
