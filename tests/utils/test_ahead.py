"""Work side by side: order, how far ahead, errors where they belong, and an end at once."""

import threading
import time

import pytest

from deephar.utils.ahead import Behind, ahead


def until(condition, seconds=5.0):
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def counted(made, number, closed=None):
    try:
        for k in range(number):
            made.append(k)
            yield k
    finally:
        if closed is not None:
            closed.append(True)


def test_items_come_in_order_and_so_many_are_made_ahead():
    made = []
    items = ahead(counted(made, 10), most=3)
    assert next(items) == 0
    until(lambda: len(made) == 4)
    time.sleep(0.02)
    assert made == [0, 1, 2, 3] and list(items) == list(range(1, 10))


def test_an_error_comes_after_the_items_before_it():
    def broken():
        yield 1
        yield 2
        raise KeyError("three")

    items = ahead(broken(), most=8)
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(KeyError, match="three"):
        next(items)
    assert list(ahead([], most=1)) == []


def test_who_stops_early_leaves_no_thread_and_closes_the_source():
    before, closed = threading.active_count(), []
    items = ahead(counted([], 10, closed), most=2)
    assert next(items) == 0
    items.close()
    assert closed == [True] and threading.active_count() == before


def test_calls_are_made_behind_in_order_and_all_of_them():
    allowed, called = threading.Event(), []

    def slow(k):
        allowed.wait(5)
        called.append(k)

    with Behind(slow, most=3) as later:
        for k in range(3):
            later(k)
        assert called == []  # none of them waited
        allowed.set()
        later(3)
    assert called == [0, 1, 2, 3]


def test_an_error_of_a_call_comes_with_a_later_one_or_in_the_end():
    def failing(k):
        if k == 1:
            raise OSError("full")

    with pytest.raises(OSError, match="full"), Behind(failing, most=2) as later:
        later(1)
    with pytest.raises(OSError, match="full"), Behind(failing, most=1) as later:
        for k in range(1, 4):
            later(k)
        pytest.fail("two calls after the one that failed")
    with pytest.raises(KeyError, match="mine"), Behind(failing, most=2) as later:
        later(1)
        raise KeyError("mine")


def test_all_calls_so_far_can_be_waited_for():
    done = []
    with Behind(lambda k: (time.sleep(0.02), done.append(k)), most=5) as later:
        for k in range(3):
            later(k)
        later.wait()
        assert done == [0, 1, 2]
        later(3)
    assert done == [0, 1, 2, 3]
