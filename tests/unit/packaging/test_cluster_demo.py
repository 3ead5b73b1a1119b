"""How `make cluster-demo` names images."""

from __future__ import annotations

import pytest

from local.cluster import image_values, split
from local.errors import LocalError

pytestmark = pytest.mark.unit


def test_an_image_has_a_name_and_a_tag_and_a_registry_may_have_a_port() -> None:
    assert split("localhost:5000/vinymatic-api:1.0") == ("localhost:5000/vinymatic-api", "1.0")


@pytest.mark.parametrize("image", ["vinymatic-api", "localhost:5000/vinymatic-api"])
def test_an_image_without_a_tag_is_refused(image: str) -> None:
    with pytest.raises(LocalError, match="tag"):
        split(image)


def test_each_component_gets_its_image_and_the_edge_only_where_it_is_named() -> None:
    values = image_values("registry/{}:e2e", None)
    assert "--set-string=operator.image.repository=registry/operator" in values
    assert "--set-string=api.image.tag=e2e" in values
    assert not any("edge" in value for value in values)
    assert "--set-string=edge.image.repository=caddy" in image_values("registry/{}:e2e", "caddy:2")
