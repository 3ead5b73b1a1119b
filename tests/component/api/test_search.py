"""What a right answer looks like."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tests.component.api import images
from tests.component.api.conftest import IDS, UNKNOWN_SLEEVE
from tests.component.api.running import RunningApi, error_of
from tests.support.index import photo_of, simulated

pytestmark = pytest.mark.component


def test_search_answers_the_promised_scores_and_nothing_else(api: RunningApi) -> None:
    response = api.search(photo_of(0))
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    scores = response.json()
    assert next(iter(scores)) == IDS[0]
    assert 0.5 <= scores[IDS[0]] <= 1
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    assert len(scores) <= 5


def test_a_cover_that_is_not_in_the_catalogue_is_an_empty_object(api: RunningApi) -> None:
    response = api.search(photo_of(UNKNOWN_SLEEVE))
    assert (response.status_code, response.text) == (200, "{}")


@pytest.mark.parametrize("n", range(len(IDS)))
def test_every_odd_id_is_answered_as_it_is(api: RunningApi, n: int) -> None:
    assert next(iter(api.search(photo_of(n)).json())) == IDS[n]


@pytest.mark.parametrize("field", ["file", "image"])
def test_a_multipart_file_is_as_good_as_a_raw_body(api: RunningApi, field: str) -> None:
    response = api.client.post("/search", files={field: ("ünï photo.jpg", photo_of(1), "image/jpeg")})
    assert list(response.json()) == [IDS[1]]


def test_v1_says_the_verdict_why_and_where(api: RunningApi) -> None:
    answer = api.search(photo_of(0), "/v1/search").json()
    assert list(answer) == ["verdict", "reason", "covers", "candidates", "manifest", "timings_ms"]
    assert answer["verdict"] == "match"
    assert answer["reason"]
    assert answer["manifest"] == 2
    (cover,) = answer["covers"]
    assert set(cover) == {"id", "score", "inliers", "cosine", "votes", "outline"}
    assert cover["id"] == IDS[0]
    assert cover["inliers"] >= 8
    assert {"queue", "decode", "extract", "shortlist", "verify", "score", "total"} == set(answer["timings_ms"])
    assert all(spent >= 0 for spent in answer["timings_ms"].values())


def test_the_outline_lies_on_the_cover_in_the_photos_own_pixels(api: RunningApi) -> None:
    (cover,) = api.search(photo_of(0), "/v1/search").json()["covers"]
    assert np.abs(np.array(cover["outline"]) - simulated(0).corners).max() < 15


def test_a_photo_that_lies_on_its_side_is_answered_in_upright_pixels(api: RunningApi) -> None:
    (cover,) = api.search(images.lying_jpeg(0), "/v1/search").json()["covers"]
    assert cover["id"] == IDS[0]
    assert np.abs(np.array(cover["outline"]) - simulated(0).corners).max() < 15


@pytest.mark.parametrize(
    "make",
    [
        images.cmyk_jpeg,
        images.grey_jpeg,
        images.palette_png,
        images.grey_16_bit_png,
        images.colour_16_bit_png,
        images.transparent_png,
        images.animated_webp,
    ],
)
def test_every_kind_of_jpeg_png_and_webp_is_recognised(api: RunningApi, make: images.Make) -> None:
    assert list(api.search(make(2)).json()) == [IDS[2]]


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "multipart/form-data", "image/tiff", "!"])
def test_a_wrong_content_type_does_not_matter(api: RunningApi, content_type: str) -> None:
    assert list(api.search(photo_of(0), headers={"content-type": content_type}).json()) == [IDS[0]]


def test_v1_finds_as_many_covers_as_it_is_asked_for(api: RunningApi) -> None:
    both = Image.new("RGB", (2560, 960))
    both.paste(images.photo(0), (0, 0))
    both.paste(images.photo(1), (1280, 0))
    photo = images.saved(both, "JPEG", quality=90)
    one = api.search(photo, "/v1/search").json()
    two = api.search(photo, "/v1/search", params={"max_covers": 2}).json()
    assert len(one["covers"]) == 1
    assert {cover["id"] for cover in two["covers"]} == set(IDS[:2])


def test_v1_takes_a_threshold_of_its_own(api: RunningApi) -> None:
    photo = photo_of(UNKNOWN_SLEEVE)
    everything = api.search(photo, "/v1/search", params={"similarity_threshold": 0, "top_n": 1}).json()
    nothing = api.search(photo, "/v1/search", params={"similarity_threshold": 1}).json()
    assert nothing["covers"] == []
    assert len(everything["candidates"]) <= 1


@pytest.mark.parametrize(
    "query",
    [
        "max_covers=0",
        "max_covers=21",
        "max_covers=two",
        "top_n=0",
        "top_n=101",
        "similarity_threshold=1.01",
        "similarity_threshold=-0.1",
        "similarity_threshold=nan",
        "similarity_threshold=",
    ],
)
def test_an_override_that_is_not_allowed_is_named(api: RunningApi, query: str) -> None:
    response = api.client.post(f"/v1/search?{query}", content=photo_of(0))
    assert response.status_code == 422
    assert error_of(response)["details"][0]["where"] == f"query.{query.partition('=')[0]}"


def test_the_same_photo_gives_the_same_answer_again(api: RunningApi) -> None:
    answers = [api.search(photo_of(3), "/v1/search").json() for _ in range(3)]
    for answer in answers:
        del answer["timings_ms"]
    assert len({json.dumps(answer) for answer in answers}) == 1
