"""What live video comes from: camera numbers and URLs, how FFmpeg opens them, and what is said where it cannot."""

import errno
import glob
import numbers
import os
import re
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deephar.utils.video import require_av

if TYPE_CHECKING:
    import av

STREAM_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "udp", "rtp", "srt", "tcp")
FILE_SCHEMES = ("http", "https")  # which serve streams and finished files
ALLOWED = "a camera number (0, 1, ...), a video file or a URL (rtsp://, rtmp://, udp://, http://, ...)"
CAMERA = re.compile(r"(?:/dev/video)?([0-9]{1,4})")
SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)  # two letters at least: `C:` is a drive
HOST = re.compile(r"[^:]+://(?:[^/?#]*@)?(\[[^\]]*\]|[^/:?#]*)")
SECRETS = (  # user and password, also one that holds a slash; then what queries of cameras call them
    (re.compile(r"(?<=://)[^\s'\"]*@"), "***@"),
    (re.compile(r"(?<=[?&])((?:pass\w*|pwd|token|auth|key)=)[^&\s'\"]*", re.IGNORECASE), r"\1***"),
)
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0  # before a source is opened again


def is_live(source: object) -> bool:
    """Return whether a source is a camera number (0, "0" or "/dev/video0") or a URL with a scheme, not a file."""
    return _camera_number(source) is not None or isinstance(source, str) and bool(SCHEME.match(source))


def _camera_number(source):
    if isinstance(source, numbers.Integral) and not isinstance(source, bool):
        return int(source)
    found = CAMERA.fullmatch(source) if isinstance(source, str) else None
    return int(found[1]) if found else None


def without_secrets(text: str) -> str:
    """Return a text with the users, passwords and tokens of its URLs as `***`."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text


@dataclass(frozen=True)
class Address:
    """A camera or URL.

    Attributes:
        text: str. As messages name it, without a password.
        camera: int or None. Number of a camera.
        url: str or None. The URL, its scheme in small letters.
        fps: float or None. Frames per second that a camera is asked for.
        continued: bool. Whether a file whose connection breaks is read on from that byte, where the server can do so.
    """

    text: str
    camera: int | None = None
    url: str | None = None
    fps: float | None = None
    continued: bool = True

    @property
    def may_be_file(self) -> bool:
        """Whether the URL may be that of a finished file."""
        return self.url is not None and self.url.partition(":")[0] in FILE_SCHEMES


def address_of(source: int | str, fps: float | None = None, continued: bool = True) -> Address:
    """Return the address of a source.

    Args:
        source: int or str. Camera number or URL.
        fps: float or None. See `Address`.
        continued: bool. See `Address`.

    Raises:
        ValueError: it is neither; names `source`.
    """
    text, camera = without_secrets(str(source)), _camera_number(source)
    if camera is not None and camera >= 0:
        return Address(text, camera=camera, fps=fps)
    scheme = SCHEME.match(source) if isinstance(source, str) else None
    if scheme is None or scheme[1].lower() not in STREAM_SCHEMES + FILE_SCHEMES:
        is_path = isinstance(source, str | os.PathLike) and not scheme
        raise ValueError(f"`source` must be {ALLOWED}. Received: {text}{', which `VideoReader` reads' * is_path}")
    return Address(text, url=scheme[0].lower() + source[scheme.end() :], continued=continued)


def open_address(address: Address, timeout_s: float) -> "av.container.InputContainer":
    """Open a camera or URL.

    Args:
        address: Address.
        timeout_s: float. Longest wait for an answer, then for each packet.

    Raises:
        FileNotFoundError: there is no such camera.
        av.FFmpegError: FFmpeg cannot open it.
    """
    av = require_av()
    if address.camera is None:
        name, device, options = address.url, None, _url_options(address, timeout_s)
    else:
        name, device, options = _camera_options(av, address)
    return av.open(name, format=device, options=options, metadata_errors="replace", timeout=(timeout_s, timeout_s))


def _url_options(address, timeout_s):
    scheme, microseconds = address.url.partition(":")[0], str(round(timeout_s * 1e6))
    if scheme in ("rtmp", "rtmps"):  # to which `timeout` means to wait for somebody who sends
        return {"rw_timeout": microseconds}
    options = {"timeout": microseconds}
    if scheme in ("rtsp", "rtsps"):
        options["rtsp_transport"] = "tcp"
    elif scheme == "udp":
        options["overrun_nonfatal"] = "1"
    elif address.may_be_file and address.continued:
        options["reconnect"] = "1"
    return options


def _camera_options(av, address):
    """Return the name of a camera, FFmpeg's device that reads it, and options for it: reading does not block."""
    options = {"fflags": "+nonblock"} | ({"framerate": f"{address.fps:g}"} if address.fps else {})
    if sys.platform == "darwin":  # FFmpeg's default of 29.97 is refused by most cameras
        return str(address.camera), "avfoundation", {"framerate": "30"} | options
    if sys.platform == "win32":  # where cameras have names, no numbers
        if not hasattr(av, "enumerate_input_devices"):
            raise FileNotFoundError(f"PyAV {av.__version__} cannot list cameras, newer versions can")
        listed = av.enumerate_input_devices("dshow")
        names = [device.name for device in listed if "video" in device.media_types]
        if address.camera >= len(names):
            raise FileNotFoundError(f"there are {len(names)} cameras, numbered from 0")
        return f"video={names[address.camera]}", "dshow", options
    path, known = f"/dev/video{address.camera}", sorted(glob.glob("/dev/video*"))
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no {path}; cameras here: {', '.join(known) or 'none'}")
    return path, "v4l2", options


def reason(error: Exception, address: Address, timeout_s: float) -> str:
    """Return what an error of opening or reading says, in the user's words and without passwords."""
    if isinstance(error, TimeoutError | require_av().error.ExitError):  # the latter: FFmpeg was interrupted
        return f"no answer within {timeout_s:g} s"
    if getattr(error, "errno", None) == errno.EIO and address.url:  # FFmpeg's word for many things
        host = HOST.match(address.url)[1].strip("[]")
        try:
            socket.getaddrinfo(host, None)
        except (OSError, UnicodeError):
            return f"unknown host {host}"
        return "the connection broke"
    return without_secrets(getattr(error, "strerror", None) or str(error))


def waits(reconnect_s: float) -> Iterator[tuple[float, float]]:
    """Yield how long to wait before each attempt to open a source again, and what is left then of `reconnect_s`, s."""
    end_s, wait_s = time.monotonic() + reconnect_s, FIRST_WAIT_S
    while (left_s := end_s - time.monotonic()) > 0:
        wait_s = min(wait_s, left_s)
        yield wait_s, left_s - wait_s
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)
