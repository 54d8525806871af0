"""A window that shows frames while they are made, by Matplotlib's interactive mode."""

import time

import numpy as np

MOST_FPS = 15.0  # that are drawn: Matplotlib takes tens of milliseconds for each


class FrameWindow:
    """A window with one frame after the other, at most 15 a second; those in between are not drawn.

    Use it as a context manager, or call `close`. It opens with the first frame.

    Args:
        title: str. Title of the window.

    Attributes:
        closed: bool. Whether somebody closed it; then `show` does nothing.

    Raises:
        ValueError: no window can be opened here; names `show`.

    Example:

        with FrameWindow("camera 0") as window, LiveReader(0) as video:
            for frame in video:
                window.show(frame)
                if window.closed:
                    break
    """

    def __init__(self, title: str) -> None:
        self.closed = False
        self._figure = _window(title)
        self._figure.canvas.mpl_connect("close_event", self._note_closed)
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._image = None
        self._drawn_s = -float("inf")

    def __enter__(self) -> "FrameWindow":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def show(self, frame: np.ndarray) -> None:
        """Draw a frame, unless drawing the last one ended less than 1/15 s ago.

        Args:
            frame: uint8 (H, W, 3), RGB.
        """
        if self.closed or time.monotonic() - self._drawn_s < 1 / MOST_FPS:
            return
        if self._image is None:
            self._figure.show()
        if self._image is None or self._image.get_array().shape != frame.shape:
            self._axes.clear()
            self._axes.set_axis_off()
            self._image = self._axes.imshow(frame)
        else:
            self._image.set_data(frame)
        self._figure.canvas.draw_idle()
        self._figure.canvas.flush_events()  # also those of the keyboard and mouse
        self._drawn_s = time.monotonic()

    def close(self) -> None:
        """Close the window."""
        import matplotlib.pyplot as plt

        plt.close(self._figure)
        self.closed = True

    def _note_closed(self, event):
        self.closed = True


def _window(title):
    """Return a figure with a window; raise what is missing where there is none."""
    import matplotlib
    import matplotlib.pyplot as plt

    allowed = "`show` must be used where Matplotlib can open a window: with a display, and a backend such as TkAgg"
    try:
        figure = plt.figure(figsize=(9.6, 5.4), facecolor="black")
    except ImportError as error:  # a backend was asked for that does not work here
        raise ValueError(f"{allowed}. Received: {error}") from error
    if figure.canvas.required_interactive_framework is None:
        plt.close(figure)
        raise ValueError(f"{allowed}. Received: the backend {matplotlib.get_backend()}, which opens none")
    figure.canvas.manager.set_window_title(title)
    return figure
