"""Work in the background, where `tests/test_batch.py` does not already show it at work."""

import subprocess
import sys

ENDING = """
import time
from malaria.background import Background

def work(place, stop):
    while not stop.is_set():
        time.sleep(0.01)
    time.sleep(0.2)
    print("ended", flush=True)
    yield from ()

kept = Background(work, 1, "work")
"""


def test_a_process_that_ends_lets_its_work_end_first() -> None:
    done = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "ended\n"
