"""Backups: where they go, when they are made, how long they are kept, and how they are proven."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from vinymatic_operator.resources.base import Part, rule, rules

# Five fields, or one of the short words. What exactly a field may hold is said by the operator, in the condition BackedUp.
CRON = r"^(@(hourly|daily|midnight|weekly|monthly|annually|yearly)|\S+( +\S+){4})$"

# In CEL: where a drill restores to, of the backup settings at `{}`.
SCRATCH_PREFIX = "(has({0}.drill.scratchPrefix) ? {0}.drill.scratchPrefix : {0}.prefix + '-drill')"


def apart(one: str, other: str) -> str:
    """In CEL: that neither of two prefixes lies in the other, nor is it."""
    return f"!(({one} + '/').startsWith({other} + '/') || ({other} + '/').startsWith({one} + '/'))"


class Schedule(Part):
    """A time-table, as in a CronJob."""

    schedule: str | None = Field(
        default=None,
        max_length=128,
        pattern=CRON,
        description='When, as in a CronJob: "0 3 * * *", or @daily. Without it: only when asked for.',
    )
    time_zone: str = Field(
        default="Etc/UTC",
        max_length=64,
        pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$",
        description="The time zone of the schedule, such as Europe/Berlin; daylight saving is followed.",
    )
    suspend: bool = Field(
        default=False, description="None by itself while this is true; what was missed is not made up for."
    )


class Retention(Part):
    """Which backups stay."""

    count: int = Field(default=0, ge=0, le=100_000, description="So many of the newest.")
    days: float = Field(default=0, ge=0, le=36_500, description="Those no older than this.")


class Drill(Schedule):
    """A restore into a scratch prefix that is loaded as the API loads it, asked the recorded questions, and cleaned up."""

    schedule: str | None = Field(
        default=None,
        max_length=128,
        pattern=CRON,
        description='When, as in a CronJob: "0 4 * * 0", or @weekly; the first one follows the first backup. Without it: never.',
    )
    scratch_prefix: str | None = Field(
        default=None,
        max_length=512,
        pattern=r"^[^/]+(/[^/]+)*$",
        description="The prefix in the backup's bucket that it is restored into; without it, the backup's prefix and -drill.",
    )
    max_age_days: float = Field(
        default=0, ge=0, le=36_500, description="RestoreProven turns false when the last good drill is older. 0: never."
    )


class BackupSpec(Schedule):
    """Where backups go, when, how long they stay and how they are proven."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                f"!has(self.drill) || {apart(SCRATCH_PREFIX.format('self'), 'self.prefix')}",
                "drill.scratchPrefix and the backup's prefix must not lie in one another: a drill deletes what it leaves there",
            ),
        )
    )

    bucket: str | None = Field(
        default=None,
        min_length=3,
        max_length=63,
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="The bucket that holds the backups; without it, the index's. Another one survives the loss of the index's bucket.",
    )
    prefix: str = Field(
        default="backup", max_length=512, pattern=r"^[^/]+(/[^/]+)*$", description="The prefix in that bucket."
    )
    immediate: bool = Field(
        default=True, description="Make the first backup at once, and not only when the schedule says so."
    )
    retention: Retention = Field(
        default=Retention(),
        description="Which backups stay. The newest always does. 0: that limit does not exist; both 0: all stay.",
    )
    questions: int = Field(default=16, ge=0, le=1_000, description="Answers recorded with each backup for drills.")
    drill: Drill | None = Field(
        default=None, description="When a backup is proven by restoring it. Without it: never by itself."
    )
