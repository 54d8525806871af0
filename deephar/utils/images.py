"""The one reader of images: a file, an array or a `PIL.Image` becomes uint8 RGB, or an error says why it cannot.

    path ------- Image.open --+
                              +-- to_rgb --> 8-bit RGB, upright --> uint8 (H, W, 3)
    PIL.Image ----------------+
    array ---------------------- rgb_array ----------------------> uint8 (H, W, 3)

Nothing is clipped in silence: 16 bits are scaled to 8, floats in [0, 1] to 255; what could mean two things is refused.
"""

import contextlib
import io
import os
import pathlib
import struct

import numpy as np
from PIL import Image, ImageOps, ImageSequence

from deephar.utils.optional import require

ImageSource = str | os.PathLike | Image.Image | np.ndarray  # what `read_image` takes

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".heic", ".heif", ".avif")
HEIC_SUFFIXES = (".heic", ".heif")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1")  # that a file begins with, after its 4th byte
ANIMATED = ("GIF", "WEBP", "PNG")  # formats whose further images are frames; in others they are pages and previews
UNREADABLE = (OSError, SyntaxError, struct.error, Image.DecompressionBombError)  # what Pillow raises on a bad image
WIDE_FORMATS = ("PNG", "PPM")  # Pillow may open their 16 bits as integers of 32
BYTES_OF_16_BITS = 257  # 65535 / 255


def read_image(source: ImageSource, name: str = "image") -> np.ndarray:
    """Return an image as RGB bytes, turned upright as its EXIF says. Alpha is dropped.

    Args:
        source: str, Path, `PIL.Image.Image` or array, see `rgb_array`.
        name: str. The argument that an error names.

    Returns:
        uint8 (H, W, 3), RGB.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the source is not an image, damaged, larger than Pillow allows, or has values that could mean two
            things.
        TypeError: the source is none of these types.
        ImportError: a HEIC file without the package pillow-heif.

    Example:

    >>> import numpy as np
    >>> read_image(np.full((2, 3), 0.5)).tolist()[0][0]
    [128, 128, 128]
    """
    if isinstance(source, Image.Image):
        return _pixels(source, name)
    if not isinstance(source, (str, os.PathLike)):
        return rgb_array(source, name)
    path = pathlib.Path(source)
    if not path.is_file():
        reason = "which is a folder" if path.is_dir() else "which does not exist"
        raise FileNotFoundError(f"`{name}` must be an image file. Received: {path}, {reason}")
    if _is_heic(path):
        require("pillow-heif", f"Reading the HEIC image {path}").register_heif_opener()
    try:
        opened = Image.open(path)
    except (*UNREADABLE, ValueError) as error:
        raise ValueError(f"`{name}` must be an image that Pillow can read. Received: {path} ({error})") from error
    with opened:
        return _pixels(opened, name, f"{path}, ")


def is_animation(path: str | pathlib.Path) -> bool | None:
    """Return whether an image file has to be read as video.

    A file that cannot be read but has an image's suffix counts as a still image, so that its error is one about images.
    The second image of a phone's JPEG and the pages of a TIFF do not make a video.

    Returns:
        True for an animation, False for a still image, None for what is no image.
    """
    path = pathlib.Path(path)
    try:
        with Image.open(path) as opened:
            if opened.format == "MPEG":  # of which Pillow reads no more than the size
                return True
            return opened.format in ANIMATED and getattr(opened, "n_frames", 1) > 1
    except Image.DecompressionBombError:
        return False
    except Exception:  # Pillow raises nearly anything on what is not an image
        return False if path.suffix.lower() in IMAGE_SUFFIXES or _is_heic(path) else None


def webp_as_apng(path: str | pathlib.Path) -> io.BytesIO | None:
    """Return an animated WebP, which FFmpeg does not read, as an APNG in memory with the same times.

    None for every other file.
    """
    with contextlib.suppress(*UNREADABLE, ValueError), Image.open(path, formats=["WEBP"]) as opened:
        if opened.n_frames > 1:
            file, times = io.BytesIO(), []
            for frame in ImageSequence.Iterator(opened):
                frame.load()  # only then its duration is known
                times.append(frame.info["duration"])
            opened.save(file, "PNG", save_all=True, duration=times)
            file.seek(0)
            return file
    return None


def rgb_array(array: np.ndarray, name: str = "image") -> np.ndarray:
    """Return an array that holds one image as RGB bytes.

    Args:
        array: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), channels in the order R, G, B, alpha. uint8; or other whole
            numbers from 0 to 255; or uint16 that uses more than 8 bits; or floats from 0 to 1.
        name: str. The argument that an error names.

    Returns:
        uint8 (H, W, 3), contiguous; the same memory where it is that already.

    Raises:
        TypeError: `array` is not an array of numbers.
        ValueError: it has another shape, no pixels, or values that could mean two things.
    """
    if isinstance(array, (bytes, list, tuple)) or not hasattr(array, "__array__"):
        allowed = "a path, a PIL.Image or an array (H, W, 3) of uint8"
        raise TypeError(f"`{name}` must be {allowed}. Received: {type(array).__name__}")
    array = np.asarray(array)
    _check_shape(array, name)
    pixels = _to_bytes(array, name)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    pixels = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels[:, :, :3]
    return np.ascontiguousarray(pixels)


def to_rgb(image: Image.Image, name: str = "image", shown: str = "") -> Image.Image:
    """Return a `PIL.Image.Image` of any mode as 8-bit RGB; the same one where it is that already.

    Args:
        image: `PIL.Image.Image`. 16 bits are scaled to 8, floats from 0 to 1 to 255.
        name: str. The argument that an error names.
        shown: str. What an error puts before the values that it received.

    Raises:
        ValueError: integers of more than 16 bits, or floats outside of [0, 1].
    """
    if image.mode.startswith("I;16") or image.mode == "I" and image.format in WIDE_FORMATS:
        return Image.fromarray(_to_8_bits(np.asarray(image))).convert("RGB")
    if image.mode in ("I", "F"):
        return Image.fromarray(_to_bytes(np.asarray(image), name, shown)).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _pixels(image, name, shown=""):
    """Return the pixels of an image that may not be decoded yet, upright."""
    try:
        upright = ImageOps.exif_transpose(image)
    except (*UNREADABLE, ValueError) as error:
        raise ValueError(f"`{name}` must be an undamaged image. Received: {shown or image} ({error})") from error
    upright.format = image.format  # which a copy forgets
    return np.asarray(to_rgb(upright, name, shown))


def _is_heic(path):
    """Return whether a file is HEIC by its suffix, or by its first bytes where it has another one."""
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except OSError:
        head = b""
    return path.suffix.lower() in HEIC_SUFFIXES or head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS


def _check_shape(array, name):
    if array.dtype.kind not in "uif":
        raise TypeError(f"`{name}` must hold uint8. Received: {array.dtype} of shape {array.shape}")
    if array.ndim in (2, 3) and array.size == 0:
        raise ValueError(f"`{name}` must hold at least one pixel. Received: shape {array.shape}")
    if array.ndim == 2 or array.ndim == 3 and array.shape[2] in (1, 3, 4):
        return
    hint = ""
    if array.ndim == 3 and array.shape[0] in (1, 3, 4):
        hint = ": channels come last, `np.moveaxis(image, 0, -1)` moves them"
    elif array.ndim == 4:
        hint = ": one image at a time"
    allowed = "the shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"
    raise ValueError(f"`{name}` must have {allowed}. Received: {array.shape}{hint}")


def _to_bytes(array, name, shown=""):
    """Return the values of an array of numbers as uint8."""
    low, high = array.min(), array.max()
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind == "f":
        allowed = "uint8, or floats from 0 to 1"
        if low >= 0 and high <= 1:  # not so where there is a NaN
            return np.round(array.astype(np.float32) * 255).astype(np.uint8)
    elif array.dtype == np.uint16:
        allowed = "uint8, or uint16 of 16 bits: up to 255 it may be either"
        if not 0 < high < 256:
            return _to_8_bits(array)
    else:
        allowed = "uint8, or whole numbers from 0 to 255"
        if low >= 0 and high <= 255:
            return array.astype(np.uint8)
    raise ValueError(f"`{name}` must hold {allowed}. Received: {shown}{array.dtype} from {low:g} to {high:g}")


def _to_8_bits(values):
    """Return values of 16 bits, of any integer type, as uint8."""
    return ((values.astype(np.uint32) + BYTES_OF_16_BITS // 2) // BYTES_OF_16_BITS).astype(np.uint8)
