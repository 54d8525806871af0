"""Images of the data sets: frames out of videos through PyAV, folders of images linked or copied, checks."""

import os
import pathlib
import shutil
from collections.abc import Iterable, Sequence

from PIL import Image

from deephar.inference.video import require_av
from deephar.utils.images import UNREADABLE
from deephar.utils.io import atomic_path, remove_leftovers
from deephar.utils.jobs import run_jobs
from deephar.utils.progress import progress

SUFFIXES = (".jpg", ".jpeg", ".png")


def extract_frames(
    video: str | pathlib.Path, folder: pathlib.Path, wanted: Iterable[int], half: bool = False, quality: int = 90
) -> int:
    """Decode a video once, in constant memory, and store some frames as `NNNNN.jpg`, numbered from 1.

    Args:
        video: str or Path. The video file.
        folder: Path. Existing folder for the images.
        wanted: iterable of int. The numbers of the frames to store.
        half: bool. Store them at half of their width and height.
        quality: int. JPEG quality, 1 to 95.

    Returns:
        The number of frames seen: at least the last wanted one, or fewer where the video ends before it.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a video, or damaged.
        ImportError: PyAV is not installed.
    """
    av = require_av()
    if not pathlib.Path(video).is_file():
        raise FileNotFoundError(f"{video} does not exist")
    wanted, count = frozenset(int(number) for number in wanted), 0
    last = max(wanted, default=0)
    try:
        with av.open(str(video)) as container:
            if not container.streams.video:
                raise ValueError(f"{video} has no video stream")
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1  # several videos are decoded at a time
            for frame in container.decode(stream):
                count += 1
                if count in wanted:
                    scale = {"width": frame.width // 2, "height": frame.height // 2} if half else {}
                    image = frame.to_image(interpolation="BICUBIC", **scale)
                    image.save(folder / f"{count:05d}.jpg", "JPEG", quality=quality)
                if count >= last:
                    break
    except av.FFmpegError as error:
        raise ValueError(f"{video} is not a video or is damaged after {count} frames ({error})") from error
    return count


def image_size(path: str | pathlib.Path) -> tuple[int, int]:
    """Return width and height of an image in px.

    Raises:
        FileNotFoundError, ValueError: there is no such image, or it is damaged.
    """
    try:
        with Image.open(path) as opened:
            return opened.size
    except FileNotFoundError:
        raise
    except UNREADABLE as error:
        raise ValueError(f"{path} is damaged ({error})") from error


def check_image(path: str | pathlib.Path, size: tuple[int, int] | None = None) -> str | None:
    """Decode a whole image; return what is wrong with it, or None.

    Args:
        path: str or Path. The image file.
        size: tuple (width, height) that it must have, px; None: any.
    """
    try:
        with Image.open(path) as opened:
            found = opened.size
            opened.load()
    except FileNotFoundError:
        return f"{path} does not exist"
    except UNREADABLE as error:
        return f"{path} is damaged ({error})"
    if size is not None and found != tuple(size):
        return f"{path} is {found[0]} x {found[1]} px instead of {size[0]} x {size[1]}"
    return None


def check_folder(job: tuple[str | pathlib.Path, Sequence[str], tuple[int, int] | None]) -> list[str]:
    """Check a folder's images.

    Args:
        job: tuple of the folder (str or Path), the names of its images (list of str), and (width, height) or None.

    Returns:
        List of what is wrong; one line for a folder that is not there.
    """
    folder, names, size = job
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        return [f"{folder} does not exist ({len(names)} images)"]
    checks = (check_image(folder / name, size) for name in names)
    return [problem for problem in checks if problem is not None]


def check_folders(jobs: Sequence[tuple], workers: int, label: str) -> list[str]:
    """Check the images of many folders in several processes.

    Args:
        jobs: list of the tuples that `check_folder` takes.
        workers, label: as for `deephar.utils.jobs.run_jobs`.

    Returns:
        List of what is wrong.
    """
    return [problem for folder in run_jobs(check_folder, jobs, workers, label) for problem in folder]


def place_images(source: pathlib.Path, target: pathlib.Path, how: str) -> None:
    """Give a data set its folder of images.

    Args:
        source: Path. The release's folder of images.
        target: Path. The data set's folder of images.
        how: str. 'link': a symbolic link, no copy; 'copy': copies, one by one, so that a stopped run goes on.

    Raises:
        OSError: the system has no symbolic links, or the disk is full.
    """
    if target.exists() and target.resolve() == source.resolve():
        return
    if how == "copy":
        _copy(source, target)
    elif not target.exists():
        target.unlink(missing_ok=True)  # a link to a folder that has moved
        try:
            target.symlink_to(source.resolve(), target_is_directory=True)
        except OSError as error:
            raise OSError(f"cannot link {target} to {source} ({error}); use --images copy") from error


def _copy(source, target):
    if target.is_symlink():
        target.unlink()
    for root, _, _ in os.walk(target):
        remove_leftovers(pathlib.Path(root))
    files = [pathlib.Path(root, name) for root, _, names in os.walk(source) for name in names]
    files = [path for path in files if path.suffix.lower() in SUFFIXES]
    for path in progress(files, len(files), f"copying {target.name}"):
        copy = target / path.relative_to(source)
        if copy.exists() and copy.stat().st_size == path.stat().st_size:
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(copy) as temporary:
            shutil.copyfile(path, temporary)
