"""How the ingestor ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

# The second signal comes when Python is nearly gone: its own handlers are taken back by then.
ENDS = """
import os, signal, sys
from vinymatic_ingestor.signals import run_until_signalled

class Ended:
    def run(self):
        return True
    def stop(self):
        pass

run_until_signalled(Ended())
print(signal.getsignal(signal.SIGTERM) == signal.SIG_IGN, flush=True)
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_second_signal_while_it_ends_does_not_make_a_clean_end_look_like_a_kill() -> None:
    done = subprocess.run([sys.executable, "-c", ENDS], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.returncode, done.stderr) == ("True", 0, "")
