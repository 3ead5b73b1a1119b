"""Our own two services as local processes, in the original's way: both share BACKUP_FOLDER."""

from __future__ import annotations

from collections.abc import Mapping

from local.layout import Folders, Ports
from local.servers import ServerProcess
from local.servers.answers import answers_http
from local.servers.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from local.servers.ports import HOST
from local.servers.process import clean_environment, tool
from vinymatic.settings import ApiSettings, IngestorSettings, load

# Quicker than in production, for whoever watches.
_DEFAULTS = {"BATCH_AGE": "1", "REFRESH_INTERVAL": "0.5"}


def service_environment(
    user: Mapping[str, str], folders: Folders, ports: Ports, *, bucket: str, queue_url: str
) -> dict[str, str]:
    """The settings of both services: what the user's own environment sets, and over it where the local servers are.

    Raises `SettingError` for a value of the user's that is not allowed.
    """
    names = {name.upper() for kind in (ApiSettings, IngestorSettings) for name in kind.model_fields}
    settings = {
        **_DEFAULTS,
        **{name: user[name] for name in sorted(names) if user.get(name)},
        "S3_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "S3_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "S3_REGION": REGION,
        "S3_BUCKET": bucket,
        "S3_ENDPOINT_URL": f"http://{HOST}:{ports.s3_and_sqs}",
        "SQS_QUEUE_URL": queue_url,
        "BACKUP_FOLDER": str(folders.index.absolute()),
        "HOST": HOST,
        "PORT": str(ports.api),
        "METRICS_HOST": HOST,
        "METRICS_PORT": str(ports.ingestor),
    }
    for kind in (ApiSettings, IngestorSettings):
        load(kind, settings)
    return settings


def api(settings: Mapping[str, str], folders: Folders, ports: Ports) -> ServerProcess:
    return ServerProcess(
        "api",
        [tool("vinymatic"), "serve"],
        log=folders.log("api"),
        ready=lambda: answers_http(ports.api, "/healthz"),
        environment=clean_environment(**settings),
    )


def ingestor(settings: Mapping[str, str], folders: Folders, ports: Ports) -> ServerProcess:
    return ServerProcess(
        "ingestor",
        [tool("vinymatic"), "ingest"],
        log=folders.log("ingestor"),
        ready=lambda: answers_http(ports.ingestor, "/healthz"),
        environment=clean_environment(**settings),
        stop_seconds=60,  # it commits what it has
    )
