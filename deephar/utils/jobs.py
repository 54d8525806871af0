"""One function on many jobs in several processes: results in order, a progress bar, no orphaned workers."""

import concurrent.futures
import multiprocessing
import os
from collections.abc import Callable, Sequence

from deephar.utils.processes import follow_parent
from deephar.utils.progress import progress


def run_jobs(function: Callable, jobs: Sequence, workers: int | None = None, label: str = "jobs") -> list:
    """Call `function` on every job, in several processes where there are several workers.

    Args:
        function: callable at the top level of a module, which takes a job.
        jobs: sequence of picklable jobs.
        workers: int, number of processes; 1: only this one; None: one for each core.
        label: str, in front of the progress bar.

    Returns:
        List of the results in the order of the jobs.

    Raises:
        OSError: a worker process died. An error of `function` is raised unchanged and ends the other workers.
    """
    workers = min(workers or os.cpu_count() or 1, len(jobs))
    if workers <= 1:
        return [function(job) for job in progress(jobs, len(jobs), label)]
    others = multiprocessing.active_children()
    context = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(workers, mp_context=context, initializer=follow_parent)
    try:
        return list(progress(pool.map(function, jobs), len(jobs), label))
    except concurrent.futures.BrokenExecutor as error:
        raise OSError("a worker process died, perhaps for want of memory; try fewer workers") from error
    except BaseException:
        for child in set(multiprocessing.active_children()).difference(others):
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
