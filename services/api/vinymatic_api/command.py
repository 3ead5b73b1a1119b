"""Answer photos over HTTP: the API."""

from __future__ import annotations

import logging
import socket
from functools import partial

from vinymatic.cli.options import ACCESS, index_command
from vinymatic.errors import SettingError
from vinymatic.index.drawing import LARGEST_COVER
from vinymatic.lifecycle.places import cache_folder, change_queue, covers_store, index_store
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.scan_reader import ScanReader
from vinymatic.settings import ApiSettings
from vinymatic.threads import limit_native_threads
from vinymatic_api.app import create_app
from vinymatic_api.server import listen, run

_READS = tuple(name for name in ApiSettings.model_fields if name not in {*ACCESS, "backup_url"})


@index_command(ApiSettings, reads=_READS)
def serve(settings: ApiSettings) -> None:
    """Answer photos over HTTP, until SIGTERM or Ctrl-C."""
    _log(settings)
    limit_native_threads()
    store, queue = index_store(settings), change_queue(settings)
    reader = Reader(store, cache_folder(settings), dimensions=settings.sift_dimensions, epoch=settings.index_epoch)
    # Every setting is judged before the port is taken: clients would wait on a socket that nobody will answer.
    app = create_app(settings, reader, store, queue, _scans(settings))
    try:
        listening = listen(settings.host, settings.port)
    except socket.gaierror as error:
        raise SettingError("HOST", settings.host, f"an address of this machine ({error.strerror})") from None
    except OSError as error:
        raise SettingError("PORT", f"{settings.host}:{settings.port}", f"a free one ({error.strerror})") from None
    with listening:
        logging.getLogger(__name__).info("listening on %s:%d, following %s", settings.host, settings.port, store.url)
        run(app, listening)
    reader.close()


def _scans(settings: ApiSettings) -> ScanReader | None:
    if not settings.s3_bucket:
        return None
    return ScanReader(partial(covers_store, settings), max_pixels=settings.max_pixels, side=LARGEST_COVER)


def _log(settings: ApiSettings) -> None:
    logging.getLogger().setLevel(logging.DEBUG if settings.debug else logging.INFO)
    # It logs a warning, with the client's bytes, for every damaged form.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    if not settings.debug:
        logging.getLogger("botocore").setLevel(logging.WARNING)
