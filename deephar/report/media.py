"""Images and videos of the page: embedded while they fit into the limit, else linked, and a line that says so.

    image source --> JPEG, smaller where need be     video source --can a browser play it?--> itself, else the overlay

A browser plays H.264 with 8 bits, VP8, VP9 and AV1 in MP4 and WebM; it turns videos, but it does not mirror them.
"""

import base64
import contextlib
import io
import os
import pathlib
import urllib.parse
from dataclasses import dataclass

import numpy as np
from PIL import Image

from deephar.inference.video import VideoReader
from deephar.utils.images import read_image
from deephar.utils.io import sizeof_fmt
from deephar.utils.upright import turn_of
from deephar.utils.video import require_av

SIDES_PX, QUALITY = (1600, 1200, 900, 640, 400), 82
MOST_OF_AN_IMAGE = 1_000_000  # bytes
CODECS = {"h264": ("yuv420p", "yuvj420p"), "vp8": ("yuv420p",), "vp9": ("yuv420p",), "av1": ("yuv420p",)}
CONTAINERS = {"mp4": "video/mp4", "webm": "video/webm"}  # word in FFmpeg's name of the container
SHOWN_BY_BROWSERS = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".avif")
SEARCHED_FRAMES = 50  # at the beginning of a video, for one with people


@dataclass
class Budget:
    """How much of images and videos the page may hold.

    Attributes:
        page: Path of the page, from which links are relative.
        left: int. Bytes that may still be embedded.
        image: int. Bytes of an image at most, so that all images of the page find a place.
    """

    page: pathlib.Path
    left: int
    image: int

    def takes(self, size: int) -> bool:
        """Return whether so many bytes still fit, and count them if so."""
        fits = size <= self.left
        self.left -= size if fits else 0
        return fits

    def link(self, path: pathlib.Path) -> str:
        """Return the URL of a file, relative to the page."""
        try:
            relative = os.path.relpath(path.resolve(), self.page.resolve().parent)
        except ValueError:  # another drive of Windows
            return path.resolve().as_uri()
        return urllib.parse.quote(pathlib.PurePath(relative).as_posix())


def data_url(content: bytes, mime: str) -> str:
    """Return bytes as a data URL."""
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"


def jpeg(pixels: np.ndarray, side: int, quality: int = QUALITY) -> bytes:
    """Return an image (H, W, 3) as a JPEG whose longer side has at most `side` px."""
    image, file = Image.fromarray(pixels), io.BytesIO()
    if max(image.size) > side:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    image.save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()


def find_source(source: str | None, document: pathlib.Path) -> pathlib.Path | None:
    """Return the file that a document is of: as it was written there, or beside the document; None where it is gone."""
    if not source:
        return None
    for path in (pathlib.Path(source), document.parent / source, document.parent / pathlib.Path(source).name):
        with contextlib.suppress(OSError, ValueError):  # a name that this system does not know
            if path.is_file():
                return path
    return None


def embed_pixels(pixels: np.ndarray, budget: Budget) -> dict | None:
    """Return an image as `url` and `note` for the page, None where it does not fit.

    Args:
        pixels: uint8 (H, W, 3).
        budget: `Budget`.
    """
    height, width = pixels.shape[:2]
    for side in SIDES_PX:
        content = jpeg(pixels, side)
        if len(content) <= budget.image:
            if not budget.takes(len(content)):
                return None
            scale = min(1.0, side / max(width, height))
            note = f"shown at {round(scale * 100)} % of its {width} x {height} px" if scale < 1 else ""
            return {"url": data_url(content, "image/jpeg"), "note": note}
    return None


def embed_image(path: pathlib.Path, budget: Budget) -> dict | None:
    """Return an image file as `embed_pixels`; None where it does not fit or is no image."""
    with contextlib.suppress(OSError, ValueError, ImportError):
        return embed_pixels(read_image(path), budget)
    return None


def link_image(path: pathlib.Path, budget: Budget) -> dict | None:
    """Return a link to an image that a browser shows, else None."""
    if path.suffix.lower() not in SHOWN_BY_BROWSERS:
        return None
    return {"url": budget.link(path), "note": "linked, not in this page: the limit of the page is reached"}


@dataclass(frozen=True)
class Probe:
    """What a video file is.

    Attributes:
        mime: str. Its type, "" where a browser cannot play it.
        why: str. Why it cannot.
        size: (width, height) px as shown.
        offset_s: float. When a player shows the first frame, s.
        pixels: uint8 (H, W, 3), the frame `wanted`, or the first one; None where none can be read.
    """

    mime: str
    why: str
    size: tuple[int, int] | None
    offset_s: float
    pixels: np.ndarray | None


def probe(path: pathlib.Path, wanted: int = 0) -> Probe | None:
    """Return what a video file is; None where it is none that FFmpeg reads, or without PyAV.

    Args:
        path: Path.
        wanted: int. Which frame is kept, among the first SEARCHED_FRAMES.
    """
    with contextlib.suppress(ValueError, OSError, ImportError):
        mime, why, begins_s = _playable(path)
        with VideoReader(path) as video:
            pixels = None
            for number, frame in enumerate(video):
                pixels = frame if pixels is None or number == wanted else pixels
                if number >= min(wanted, SEARCHED_FRAMES):
                    break
            return Probe(mime, why, video.size, max(0.0, video.start_s - begins_s), pixels)
    return None


def _playable(path):
    """(MIME type or "", why not, time stamp at which a player begins) of a video file."""
    av = require_av()
    try:
        container = av.open(str(path))
    except av.FFmpegError as error:
        raise ValueError(f"`path` must be a video that FFmpeg can read. Received: {path} ({error})") from error
    with container:
        stream, begins_s = container.streams.video[0], (container.start_time or 0) / 1e6
        mime = next((m for word, m in CONTAINERS.items() if word in container.format.name), "")
        mime = "" if mime == "video/webm" and path.suffix.lower() != ".webm" else mime
        codec, pixels = stream.codec_context.name, stream.codec_context.pix_fmt
        codec = {"libdav1d": "av1", "libvpx-vp9": "vp9", "libvpx": "vp8"}.get(codec, codec)
        if not mime or pixels not in CODECS.get(codec, ()):
            kind = container.format.name.split(",")[0]
            return "", f"browsers do not play it ({codec}, {pixels} in {kind})", begins_s
        with contextlib.suppress(av.FFmpegError):
            swap, flip_x, flip_y, degrees = turn_of(next(container.decode(stream)))
            if degrees or (flip_x == flip_y) == swap:
                return "", "browsers do not mirror it, or turn it by such an angle, as the file asks for", begins_s
        return mime, "", begins_s


def embed_video(path: pathlib.Path, mime: str, budget: Budget) -> dict:
    """Return a video as `base64`, or where it does not fit as `url` with a `note`; and its `mime`."""
    size = path.stat().st_size
    if budget.takes(size):
        return {"mime": mime, "base64": base64.b64encode(path.read_bytes()).decode("ascii"), "note": ""}
    note = f"linked, not in this page: {path.name} has {sizeof_fmt(size)}"
    return {"mime": mime, "url": budget.link(path), "note": note}
