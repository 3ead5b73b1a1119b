"""Where things are, by the settings: the one place that turns settings into stores, queues and folders."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from vinymatic.errors import CatalogueError, SettingError
from vinymatic.index.layout import FOLDERS
from vinymatic.index.score_weights import SHIPPED, StepWeights, read_weights
from vinymatic.lifecycle.due import RetrainingPolicy
from vinymatic.lifecycle.retention import RetentionPolicy
from vinymatic.queueing.port import Queue
from vinymatic.queueing.sqs import SqsAccess, SqsQueue
from vinymatic.settings import ApiSettings, IndexAccess, IngestorSettings
from vinymatic.storage.open import S3Access, open_store
from vinymatic.storage.port import ObjectStore

BACKUP_PREFIX = "vinymatic-backup"


def index_url(settings: IndexAccess) -> str:
    """INDEX_URL, or the folder `index` in BACKUP_FOLDER."""
    _require_folder(settings)
    return settings.index_url or (settings.backup_folder.absolute() / "index").as_uri()


def backup_url(settings: IndexAccess) -> str:
    """BACKUP_URL, or a folder in S3_BUCKET; empty where neither is set."""
    if settings.backup_url or not settings.s3_bucket:
        return settings.backup_url
    return f"s3://{settings.s3_bucket}/{BACKUP_PREFIX}"


def index_store(settings: IndexAccess) -> ObjectStore:
    """Where the index's truth is. Raises `SettingError`, as all of these do where a setting is missing or half set."""
    return open_store(index_url(settings), _s3_access(settings))


def backup_store(settings: IndexAccess) -> ObjectStore | None:
    """Where backups go; None where nothing says so."""
    url = backup_url(settings)
    if url and url.rstrip("/") == index_url(settings).rstrip("/"):
        # Retention would delete the index's own manifests.
        raise SettingError("BACKUP_URL", url, "another place than the index itself")
    return open_store(url, _s3_access(settings)) if url else None


def store_at(settings: IndexAccess, url: str) -> ObjectStore:
    """Any other store, reached with the same credentials. Raises `StorageError` for what is no URL of a store."""
    return open_store(url, _s3_access(settings))


def retraining_policy(settings: IngestorSettings) -> RetrainingPolicy:
    return RetrainingPolicy(
        images=settings.retraining_interval,
        days=settings.retraining_days,
        growth=settings.retraining_growth,
        drift=settings.retraining_drift,
    )


def retention_policy(settings: IndexAccess) -> RetentionPolicy:
    return RetentionPolicy(settings.backup_keep_count, settings.backup_keep_days)


def labelled_store(settings: IndexAccess) -> ObjectStore | None:
    """The user's labelled photos; None where GATE_PHOTOS_URL is empty."""
    url = settings.gate_photos_url
    if url and url.rstrip("/") == f"s3://{settings.s3_bucket}":
        # They would be indexed as covers.
        raise SettingError("GATE_PHOTOS_URL", url, "a prefix of its own in S3_BUCKET, or another place")
    return store_at(settings, url) if url else None


def score_weights(settings: ApiSettings) -> StepWeights:
    """The score's weights: those in the file SCORE_WEIGHTS, or the shipped ones."""
    if not settings.score_weights:
        return SHIPPED
    try:
        return read_weights(Path(settings.score_weights))
    except OSError as error:
        why = f"{error.strerror}"
    except CatalogueError as error:
        why = error.message
    raise SettingError("SCORE_WEIGHTS", settings.score_weights, f"a file of score weights or nothing ({why})")


def covers_store(settings: IndexAccess) -> ObjectStore:
    """The bucket of the cover scans, whole: its keys are the users'."""
    if not settings.s3_bucket:
        raise SettingError("S3_BUCKET", "", "the name of the bucket that holds the cover scans")
    return open_store(f"s3://{settings.s3_bucket}", _s3_access(settings))


def change_queue(settings: IndexAccess) -> Queue | None:
    """The queue of changes; None where SQS_QUEUE_URL is empty."""
    if not settings.sqs_queue_url:
        return None
    key_id, secret = _key_pair(settings)
    return SqsQueue(settings.sqs_queue_url, SqsAccess(key_id, secret, settings.s3_region, settings.sqs_endpoint_url))


def cache_folder(settings: IndexAccess) -> Path:
    """A reader's local copies. It deletes what it does not need, so a writer must not share it."""
    return settings.backup_folder / "cache"


def work_folder(settings: IndexAccess) -> Path:
    """A writer's local copies: codebooks and cover tables, named by content, so several processes may share it."""
    return settings.backup_folder / "work"


def drill_folder(settings: IndexAccess) -> Path:
    """Local copies of the backup's files, for recording answers. Holds one backup; pruned like a reader's."""
    return settings.backup_folder / "drill"


def is_own_key(settings: IndexAccess, key: str) -> bool:
    """Whether `key` of S3_BUCKET belongs to the index, its backup or the labelled photos, which may lie in the same bucket: such an object
    is no cover."""
    for url in (index_url(settings), backup_url(settings), settings.gate_photos_url):
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        if not url.startswith("s3://") or bucket != settings.s3_bucket:
            continue
        prefix = prefix.strip("/")
        if key.startswith(f"{prefix}/" if prefix else FOLDERS):
            return True
    return False


def is_within(url: str, place: str) -> bool:
    """Whether the store at `url` lies in the one at `place`, or is the same. An empty URL lies nowhere."""
    inner, outer = _steps(url), _steps(place)
    return bool(url and place) and inner[: len(outer)] == outer


def _steps(url: str) -> tuple[str, ...]:
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        return (scheme, *Path(unquote(rest)).resolve().parts)
    return (scheme, *(step for step in rest.split("/") if step))


def _require_folder(settings: IndexAccess) -> None:
    """A file in the way would otherwise be met at the first write, in words that do not name the variable."""
    folder = settings.backup_folder.absolute()
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not nearest.is_dir():
        raise SettingError("BACKUP_FOLDER", str(settings.backup_folder), f"a folder, and {nearest} is none")


def _key_pair(settings: IndexAccess) -> tuple[str, str]:
    secret = settings.s3_secret_access_key.get_secret_value()
    if secret and not settings.s3_access_key_id:
        raise SettingError(
            "S3_ACCESS_KEY_ID", "", "the key that belongs to S3_SECRET_ACCESS_KEY, or neither of the two"
        )
    if settings.s3_access_key_id and not secret:
        raise SettingError(
            "S3_SECRET_ACCESS_KEY", "", "the secret that belongs to S3_ACCESS_KEY_ID, or neither of the two"
        )
    return settings.s3_access_key_id, secret


def _s3_access(settings: IndexAccess) -> S3Access:
    key_id, secret = _key_pair(settings)
    return S3Access(key_id, secret, settings.s3_region, settings.s3_endpoint_url)
