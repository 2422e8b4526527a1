"""Work in the background, where `tests/test_batch.py` does not already show it at work."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from malaria.background import Background, Work
from malaria.budget import Turns

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


# Turns


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(6000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("It never came true.")


def begin(turns: Turns, may_go_on: threading.Event, said: list[str], name: str) -> Background[int]:
    """Work of two results, the second only once it may go on."""

    def work(done: int, stop: threading.Event) -> Iterator[int]:
        said.append(name)
        yield 1
        may_go_on.wait(60)
        if not stop.is_set():
            yield 2

    begun: Work[int] = work
    return Background(begun, 2, name, turns)


def test_so_many_works_go_on_at_once_and_the_others_see_how_many_are_ahead() -> None:
    turns, may_go_on, said = Turns(at_once=1, seconds=60), threading.Event(), list[str]()
    works = []
    for name in "abc":
        works.append(begin(turns, may_go_on, said, name))
        wait_until(lambda: said == ["a"] and turns.count_ahead(works[-1]._state) == (len(works) - 1 or None))
    assert [work.progress.ahead for work in works] == [None, 1, 2]
    assert [work.progress.done for work in works[1:]] == [0, 0]
    works[1].stop()  # one that leaves the line lets the others move up
    works[1].wait(60)
    assert works[2].progress.ahead == 1
    may_go_on.set()
    for work in works:
        work.wait(60)
    assert said == ["a", "b", "c"]
    assert [work.complete for work in works] == [True, False, True]


def test_a_long_work_lets_others_have_their_turn_between_two_results() -> None:
    turns, said = Turns(at_once=1, seconds=0), list[str]()
    both_wait = threading.Event()

    def speak(name: str) -> Work[int]:
        def work(done: int, stop: threading.Event) -> Iterator[int]:
            both_wait.wait(60)
            for number in range(3):
                said.append(name)
                yield number

        return work

    works = [Background(speak(name), 3, name, turns) for name in "ab"]
    wait_until(lambda: turns.count_ahead(works[1]._state) == 1)
    both_wait.set()
    for work in works:
        work.wait(60)
    assert "".join(said) == "ababab"


def test_work_that_fails_gives_its_turn_back() -> None:
    turns = Turns(at_once=1)

    def fail(done: int, stop: threading.Event) -> Iterator[int]:
        raise ValueError("broken")
        yield 1

    with pytest.raises(ValueError, match="broken"):
        Background(fail, 1, "first", turns).wait(60)
    second = begin(turns, threading.Event(), [], "second")
    wait_until(lambda: second.progress.done == 1)
    second.stop()
