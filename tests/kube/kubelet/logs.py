"""The kubelet's HTTPS server, for `kubectl logs`: GET /containerLogs/NAMESPACE/POD/CONTAINER?tailLines=N, and /healthz."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from local.servers.ports import HOST
from tests.kube.kubelet.folders import newest_log


def answer(root: Path, target: str) -> tuple[int, bytes]:
    """Status and body for a request's target. Logs are given as they are now: `follow` is not known."""
    url = urlsplit(target)
    parts = url.path.strip("/").split("/")
    if parts == ["healthz"]:
        return 200, b"ok"
    if len(parts) != 4 or parts[0] != "containerLogs":
        return 404, b"not found"
    query = {name: values[-1] for name, values in parse_qs(url.query).items()}
    log = newest_log(root, *parts[1:])
    if log is not None and query.get("previous") == "true":
        log = log.with_name(f"{int(log.stem) - 1}.log")
    if log is None or not log.exists():
        return 400, f"container {parts[3]} in pod {parts[2]} is waiting to start".encode()
    body = log.read_bytes()
    if "tailLines" in query:
        count = int(query["tailLines"])
        body = b"".join(body.splitlines(keepends=True)[-count:]) if count else b""
    return 200, body[: int(query["limitBytes"])] if "limitBytes" in query else body


async def serve_logs(root: Path, port: int, certificate: Path, key: Path) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status, body = answer(root, request.split(" ", 2)[1])
            head = f"HTTP/1.1 {status} \r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever asked is gone
        finally:
            writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return await asyncio.start_server(serve, HOST, port, ssl=context)
