"""The one table of settings: name, type, default, range, help. Validation at start, `--help` and docs/settings.md all come from it.

A field's environment variable is its name in capitals. Fields shared by several processes stand in `Common` and `IndexAccess`; a process
overrides a default where its job differs (a photo deserves a larger box than a cover: docs/recognition.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Dimensions = Annotated[int, Field(ge=16, le=128, multiple_of=8)]
BoxSide = Annotated[int, Field(ge=64, le=4096)]
FeatureCount = Annotated[int, Field(ge=16, le=10_000)]
Port = Annotated[int, Field(ge=1, le=65_535)]


class Common(BaseModel):
    """What every process reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    debug: bool = Field(default=False, description="Debug logging.")


class IndexAccess(Common):
    """Where the index is, and the features it is made of."""

    result_file: str = Field(
        default="",
        description="File that a command writes its outcome to as one JSON object, such as Kubernetes' /dev/termination-log. Empty: none.",
    )
    sift_dimensions: Dimensions = Field(
        default=128,
        description="Dimensions of the feature vector. 128 is SIFT itself; fewer, through a trained PCA. Fixed for an index's life.",
    )
    backup_folder: Path = Field(
        default=Path("vinymatic-data"),
        description="API: the folder where the index and the feature model are stored. Ingestor: the folder of the index and its backups. "
        "With INDEX_URL set: the local copy that a restart opens at once.",
    )
    index_url: str = Field(
        default="",
        pattern=r"^$|^s3://[^/]+(/.*)?$|^file://(/.*)$",
        description="Where the index's truth lives: s3://bucket/prefix or file:///folder. Empty: in BACKUP_FOLDER.",
    )
    s3_access_key_id: str = Field(
        default="",
        description="Access key of S3 and SQS. Empty, with the secret: the usual AWS chain (environment, profile, role, IRSA).",
    )
    s3_secret_access_key: SecretStr = Field(default=SecretStr(""), description="Its secret key.")
    s3_region: str = Field(
        default="us-east-1", pattern=r"^[A-Za-z0-9-]+$", description="Region of the bucket and the queue."
    )
    s3_endpoint_url: str = Field(
        default="", pattern=r"^$|^https?://.+$", description="Endpoint of an S3-compatible store. Empty: AWS."
    )
    s3_bucket: str = Field(
        default="",
        pattern=r"^$|^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$",
        description="The bucket that holds the cover scans. The index is backed up to it too. "
        "API: match pictures show the scans that it may read there.",
    )
    sqs_queue_url: str = Field(
        default="",
        pattern=r"^$|^https?://.+$",
        description="The queue that carries the keys of new, changed and removed covers.",
    )
    sqs_endpoint_url: str = Field(
        default="",
        pattern=r"^$|^https?://.+$",
        description="Endpoint of an SQS-compatible service. Empty: the host of SQS_QUEUE_URL, or AWS.",
    )
    backup_url: str = Field(
        default="",
        pattern=r"^$|^s3://[^/]+(/.*)?$|^file://(/.*)$",
        description="Where backups go. Empty: s3://S3_BUCKET/vinymatic-backup.",
    )
    backup_keep_count: int = Field(
        default=0, ge=0, le=1_000_000, description="Backups kept; older ones are deleted after a backup. 0: all."
    )
    backup_keep_days: float = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Backups older than this are deleted after a backup, the newest never. Days. 0: none.",
    )
    backup_questions: int = Field(
        default=16,
        ge=0,
        le=1_000,
        description="Questions whose answers are recorded with each backup for `vinymatic drill`; it is opened whole for that. 0: none.",
    )
    gate_photos_url: str = Field(
        default="",
        pattern=r"^$|^s3://[^/]+(/.*)?$|^file://(/.*)$",
        description="Your own photos, with labels.csv, that a retrained codebook is measured on too. Empty: simulated photos alone.",
    )
    max_pixels: int = Field(
        default=50_000_000,
        ge=10_000,
        le=1_000_000_000,
        description="Most pixels of an image; read from its header before it is decoded.",
    )


class ApiSettings(IndexAccess):
    """The API: `vinymatic serve`."""

    num_features: FeatureCount = Field(default=500, description="Most features taken from an image.")
    nor_x: BoxSide = Field(
        default=480, description="Normalized width: the box an image is scaled into, aspect kept. Pixels."
    )
    nor_y: BoxSide = Field(default=480, description="Normalized height of that box. Pixels.")
    top_n: int = Field(default=5, ge=1, le=100, description="Most answers of POST /search.")
    similarity_threshold: float = Field(
        default=0.5, ge=0.0, le=1.0, description="Least score of an answer: a calibrated probability between 0 and 1."
    )
    score_weights: str = Field(
        default="",
        description="File with the score's weights, as `vinymatic calibrate` writes it; the same on all replicas. Empty: the shipped ones.",
    )
    host: str = Field(default="0.0.0.0", description="Address to listen on.")  # noqa: S104 - a container's only way to be reached
    port: Port = Field(default=5002, description="Port to listen on.")
    search_threads: int = Field(
        default=0, ge=0, le=256, description="Threads that decode, extract and search. 0: one a core."
    )
    queue_size: int = Field(
        default=32,
        ge=1,
        le=10_000,
        description="Photos that may wait for a thread; more are answered 503 with Retry-After.",
    )
    max_body_bytes: int = Field(
        default=20_000_000, ge=1_000, le=1_000_000_000, description="Largest request body. Bytes."
    )
    index_epoch: int | None = Field(
        default=None,
        ge=0,
        le=1_000_000_000,
        description="The codebook epoch to serve while the index holds it; else, and when empty, the active one.",
    )
    index_min_manifest: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000_000_000,
        description="Least manifest that a replica must serve before it is ready; rolled out by the operator with a new epoch or a "
        "restore.",
    )
    refresh_interval: float = Field(
        default=1.0, ge=0.1, le=3_600, description="How often the API asks for a newer manifest, with one GET. Seconds."
    )


class IngestorSettings(IndexAccess):
    """The ingestor: `vinymatic ingest`."""

    num_features: FeatureCount = Field(default=300, description="Most features taken from an image.")
    nor_x: BoxSide = Field(
        default=320, description="Normalized width: the box an image is scaled into, aspect kept. Pixels."
    )
    nor_y: BoxSide = Field(default=320, description="Normalized height of that box. Pixels.")
    retraining_interval: int = Field(
        default=10_000, ge=0, le=1_000_000_000, description="Number of images to ingest before retraining. 0: no limit."
    )
    retraining_days: float = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Retrain after so many days too, when anything was ingested. 0: no limit.",
    )
    retraining_growth: float = Field(
        default=0,
        ge=0,
        le=1_000,
        description="Retrain when there are so many times as many covers as at the last training, too. 0: no limit.",
    )
    retraining_drift: float = Field(
        default=0,
        ge=0,
        le=100,
        description="Retrain when the quantization error of new covers exceeds that of the training by this share, too. 0: no limit.",
    )
    backup_interval: float = Field(
        default=3_600,
        ge=0,
        le=31_536_000,
        description="Time between backups of the index to BACKUP_URL. Seconds. 0: never.",
    )
    compaction_interval: float = Field(
        default=60,
        ge=0,
        le=31_536_000,
        description="Small segments are merged when they are enough, and no more often than this. Seconds. 0: by others.",
    )
    collection_interval: float = Field(
        default=86_400,
        ge=0,
        le=31_536_000,
        description="Time between collections of old manifests and files that none names. Seconds. 0: by others.",
    )
    batch_size: int = Field(default=64, ge=1, le=10_000, description="Covers of one commit at most.")
    batch_age: float = Field(
        default=2.0,
        ge=0.05,
        le=600,
        description="A batch is committed when its oldest cover is this old, full or not. Seconds.",
    )
    visibility_timeout: int = Field(
        default=120,
        ge=5,
        le=43_200,
        description="How long a received message stays hidden; extended while work goes on. Seconds.",
    )
    ingest_threads: int = Field(
        default=0, ge=0, le=256, description="Threads that download and extract. 0: one a core."
    )
    max_object_bytes: int = Field(
        default=64_000_000,
        ge=1_000,
        le=5_000_000_000,
        description="Largest cover scan; a larger one is rejected unread. Bytes.",
    )
    metrics_host: str = Field(default="0.0.0.0", description="Address of /metrics and /healthz.")  # noqa: S104 - scraped from outside
    metrics_port: Port = Field(default=9102, description="Port of /metrics and /healthz.")


class OperatorSettings(Common):
    """The operator: `vinymatic operate`."""

    watch_namespaces: str = Field(
        default="",
        pattern=r"^$|^[a-z0-9-]+( *, *[a-z0-9-]+)*$",
        description="Namespaces whose VinylIndex resources are looked after, with commas between them. Empty: every namespace.",
    )
    tick_seconds: float = Field(
        default=10.0,
        ge=0.1,
        le=600,
        description="How often each index is looked at when nothing changes; a change is acted on at once. Seconds.",
    )
    resync_seconds: float = Field(
        default=300.0,
        ge=1,
        le=3_600,
        description="How often everything is listed anew, for what a watch may have missed. Seconds.",
    )
    backoff_seconds: float = Field(
        default=60.0,
        ge=0,
        le=3_600,
        description="Pause before a step whose Job failed is tried again; it doubles with each failure, up to an hour. Seconds.",
    )
    metrics_host: str = Field(default="0.0.0.0", description="Address of /metrics, /healthz and /readyz.")  # noqa: S104 - probed from outside
    metrics_port: Port = Field(default=9103, description="Port of /metrics, /healthz and /readyz.")

    @property
    def namespaces(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.watch_namespaces.split(",") if name.strip())


# Variables that Python itself obeys; documented beside ours because people set them together.
PYTHONS_OWN = {"PYTHONUNBUFFERED": "Python's own: 1 writes logs at once instead of in blocks."}
