"""From nothing to an answer over HTTPS on a Kubernetes cluster: `make cluster-demo`.

The cluster is kubectl's (KUBECONFIG, or its default) and has the images. The namespace `vinymatic` gets S3 and SQS (k8s/dev) and the chart;
generated sleeves go into the bucket, and a photo of one of them goes through the edge. Run again, it upgrades what is there.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from local import catalogue
from local.client import ApiClient
from local.errors import LocalError, MissingToolError
from local.progress import wait_until_searchable
from local.servers import ServerProcess, free_ports
from local.servers.aws import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from local.servers.ports import HOST, is_free
from local.servers.process import clean_environment, tool
from local.tryout import photo_of, photo_of_nothing_known
from vinymatic import __version__
from vinymatic.errors import VinymaticError
from vinymatic.storage import S3Access, open_store

ROOT = Path(__file__).parents[1]
NAMESPACE = RELEASE = "vinymatic"
BUCKET = "covers"
OURS = ("api", "ingestor", "operator")
_SECONDS = 600
_KUSTOMIZATION = """apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [{resource}]
images: [{{name: ministackorg/ministack, newName: {name}, newTag: "{tag}"}}]
"""


def run(*words: str | Path) -> str:
    """What kubectl or helm prints. Raises `LocalError` with what it said."""
    done = subprocess.run(
        [tool(str(words[0])), *words[1:]], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode != 0:
        raise LocalError(f"{' '.join(map(str, words))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def kubectl(*words: str | Path) -> str:
    return run("kubectl", "--namespace", NAMESPACE, *words)


def roll_out(deployment: str) -> None:
    print(f"  waiting for {deployment}", flush=True)
    kubectl("rollout", "status", f"deployment/{deployment}", f"--timeout={_SECONDS - 10}s")


def split(image: str) -> tuple[str, str]:
    """Name and tag. Raises `LocalError` without a tag."""
    name, _, tag = image.rpartition(":")
    if not name or "/" in tag:
        raise LocalError(f"{image}: an image's name ends with its tag, such as {image}:1.0")
    return name, tag


def overlay(folder: Path, source: Path, image: str) -> None:
    """A kustomization in `folder`: that of `source`, with ministack in this image."""
    name, tag = split(image)
    # Kustomize takes no absolute path.
    text = _KUSTOMIZATION.format(resource=os.path.relpath(source, folder.resolve()), name=name, tag=tag)
    (folder / "kustomization.yaml").write_text(text, "utf-8")


def start_stack(image: str | None) -> None:
    source = ROOT / "k8s/dev"
    with tempfile.TemporaryDirectory() as folder:
        if image is not None:
            overlay(Path(folder), source, image)
            source = Path(folder)
        run("kubectl", "apply", "--kustomize", source)
    roll_out("stack")


def image_values(ours: str, edge: str | None) -> list[str]:
    """`ours`: a template of our images' names, with {} for the component."""
    images = {component: split(ours.format(component)) for component in OURS}
    if edge is not None:
        images["edge"] = split(edge)
    return [
        f"--set-string={component}.image.{field}={value}"
        for component, image in images.items()
        for field, value in zip(("repository", "tag"), image, strict=True)
    ]


def install(values: Sequence[str]) -> None:
    file = ROOT / "k8s/dev/values.yaml"
    run(
        "helm",
        "upgrade",
        "--install",
        RELEASE,
        ROOT / "charts/vinymatic",
        "--namespace",
        NAMESPACE,
        "-f",
        file,
        *values,
    )
    for component in (*OURS, "edge"):
        roll_out(f"{RELEASE}-{component}")


def forward(service: str, port: int, log: Path) -> tuple[ServerProcess, int]:
    """`kubectl port-forward`, not started yet, and the port of this machine."""
    (here,) = free_ports(1)
    command: list[str | Path] = [
        tool("kubectl"),
        "--namespace",
        NAMESPACE,
        "port-forward",
        f"service/{service}",
        f"{here}:{port}",
    ]
    extra = {"KUBECONFIG": os.environ["KUBECONFIG"]} if "KUBECONFIG" in os.environ else {}
    environment = clean_environment(**extra)
    return ServerProcess(service, command, log=log, ready=lambda: not is_free(here), environment=environment), here


def fill(port: int, api: ApiClient, covers: int) -> dict[str, bytes]:
    """Puts sleeves into the bucket and waits until they are searchable; scan by key."""
    access = S3Access(ACCESS_KEY_ID, SECRET_ACCESS_KEY, endpoint_url=f"http://{HOST}:{port}")
    store = open_store(f"s3://{BUCKET}", access)
    there = {info.key: info for info in store.list()}
    catalogue.upload(store, catalogue.demo(covers), there, lambda: None)
    wanted = {info.key: info.etag for info in store.list()}
    wait_until_searchable(api, wanted, lambda: None)
    return {key: store.get(key)[0] for key in sorted(wanted)[:1]}


def ask(covers: int, data: Path) -> bool:
    """Whether the edge gives the right answer to a photo of a cover, and none to one of another."""
    data.mkdir(parents=True, exist_ok=True)
    authority = data / "edge-ca.crt"
    secret = json.loads(kubectl("get", "secret", f"{RELEASE}-edge-ca", "--output=json"))
    authority.write_bytes(base64.b64decode(secret["data"]["tls.crt"]))
    with ExitStack() as stack:
        stack_forward, s3 = forward("stack", 4566, data / "stack-forward.log")
        edge_forward, https = forward(f"{RELEASE}-edge", 8443, data / "edge-forward.log")
        stack.enter_context(stack_forward)
        stack.enter_context(edge_forward)
        url = f"https://localhost:{https}"
        api = stack.enter_context(ApiClient(url, ssl.create_default_context(cafile=str(authority))))
        ((key, scan),) = fill(s3, api, covers).items()
        photo = data / "photo.jpg"
        photo.write_bytes(photo_of(scan))
        found, absent = api.search(photo.read_bytes()), api.search(photo_of_nothing_known())
    print(f"\na photo of {key!r}:\n  {json.dumps(found, ensure_ascii=False)}")
    print(f"a photo of a sleeve that is not in the catalogue:\n  {json.dumps(absent)}")
    print(
        f"\nAsk yourself:\n  kubectl --namespace {NAMESPACE} port-forward service/{RELEASE}-edge 8443 &\n"
        f"  curl --cacert {authority} -F file=@{photo} https://localhost:8443/search"
    )
    return next(iter(found), None) == key and not absent


@click.command()
@click.option("--images", default=f"vinymatic-{{}}:{__version__}", show_default=True, help="Ours; {} is the component.")
@click.option("--stack-image", help="One that holds ministack, instead of its makers' own.")
@click.option("--edge-image", help="One that holds Caddy, instead of its makers' own.")
@click.option("--covers", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Generated sleeves.")
@click.option("--data", type=click.Path(path_type=Path), default=Path("data/cluster"), show_default=True)
def main(images: str, stack_image: str | None, edge_image: str | None, covers: int, data: Path) -> None:
    """Install everything on kubectl's cluster and ask one photo over HTTPS; code 0 only if the answer is right."""
    try:
        for program in ("kubectl", "helm"):
            tool(program)
        print("S3 and SQS", flush=True)
        start_stack(stack_image)
        print("the chart", flush=True)
        install(image_values(images, edge_image))
        right = ask(covers, data)
    except MissingToolError as error:
        sys.exit(f"error: {str(error).partition(':')[0]}")
    except VinymaticError as error:
        sys.exit(f"error: {error}")
    print("the answers are right" if right else "that is not the right answer")
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
