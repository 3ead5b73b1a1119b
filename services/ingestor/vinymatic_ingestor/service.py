"""The ingestor as a whole: its parts put together, the index opened, the loop run."""

from __future__ import annotations

import logging
import os
import queue
import socket
from collections.abc import Mapping

from pydantic import SecretStr

from vinymatic.errors import StorageDeniedError, StorageUnavailableError
from vinymatic.lifecycle.backup import Recording
from vinymatic.lifecycle.places import drill_folder, retention_policy, work_folder
from vinymatic.lifecycle.writer import Writer
from vinymatic.logs import line
from vinymatic.settings import IngestorSettings
from vinymatic_ingestor.backups import Backups
from vinymatic_ingestor.consumer import Beside, Consumer
from vinymatic_ingestor.endpoint import Endpoint
from vinymatic_ingestor.health import Health
from vinymatic_ingestor.jobs import Jobs, jobs_of
from vinymatic_ingestor.metrics import Metrics
from vinymatic_ingestor.pace import Pace
from vinymatic_ingestor.ports import Ports
from vinymatic_ingestor.work import feature_spec

log = logging.getLogger(__name__)

PART = "index"


class Ingestor:
    """One process's ingestor."""

    def __init__(self, settings: IngestorSettings, ports: Ports, *, pace: Pace | None = None) -> None:
        """Takes the port of the metrics. Raises `SettingError` when it is not free."""
        self.metrics = Metrics()
        self.health = Health()
        self._settings = settings
        self._ports = ports
        self._pace = pace or Pace()
        self._jobs = Jobs(jobs_of(settings), child_environment(settings), self.health, self.metrics)
        self._endpoint = Endpoint(settings.metrics_host, settings.metrics_port, self.metrics, self.health)
        self._writer = Writer(
            ports.index,
            work_folder(settings),
            feature_spec(settings),
            writer=f"ingestor {socket.gethostname()} {os.getpid()}",
        )
        self._consumer: Consumer | None = None
        self._stop_asked = False
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    def run(self) -> bool:
        """Until `stop`. Whether everything has ended; False when a request hangs, which nobody needs to wait for.

        Raises `IndexMismatchError`, `CorruptFileError`, `UnsupportedFormatError` for an index that this process must not write to.
        """
        self._endpoint.start()
        try:
            if not self._open_index():
                return True
            self._consumer = self._make_consumer()
            if self._stop_asked:  # while it was being made
                self._consumer.stop()
            return self._consumer.run()
        finally:
            self._endpoint.stop()

    def stop(self) -> None:
        """Asks `run` to end soon; may be called from a signal's handler and from any thread."""
        self._stop_asked = True
        self._wake.put(None)
        if self._consumer is not None:
            self._consumer.stop()

    def _open_index(self) -> bool:
        """Tries until the store answers; False when told to stop before it did."""
        failures = 0
        while not self._stop_asked:
            try:
                self._writer.open()
            except (StorageUnavailableError, StorageDeniedError) as error:
                failures += 1
                pause = self._pace.pause(failures, error)
                self.metrics.errors.labels(error.code).inc()
                self.health.failed(PART, error)
                self.health.tick()
                log.error(line("open_failed", code=error.code, message=str(error), next_try_seconds=pause))
                self._pause(pause)
            else:
                self.health.well(PART)
                self.health.tick()
                log.info(line("started", index=self._ports.index.url, manifest=self._writer.number))
                return True
        return False

    def _pause(self, seconds: float) -> None:
        try:
            self._wake.get(timeout=seconds)
        except queue.Empty:
            return

    def _make_consumer(self) -> Consumer:
        return Consumer(
            self._settings,
            self._ports,
            self._writer,
            self._jobs,
            pace=self._pace,
            health=self.health,
            metrics=self.metrics,
            beside=self._beside(),
        )

    def _beside(self) -> Mapping[str, Beside]:
        if self._ports.backup is None:
            return {}
        backups = Backups(
            self._ports.index,
            self._ports.backup,
            self._settings.backup_interval,
            lambda: self._writer.number,
            self.health,
            self.metrics,
            policy=retention_policy(self._settings),
            recording=Recording(self._settings.backup_questions, drill_folder(self._settings)),
        )
        return {"backups": backups.run}


def child_environment(settings: IngestorSettings) -> dict[str, str]:
    """The environment in which a child process finds the same index: ours, with what was set otherwise on top."""
    environment = dict(os.environ)
    for name in IngestorSettings.model_fields:
        value = getattr(settings, name)
        environment[name.upper()] = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return environment
