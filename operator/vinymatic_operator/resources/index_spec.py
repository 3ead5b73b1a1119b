"""VinylIndex: what its owner wishes. Defaults here are the CRD's defaults, so that `kubectl get -o yaml` shows what holds."""

from __future__ import annotations

from enum import StrEnum

from pydantic import ConfigDict, Field

from vinymatic_operator.resources.base import Part, immutable, rule, rules
from vinymatic_operator.resources.job_template import JobTemplate
from vinymatic_operator.resources.schedules import SCRATCH_PREFIX, BackupSpec, apart

DNS_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"


_OTHER_BUCKET = "(has(self.backup.bucket) && self.backup.bucket != self.storage.bucket)"
# Collection deletes under the index's prefix what no manifest names, and deletionPolicy Delete all: a backup in it would go too.
BACKUP_BESIDE_INDEX = rule(
    f"!has(self.backup) || {_OTHER_BUCKET} || {apart('self.backup.prefix', 'self.storage.prefix')}",
    "backup.prefix and storage.prefix must not lie in one another in the same bucket: deleting one would delete the other",
)
# A drill cleans its scratch prefix up.
SCRATCH_BESIDE_INDEX = rule(
    f"!has(self.backup) || !has(self.backup.drill) || {_OTHER_BUCKET}"
    f" || {apart(SCRATCH_PREFIX.format('self.backup'), 'self.storage.prefix')}",
    "backup.drill.scratchPrefix (by default backup.prefix and -drill) and storage.prefix must not lie in one another in the same"
    " bucket: a drill deletes what it leaves there",
)


class DeletionPolicy(StrEnum):
    RETAIN = "Retain"
    DELETE = "Delete"


class Storage(Part):
    """Where the index's truth lives."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "!has(self.secretName) || !has(self.serviceAccountName)",
                "give secretName or serviceAccountName, not both",
            ),
        )
    )

    bucket: str = Field(
        min_length=3,
        max_length=63,
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="The S3 bucket that holds the index.",
        json_schema_extra=rules(immutable("bucket", "restore a backup into a new VinylIndex instead")),
    )
    prefix: str = Field(
        default="index",
        max_length=512,
        pattern=r"^[^/]+(/[^/]+)*$",
        description="The prefix in the bucket under which all of the index's objects lie.",
        json_schema_extra=rules(immutable("prefix", "restore a backup into a new VinylIndex instead")),
    )
    region: str = Field(
        default="us-east-1", pattern=r"^[A-Za-z0-9-]+$", max_length=63, description="The bucket's region."
    )
    endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://.+$",
        max_length=512,
        description="Address of an S3-compatible store. Without it: AWS.",
    )
    secret_name: str | None = Field(
        default=None,
        max_length=253,
        description="A Secret with the keys S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, for Jobs. The operator itself never reads it.",
    )
    service_account_name: str | None = Field(
        default=None,
        max_length=253,
        description="A ServiceAccount whose identity may use the bucket (IRSA, workload identity), instead of a Secret.",
    )


class Workload(Part):
    """A Deployment in the namespace of the VinylIndex."""

    deployment: str = Field(pattern=DNS_LABEL, max_length=63, description="The Deployment's name.")
    container: str | None = Field(
        default=None, max_length=63, description="The container in its pods; without it, the first one."
    )


class ApiWorkload(Workload):
    """The API Deployment: it is rolled over to a new epoch or a restored index through its pod template."""

    port: int = Field(default=5002, ge=1, le=65_535, description="The port on which each pod says what it serves.")


class Features(Part):
    """What the index is made of. Fixed for its life: features of other settings do not match each other."""

    dimensions: int = Field(default=128, ge=16, le=128, multiple_of=8, description="SIFT_DIMENSIONS.")
    count: int = Field(
        default=300,
        ge=16,
        le=10_000,
        description="NUM_FEATURES of a cover: the ingestor's; one that says another is told of.",
    )
    box_width: int = Field(default=320, ge=64, le=4096, description="NOR_X of a cover, in pixels.")
    box_height: int = Field(default=320, ge=64, le=4096, description="NOR_Y of a cover, in pixels.")


class Gate(Part):
    """What a retrained codebook must reach before it is served, measured against the active one."""

    simulated_photos: int = Field(default=200, ge=2, le=100_000, description="Simulated photos that both are asked.")
    golden_photos: str | None = Field(
        default=None,
        pattern=r"^s3://[^/]+(/.*)?$",
        max_length=1024,
        description="Your own labelled photos (with labels.csv), as s3://bucket/prefix; asked beside the simulated ones.",
    )
    recall_loss: float = Field(
        default=0.01, ge=-1, le=1, description="Most that recall may fall; below 0, it must rise by as much."
    )
    false_accept_gain: float = Field(
        default=0.005, ge=0, le=1, description="Most that the share of false accepts may rise."
    )
    slowdown: float = Field(
        default=2.0, ge=1, le=100, description="Most by which the median time of a search may be multiplied."
    )


class Retraining(Part):
    """When the codebook is trained anew. Each limit counts from the last training; 0: that limit does not exist."""

    suspend: bool = Field(default=False, description="No retraining by itself; one that is asked for still runs.")
    images: int = Field(
        default=10_000, ge=0, le=1_000_000_000, description="RETRAINING_INTERVAL: images ingested since then."
    )
    days: float = Field(default=0, ge=0, le=36_500, description="Days passed since then, when anything was ingested.")
    growth: float = Field(default=0, ge=0, le=1_000, description="Times as many covers as then.")
    drift: float = Field(
        default=0,
        ge=0,
        le=100,
        description="Share by which the quantization error of new covers exceeds that of the training.",
    )
    parallelism: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Pods that encode the older segments side by side; worth it from about 100,000 covers.",
    )
    gate: Gate = Field(
        default=Gate(),
        description="What a retrained codebook must reach before it is served, measured against the active one.",
    )
    keep_previous: bool = Field(
        default=False,
        description="Keep the epoch before the active one until the next retraining: a rollback stays possible, "
        "ingestors write it as well, and the index is larger by it.",
    )


class Rollout(Part):
    """How the API is rolled over, and when that is given up."""

    progress_deadline_seconds: int = Field(
        default=600, ge=10, le=86_400, description="A roll-out that is not done so long after it began is rolled back."
    )
    soak_seconds: int = Field(
        default=300, ge=0, le=86_400, description="So long a new epoch is watched before the one before it is retired."
    )
    max_staleness_seconds: int = Field(
        default=60,
        ge=1,
        le=86_400,
        description="A pod that has not read the manifest log for longer is named as stale.",
    )
    max_error_rate: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Share of failed searches, of at least 20, above which a new epoch is rolled back.",
    )


class Upkeep(Part):
    """Compaction or collection: an interval of time. The Job runs only when there is something to do."""

    suspend: bool = Field(default=False, description="Never by itself.")
    interval_minutes: int = Field(ge=1, le=525_600, description="No more often than this.")


class Compaction(Upkeep):
    """Merging of small segments."""

    interval_minutes: int = Field(default=15, ge=1, le=525_600, description="No more often than this.")


class Collection(Upkeep):
    """Deletion of old manifests and of the files that none names."""

    interval_minutes: int = Field(default=1_440, ge=1, le=525_600, description="No more often than this.")
    keep_manifests: int = Field(default=10, ge=1, le=100_000, description="So many of the newest manifests stay.")
    grace_hours: int = Field(default=24, ge=24, le=8_760, description="How long a superseded manifest stays.")


IMAGE_OF_JOBS = rule(
    "has(self.ingestor) || has(self.jobTemplate.image)",
    "give ingestor, whose image Jobs run, or jobTemplate.image",
)


class IndexSpec(Part):
    """What the owner of a VinylIndex wishes."""

    model_config = ConfigDict(json_schema_extra=rules(BACKUP_BESIDE_INDEX, SCRATCH_BESIDE_INDEX, IMAGE_OF_JOBS))

    storage: Storage = Field(description="Where the index's truth lives.")
    api: ApiWorkload = Field(description="The API Deployment that serves the index.")
    ingestor: Workload | None = Field(
        default=None, description="The ingestor Deployment. Jobs run its image unless jobTemplate.image says another."
    )
    features: Features = Field(
        default=Features(),
        description="What the index is made of. Fixed for its life: features of other settings do not match each other.",
        json_schema_extra=rules(immutable("features", "features of other settings do not match each other")),
    )
    retraining: Retraining = Field(
        default=Retraining(),
        description="When the codebook is trained anew. Each limit counts from the last training; 0: that limit does not exist.",
    )
    rollout: Rollout = Field(default=Rollout(), description="How the API is rolled over, and when that is given up.")
    backup: BackupSpec | None = Field(
        default=None, description="Where backups go, when, and how they are proven. Without it: none."
    )
    compaction: Compaction = Field(default=Compaction(), description="Merging of small segments.")
    collection: Collection = Field(default=Collection(), description="Deletion of what nothing needs any more.")
    deletion_policy: DeletionPolicy = Field(
        default=DeletionPolicy.RETAIN,
        description="What becomes of the objects in the bucket when the VinylIndex is deleted. "
        "Delete keeps a finalizer on it until a Job has "
        "removed everything under the prefix; backups stay in any case.",
    )
    paused: bool = Field(
        default=False, description="The operator only looks and tells; it starts nothing. Jobs that run are left alone."
    )
    job_template: JobTemplate = Field(
        default=JobTemplate(),
        description="What the pods of Jobs look like. Security context, volumes and environment are the operator's own.",
    )
