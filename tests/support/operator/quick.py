"""`vinymatic` for tests of the operator, run in place of the real one: what a command does happens in the test's own process
(`tests/support/operator/service.py`), so that it takes milliseconds. Nothing but the standard library.

QUICK_SERVICE: the service's port. INDEX_URL says which index. `serve` answers as the API does.
"""

from __future__ import annotations

import json
import os
import socket
import sys


def ask(**question: object) -> dict[str, object]:
    """One line of JSON there, one back."""
    question["url"] = os.environ["INDEX_URL"]
    with socket.create_connection(("127.0.0.1", int(os.environ["QUICK_SERVICE"])), timeout=30) as connection:
        connection.sendall(json.dumps(question).encode() + b"\n")
        with connection.makefile("rb") as answer:
            return dict(json.loads(answer.readline()))


def run(arguments: list[str]) -> int:
    answer = ask(arguments=arguments, job=os.environ.get("HOSTNAME", ""))
    with open(os.environ["RESULT_FILE"], "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes 20 ms
        json.dump(answer["result"], file)
    print(json.dumps(answer))  # noqa: T201 - the container's log
    return int(str(answer["code"]))


def serve() -> None:
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    held = {"epoch": os.environ.get("INDEX_EPOCH"), "least": os.environ.get("INDEX_MIN_MANIFEST")}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = ask(path=self.path, **held)
            body = json.dumps(answer["body"]).encode()
            self.send_response(int(str(answer["status"])))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Probes are not worth a line each."""

    ThreadingHTTPServer((os.environ["HOST"], 5002), Handler).serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    sys.exit(run(sys.argv[1:]))
