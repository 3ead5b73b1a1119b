"""Settings from an environment: defaults, limits, and the one line that a bad value gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic.errors import SettingError
from vinymatic.settings import ApiSettings, Common, IngestorSettings, load

pytestmark = pytest.mark.unit

KINDS = (ApiSettings, IngestorSettings)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_environment_gives_the_defaults(kind: type[Common]) -> None:
    assert load(kind, {}) == kind()


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_variable_counts_as_unset(kind: type[Common]) -> None:
    assert load(kind, {name.upper(): "" for name in kind.model_fields}) == kind()


def test_values_are_read_as_their_types() -> None:
    settings = load(
        ApiSettings,
        {
            "SIFT_DIMENSIONS": "64",
            "SIMILARITY_THRESHOLD": "0.75",
            "DEBUG": "true",
            "BACKUP_FOLDER": "/x y",
            "TOP_N": "3",
        },
    )
    assert settings.sift_dimensions == 64
    assert settings.similarity_threshold == 0.75
    assert settings.debug is True
    assert settings.backup_folder == Path("/x y")
    assert settings.top_n == 3


@pytest.mark.parametrize(("value", "epoch"), [("", None), ("0", 0), ("7", 7)])
def test_an_epoch_may_be_left_open(value: str, epoch: int | None) -> None:
    assert load(ApiSettings, {"INDEX_EPOCH": value}).index_epoch == epoch


@pytest.mark.parametrize("value", ["-1", "first", "1.5"])
def test_an_epoch_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(SettingError, match=r"INDEX_EPOCH=.*a whole number from 0 to 1000000000 or nothing"):
        load(ApiSettings, {"INDEX_EPOCH": value})


def test_variables_of_others_are_none_of_our_business() -> None:
    assert load(ApiSettings, {"PATH": "/bin", "RETRAINING_INTERVAL": "many"}) == ApiSettings()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIFT_DIMENSIONS", "0"),
        ("SIFT_DIMENSIONS", "129"),
        ("SIFT_DIMENSIONS", "20"),
        ("NUM_FEATURES", "-1"),
        ("NUM_FEATURES", "1.5"),
        ("NOR_X", "63"),
        ("NOR_Y", "wide"),
        ("DEBUG", "perhaps"),
        ("INDEX_URL", "http://bucket/prefix"),
        ("INDEX_URL", "s3://"),
        ("BACKUP_URL", "folder"),
        ("S3_ENDPOINT_URL", "localhost:9000"),
        ("SQS_QUEUE_URL", "queue"),
    ],
)
def test_a_bad_value_is_named_with_what_it_is_and_what_is_allowed(kind: type[Common], name: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        load(kind, {name: value})
    assert caught.value.name == name
    assert caught.value.value == value
    assert str(caught.value) == f"{name}={value!r}: allowed is {caught.value.allowed}"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["-0.1", "1.1", "nan", "high"])
def test_a_threshold_outside_0_to_1_is_refused(value: str) -> None:
    with pytest.raises(SettingError, match=r"SIMILARITY_THRESHOLD=.*a number from 0\.0 to 1\.0"):
        load(ApiSettings, {"SIMILARITY_THRESHOLD": value})


def test_a_secret_is_never_shown() -> None:
    settings = load(ApiSettings, {"S3_SECRET_ACCESS_KEY": "hush"})
    assert "hush" not in repr(settings)
    assert settings.s3_secret_access_key.get_secret_value() == "hush"


@given(st.dictionaries(st.sampled_from([name.upper() for name in IngestorSettings.model_fields]), st.text(max_size=12)))
def test_any_environment_gives_settings_or_one_line(environment: dict[str, str]) -> None:
    refusal: SettingError | None = None
    try:
        load(IngestorSettings, environment)
    except SettingError as error:
        refusal = error
    if refusal is not None:
        assert refusal.name in environment
        assert len(str(refusal).splitlines()) == 1
