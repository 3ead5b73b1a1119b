"""The flows that are had again and again with faults: what begins each, and when it has come to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.cluster.operator.quick.site import NAME, QuickSite
from tests.kube.api import Object
from tests.kube.waiting import until

# Seconds without a change after which nothing more is expected: a few looks.
_QUIET = 3.0
_BACKUP = {"schedule": "@yearly", "retention": {"count": 1}, "drill": {"schedule": "@yearly"}}


@dataclass(frozen=True)
class Flow:
    """`begin` installs, before any operator runs. `commands`: each is to run exactly once."""

    name: str
    begin: Callable[[QuickSite], None]
    commands: tuple[str, ...]

    def over(self, site: QuickSite) -> bool:
        """Every command ran, and the operator says that nothing is left to do."""
        with site.lock:
            if sorted(site.index.ran) != sorted(self.commands):
                return False
        found = site.outcome()
        told = found["indexes"].get(NAME, {})
        ends = [*found["backups"], *found["restores"]]
        return told.get("Reconciling") == ("False", "Settled") and all("Complete" in end for end in ends)

    def settled(self, site: QuickSite, seconds: float = 120) -> Object:
        """What came of it once it is over and nothing changes any more. Raises `TimeoutError` with the end of the operator's log."""
        try:
            until(lambda: self.over(site), f"the end of {self.name}", seconds=seconds)
            return _steady(site)
        except Exception as error:
            error.add_note(f"{site.outcome()}\n{site.proxy.counted()}\n{site.operator.log_tail(40)}")
            raise


def _steady(site: QuickSite) -> Object:
    last, since = site.outcome(), time.monotonic()

    def unchanged() -> bool:
        nonlocal last, since
        if (now := site.outcome()) != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > _QUIET

    until(unchanged, "rest")
    return last


def _retrain(site: QuickSite) -> None:
    site.install(retrain=True)


def _backup(site: QuickSite) -> None:
    site.install({"backup": _BACKUP})


def _restore(site: QuickSite) -> None:
    """Into the index itself, from the backup of a state before the present one."""
    with site.lock:
        site.index.backups[site.index.state.manifest] = site.index.state
        site.index.ingest(10)
    site.install({"backup": {}})
    site.restore()


RETRAIN = Flow("retrain", _retrain, ("train", "gate", "promote", "retire"))
BACKUP = Flow("backup", _backup, ("backup", "backup prune", "drill"))
RESTORE = Flow("restore", _restore, ("restore",))
FLOWS = {flow.name: flow for flow in (RETRAIN, BACKUP, RESTORE)}
