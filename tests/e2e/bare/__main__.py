"""The commands of the bare cluster."""

from __future__ import annotations

import sys

import click

from tests.e2e.bare import build, images, packages
from tests.e2e.bare.cluster import BareCluster
from tests.e2e.bare.layout import layout
from vinymatic.errors import VinymaticError


@click.group(help=str(sys.modules["tests.e2e.bare"].__doc__))
@click.pass_context
def bare(context: click.Context) -> None:
    context.obj = BareCluster(layout())


@bare.command("packages")
def packages_command() -> None:
    """Install the Debian packages that are missing."""
    packages.install()


PARTS = {
    "kube": build.kube,
    "containerd": build.containerd,
    "coredns": build.coredns,
    "pause": build.pause,
    "helm": build.helm,
    "keda": build.keda,
}


@bare.command("build")
@click.argument("parts", nargs=-1, type=click.Choice(list(PARTS)))
def build_command(parts: tuple[str, ...]) -> None:
    """Build what is missing, or these PARTS of it."""
    for part in parts or PARTS:
        click.echo(PARTS[part]())


@bare.command()
@click.argument("nodes", default=1)
@click.pass_obj
def up(cluster: BareCluster, nodes: int) -> None:
    """Start it with this many NODES, and wait for them and for DNS."""
    cluster.up(nodes)
    click.echo(f"export KUBECONFIG={cluster.layout.kubeconfig}")


@bare.command("images")
@click.argument("names", nargs=-1, type=click.Choice(list(images.RECIPES)))
@click.pass_obj
def images_command(cluster: BareCluster, names: tuple[str, ...]) -> None:
    """Build our images and the tests' other ones, or those of these NAMES, and load them onto the nodes."""
    tags = images.build_all(cluster.store, names or tuple(images.RECIPES))
    if cluster.running:
        cluster.load(tags)


@bare.command()
@click.argument("tags", nargs=-1, required=True)
@click.pass_obj
def load(cluster: BareCluster, tags: tuple[str, ...]) -> None:
    """Load images of our own storage onto the nodes."""
    cluster.load(list(tags))


@bare.command()
@click.pass_obj
def keda(cluster: BareCluster) -> None:
    """Install KEDA."""
    cluster.keda()


@bare.command("kill-node")
@click.argument("number", type=int)
@click.pass_obj
def kill_node(cluster: BareCluster, number: int) -> None:
    """Cut a node's power."""
    cluster.kill_node(number)


@bare.command("start-node")
@click.argument("number", type=int)
@click.pass_obj
def start_node(cluster: BareCluster, number: int) -> None:
    """Boot a node that was killed, and wait for it."""
    cluster.start_node(number)


@bare.command()
@click.pass_obj
def status(cluster: BareCluster) -> None:
    """What runs. Exit code 1 when something is down."""
    machines = cluster.status()
    for machine, servers in machines.items():
        for server, runs in servers.items():
            click.echo(f"{machine:8} {server:20} {'up' if runs else 'down'}")
    sys.exit(not all(runs for servers in machines.values() for runs in servers.values()))


@bare.command()
@click.pass_obj
def down(cluster: BareCluster) -> None:
    """End it; what was built, and the images on the nodes' disks, are kept."""
    cluster.down()


@bare.command()
@click.pass_obj
def env(cluster: BareCluster) -> None:
    """What a shell needs for kubectl, helm and ctr: `eval "$(python -m tests.e2e.bare env)"`."""
    cluster.link_programs()
    helm = build.helm()
    click.echo(f"export PATH={cluster.layout.bin}:{helm}:$PATH KUBECONFIG={cluster.layout.kubeconfig}")


if __name__ == "__main__":
    try:
        bare(prog_name="python -m tests.e2e.bare")
    except VinymaticError as error:
        sys.exit(str(error))
