"""Work side by side: a source that gives its items ahead of time, and work that is done behind.

    source --thread: `ahead`--> whoever iterates --`Behind`: thread--> function
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")
END = object()


def ahead(source: Iterable[Item], most: int) -> Generator[Item, None, None]:
    """Iterate over a source of which the next items are made in a thread; an error comes where it would have.

    Args:
        source: iterable. Only the thread uses it.
        most: int, at least 1. Items that are made ahead at most.

    Closing the generator waits for the item that is being made, and closes a source that is a generator.

    Example:

    >>> from deephar.utils.ahead import ahead
    >>> list(ahead(range(3), most=2))
    [0, 1, 2]
    """
    items = iter(source)
    with ThreadPoolExecutor(1, "ahead") as thread:
        asked = deque(thread.submit(next, items, END) for _ in range(most))
        try:
            while (item := asked.popleft().result()) is not END:
                asked.append(thread.submit(next, items, END))
                yield item
        finally:
            for future in asked:
                future.cancel()
            thread.submit(getattr(items, "close", tuple))


class Behind:
    """Calls a function in a thread, in order; use it as a context manager, which waits for all calls in the end.

    Args:
        function: what is called.
        most: int, at least 1. Calls that wait at most; then the next one waits.

    An error of the function is raised by a later call, or in the end where no other one is on its way.

    Example:

    >>> from deephar.utils.ahead import Behind
    >>> squares = []
    >>> with Behind(lambda k: squares.append(k * k), most=2) as square:
    ...     for k in range(3):
    ...         square(k)
    >>> squares
    [0, 1, 4]
    """

    def __init__(self, function: Callable[..., Any], most: int) -> None:
        self._function, self._most, self._waiting = function, most, deque()
        self._thread = ThreadPoolExecutor(1, "behind")

    def __call__(self, *arguments: Any) -> None:
        """Call the function soon."""
        while self._waiting and (self._waiting[0].done() or len(self._waiting) >= self._most):
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self._function, *arguments))

    def wait(self) -> None:
        """Wait for all calls so far."""
        while self._waiting:
            self._waiting.popleft().result()

    def __enter__(self) -> "Behind":
        return self

    def __exit__(self, kind: type | None, *rest: object) -> None:
        self._thread.shutdown(wait=True)
        if kind is None:
            self.wait()
