"""Jobs in several processes: results in order, errors as they are, no worker left behind."""

import multiprocessing
import os
import time

import pytest

from deephar.utils.jobs import run_jobs


def square(number):
    if number < 0:
        raise ValueError("`number` must be positive")
    return number * number


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_jobs(workers):
    assert run_jobs(square, list(range(7)), workers) == [0, 1, 4, 9, 16, 25, 36]
    assert run_jobs(square, [], workers) == []


def test_an_error_ends_the_workers_and_no_other_process():
    other = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,), daemon=True)
    other.start()
    with pytest.raises(ValueError, match="`number` must be positive"):
        run_jobs(square, [1, -1, 2], 2)
    assert multiprocessing.active_children() == [other]
    other.terminate()
    other.join()


def test_a_worker_that_dies_is_an_error_and_no_hang():
    with pytest.raises(OSError, match="a worker process died, perhaps for want of memory; try fewer workers"):
        run_jobs(os._exit, [7, 7, 7], 2)
