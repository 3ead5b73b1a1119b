"""Index the covers whose keys arrive in the queue; runs until it is stopped."""

from __future__ import annotations

from vinymatic.cli.options import ACCESS, index_command
from vinymatic.settings import IngestorSettings


@index_command(IngestorSettings, reads=tuple(name for name in IngestorSettings.model_fields if name not in ACCESS))
def ingest(settings: IngestorSettings) -> None:
    """Read messages with S3 keys, and index the covers they name.

    Every image is checked, described and committed to the index in batches; only then is its message deleted. What is refused gets a
    reject record with the reason. SIGTERM or Ctrl-C commits what is in hand, returns the rest to the queue and exits with 0.
    """
    from vinymatic.logs import start_logging
    from vinymatic_ingestor.ports import open_ports
    from vinymatic_ingestor.service import Ingestor
    from vinymatic_ingestor.signals import run_until_signalled

    start_logging("vinymatic", "vinymatic_ingestor", debug=settings.debug)
    run_until_signalled(Ingestor(settings, open_ports(settings)))
