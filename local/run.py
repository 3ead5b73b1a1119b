"""The whole pipeline on this machine: `make run`.

S3 and SQS (ministack), the ingestor, the API and Caddy, all on loopback and all real; their state stays in data/local. What it starts it
also stops, in order, when it ends or is told to.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

import click
from botocore.exceptions import BotoCoreError, ClientError

from local import catalogue, services
from local.client import ApiClient
from local.errors import LocalError
from local.fleet import Fleet
from local.layout import Folders, Ports
from local.progress import wait_until_searchable
from local.servers import Caddy, Ministack, send_events_to_queue
from local.tryout import photo_of, photo_of_nothing_known
from vinymatic.errors import VinymaticError
from vinymatic.lifecycle.places import change_queue, covers_store, is_own_key
from vinymatic.settings import IngestorSettings, load
from vinymatic.storage import ObjectInfo, ObjectStore

BUCKET = "covers"
QUEUE = "cover-changes"
_LOOK_SECONDS = 0.5
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_INTERRUPTED = 130  # what a shell says of Ctrl-C


class Stopped(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal. Not an `Exception`: no handler of errors may swallow it."""


class Run:
    """One run, in the order of its methods."""

    def __init__(self, folders: Folders, ports: Ports, fleet: Fleet, environment: Mapping[str, str]) -> None:
        self._folders = folders
        self._ports = ports
        self._fleet = fleet
        self._environment = environment
        self._caddy = Caddy(
            folders.caddy,
            {"VINYMATIC_UPSTREAMS": f"127.0.0.1:{ports.api}"},
            http_port=ports.http,
            https_port=ports.https,
        )

    def start(self) -> None:
        """All servers. What they print of their addresses is true when it is printed."""
        ministack = Ministack(self._folders.ministack, port=self._ports.s3_and_sqs)
        self._fleet.start(ministack)
        settings = services.service_environment(
            self._environment, self._folders, self._ports, bucket=BUCKET, queue_url=_bucket_with_events(ministack)
        )
        self._settings = load(IngestorSettings, settings)
        self._fleet.start(
            services.ingestor(settings, self._folders, self._ports),
            services.api(settings, self._folders, self._ports),
            self._caddy,
        )
        print(
            f"  S3 and SQS  {ministack.endpoint}\n"
            f"  ingestor    http://127.0.0.1:{self._ports.ingestor}/metrics\n"
            f"  API         http://127.0.0.1:{self._ports.api}/docs\n"
            f"  HTTPS       {self._url}",
            flush=True,
        )

    def fill(self, folder: Path | None, demo_covers: int) -> list[str]:
        """Uploads what is missing and waits until it is searchable; the searchable keys, in order."""
        store = covers_store(self._settings)
        there = self._listed(store)
        if folder is not None:
            new = catalogue.upload(store, catalogue.of_folder(folder), there, self._fleet.check)
        elif len(there) < demo_covers:
            new = catalogue.upload(store, catalogue.demo(demo_covers), there, self._fleet.check)
        else:
            new = 0
        print(f"{len(there)} covers were in the bucket, {new} were uploaded")
        wanted = {key: info.etag for key, info in self._listed(store).items()}
        with ApiClient(f"http://127.0.0.1:{self._ports.api}") as client:
            self._send_again(client, there, wanted)
            rejected = wait_until_searchable(client, wanted, self._fleet.check)
        for key, message in sorted(rejected.items()):
            print(f"refused: {key}: {message}")
        searchable = sorted(set(wanted) - set(rejected))
        print(f"{len(searchable)} covers are searchable")
        return searchable

    def try_out(self, searchable: list[str]) -> bool:
        """Sends two photos through HTTPS and prints the answers; whether both are right."""
        if not searchable:
            raise LocalError("no cover is searchable, so there is nothing to try")
        key = searchable[len(searchable) // 2]
        photo = photo_of(covers_store(self._settings).get(key)[0])
        self._folders.photo.write_bytes(photo)
        with ApiClient(self._url, self._caddy.trust()) as client:
            print(f"\na photo of {key!r}:")
            scores = client.search(photo)
            print(f"  {json.dumps(scores, ensure_ascii=False)}")
            print("a photo of a sleeve that is not in the catalogue:")
            absent = client.search(photo_of_nothing_known())
            print(f"  {json.dumps(absent, ensure_ascii=False)}")
        # The same scan may lie in the folder twice: then both names are right, with one score.
        right = key in scores and scores[key] == max(scores.values()) and not absent
        print("both answers are right" if right else "that is not the right answer")
        return right

    def say_how(self) -> None:
        print(
            f"\nAsk yourself:\n  curl --cacert {_shown(self._caddy.root_certificate)} "
            f"-F file=@{_shown(self._folders.photo)} {self._url}/search\n"
            f"More: http://127.0.0.1:{self._ports.api}/docs   logs and data: {_shown(self._folders.root)}"
        )

    def stay(self) -> None:
        """Until `Stopped`; raises `ServerDiedError` when a server dies meanwhile."""
        print("\nCtrl-C stops everything.", flush=True)
        waiting = threading.Event()
        while not waiting.wait(_LOOK_SECONDS):
            self._fleet.check()

    @property
    def _url(self) -> str:
        return f"https://localhost:{self._ports.https}"

    def _listed(self, store: ObjectStore) -> dict[str, ObjectInfo]:
        return catalogue.listed(store, lambda key: is_own_key(self._settings, key))

    def _send_again(self, client: ApiClient, there: Mapping[str, ObjectInfo], wanted: Mapping[str, str]) -> None:
        """Names the covers of earlier runs that are not indexed: ministack's queue does not survive a kill -9 or a power cut."""
        queue = change_queue(self._settings)
        if queue is None or not there:
            return
        etags = client.etags()
        for key in there:
            if etags.get(key) != wanted.get(key):
                queue.send(key)


def _bucket_with_events(ministack: Ministack) -> str:
    """Makes the bucket and the queue where they are missing, and wires them; the queue's URL."""
    s3, sqs = ministack.s3(), ministack.sqs()
    try:
        if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
            s3.create_bucket(Bucket=BUCKET)
        queue_url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
        send_events_to_queue(s3, sqs, BUCKET, queue_url)
    except (ClientError, BotoCoreError) as error:
        raise LocalError(f"ministack: {error}") from error
    return queue_url


def _shown(path: Path) -> str:
    """As short as it can be typed here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a handler's signature
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # stopping in order is not to be cut short
    print("\nstopping", flush=True)
    raise Stopped


@click.command()
@click.option(
    "--covers",
    type=click.Path(path_type=Path),
    help="Folder of your own scans; their names become the IDs. Without it: generated sleeves.",
)
@click.option("--check", is_flag=True, help="Try one photo and end: code 0 only if the right answer came.")
@click.option(
    "--demo-covers", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Generated sleeves."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("data/local"),
    show_default=True,
    help="Where everything is kept between runs.",
)
def main(covers: Path | None, check: bool, demo_covers: int, data: Path) -> None:
    """Run the whole pipeline on this machine: S3, SQS, ingestor, API and HTTPS, on loopback."""
    for number in _SIGNALS:
        signal.signal(number, _stop)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]  # nothing here leaves the machine
    # Apart from one another: generated sleeves are no part of one's own catalogue.
    folders = Folders(data.absolute() / ("own" if covers is not None else "demo"))
    code = _INTERRUPTED
    try:
        ports = Ports.from_environment(os.environ)
        ports.require_free()
        if covers is not None:
            catalogue.of_folder(covers)  # before anything starts
        with Fleet() as fleet:
            run = Run(folders, ports, fleet, os.environ)
            print("starting", flush=True)
            run.start()
            code = 0 if run.try_out(run.fill(covers, demo_covers)) else 1
            if not check:
                run.say_how()
                code = 0  # whoever stops it from now on has had what they wanted
                run.stay()
    except Stopped:
        print("stopped; the data stays", flush=True)
    except VinymaticError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
