"""The kubelet's own process. When it ends, so do its containers: it is a node that loses its power."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
from pathlib import Path

from tests.kube.kubelet.client import KubeClient
from tests.kube.kubelet.logs import serve_logs
from tests.kube.kubelet.node import Node
from tests.kube.kubelet.options import Options
from tests.kube.kubelet.sweep import sweep


async def run(arguments: argparse.Namespace) -> None:
    options = Options.from_json(arguments.options)
    node = Node(KubeClient(arguments.kubeconfig), arguments.folder, options, arguments.port)
    await node.register()
    await serve_logs(arguments.folder, arguments.port, arguments.certificate, arguments.key)
    running = asyncio.ensure_future(node.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await running
    finally:
        sweep(arguments.folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("kubeconfig", "folder", "certificate", "key"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--options", required=True)
    asyncio.run(run(parser.parse_args()))
