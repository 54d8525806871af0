"""Which videos of a folder train and which test: the published lists of UCF-101, HMDB-51 and Kinetics, or a share.

    root/jump/a.avi                        a folder a class; or root/train/jump/a.avi, root/val/..., root/test/...
    UCF-101     folder with classInd.txt ("1 Archery"), trainlist01.txt ("Archery/v_g08.avi 3"), testlist01.txt
                ("Archery/v_g01.avi"), 01 to 03
    HMDB-51     folder with CLASS_test_split1.txt ("name.avi 1"; 1 trains, 2 tests, 0 does neither), 1 to 3
    Kinetics    train.csv, validate.csv ...: label,youtube_id,time_start,time_end,split; the videos are called
                YOUTUBEID_SSSSSS_EEEEEE.mp4 and lie anywhere below the root

Lists come from strangers: a name that is absolute or has `..` in it is refused, and only files that were found below
the root are ever opened. A video may have another suffix than its list says. Those that a list of UCF-101 or HMDB-51
names must be there; of Kinetics some never are, they are listed.
"""

import csv
import hashlib
import os
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from deephar.utils.parser import TEST_MODE, TRAIN_MODE, VALID_MODE

VIDEO_SUFFIXES = tuple(
    ".mp4 .m4v .mov .avi .mkv .webm .mpg .mpeg .wmv .flv .3gp .ogv .ts .mts .m2ts .vob .divx .asf".split()
)
SHOWN = 5  # names in an error
KINETICS = ("label", "youtube_id", "time_start", "time_end", "split")  # columns
SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), TRAIN_MODE),
    **dict.fromkeys(("val", "valid", "validate", "validation"), VALID_MODE),
    **dict.fromkeys(("test", "testing"), TEST_MODE),
}


@dataclass(frozen=True)
class LabelledVideo:
    """One video of a split.

    Attributes:
        name: its path below the root, with `/`.
        label: number of its class, from 0.
    """

    name: str
    label: int


@dataclass
class VideoSplits:
    """The videos of every mode.

    Attributes:
        labels: names of the classes, in the order of their numbers.
        videos: {mode: list of `LabelledVideo`}.
        missing: names of videos that a list has and the folder has not.
    """

    labels: tuple[str, ...]
    videos: dict[int, list[LabelledVideo]] = field(
        default_factory=lambda: {mode: [] for mode in (TEST_MODE, TRAIN_MODE, VALID_MODE)}
    )
    missing: list[str] = field(default_factory=list)


def find_videos(root: str | pathlib.Path) -> list[str]:
    """Return all videos below a folder, as sorted paths below it with `/`; links are followed, hidden names are not.

    Args:
        root: str or Path.

    Raises:
        OSError: a folder cannot be read.
    """
    found, seen = [], set()
    for folder, folders, files in os.walk(root, onerror=_refuse, followlinks=True):
        real = os.path.realpath(folder)
        folders[:] = [] if real in seen else [name for name in folders if not name.startswith(".")]
        files = [] if real in seen else files
        seen.add(real)
        place = pathlib.Path(folder).relative_to(root)
        videos = (name for name in files if name.lower().endswith(VIDEO_SUFFIXES) and not name.startswith("."))
        found += [(place / name).as_posix() for name in videos]
    return sorted(found)


def _refuse(error):
    raise error


def folder_splits(names: Sequence[str], root: str | pathlib.Path, labels: Sequence[str] | None) -> VideoSplits:
    """Split videos by the folders that they lie in: classes, and `train`, `val`, `test` above them where there are.

    Args:
        names: list of str, of `find_videos`.
        root: str or Path, for errors.
        labels: names of the classes, None: the folders' names, sorted.

    Returns:
        `VideoSplits`; without folders of splits all videos train.

    Raises:
        ValueError: there are no videos, some lie elsewhere, or a folder is not among `labels`.
    """
    parts = [name.split("/") for name in names]
    by_split = bool(parts) and all(len(p) == 3 and p[0].lower() in SPLIT_NAMES for p in parts)
    odd = [name for name, p in zip(names, parts, strict=True) if len(p) != 2 + by_split]
    if odd or not names:
        allowed = "a folder of class-named folders of videos, or of `train`, `val`, `test` with such, or need `splits`"
        found = f"{len(odd)} videos elsewhere in {root}: {_shown(odd)}" if odd else f"no videos in {root}"
        raise ValueError(f"`root` must be {allowed}. Received: {found}")
    splits = VideoSplits(tuple(labels or sorted({p[-2] for p in parts})))
    numbers = _numbers(splits.labels)
    for name, p in zip(names, parts, strict=True):
        if p[-2] not in numbers:
            raise ValueError(f"`labels` must name the class of every folder. Received: none for {p[-2]!r} in {root}")
        mode = SPLIT_NAMES[p[0].lower()] if by_split else TRAIN_MODE
        splits.videos[mode].append(LabelledVideo(name, numbers[p[-2]]))
    return splits


def hold_out(videos: Sequence[LabelledVideo], share: float) -> tuple[list[LabelledVideo], list[LabelledVideo]]:
    """Split videos into those that train and those that validate, class by class, by a hash of the files' names.

    The same file is on the same side wherever the folder lies. Of a class of two videos or more at least one is on each
    side; names do not tell which videos are cut from the same recording.

    Args:
        videos: list of `LabelledVideo`.
        share: float in (0, 1), of those that validate.

    Returns:
        Two lists in the order of `videos`.
    """
    classes, held = {}, set()
    for video in videos:
        digest = hashlib.sha256(video.name.rsplit("/", 1)[-1].encode("utf-8", "surrogateescape")).hexdigest()
        classes.setdefault(video.label, []).append((digest, video.name))
    for members in classes.values():
        count = min(max(1, round(share * len(members))), len(members) - 1)
        held.update(name for _, name in sorted(members)[:count])
    return [v for v in videos if v.name not in held], [v for v in videos if v.name in held]


def read_splits(
    source: str | pathlib.Path | Sequence,
    number: int,
    names: Sequence[str],
    root: str | pathlib.Path,
    labels: Sequence[str] | None = None,
) -> VideoSplits:
    """Read published lists of a split.

    Args:
        source: str or Path, a folder with the lists of UCF-101 or HMDB-51, a file of Kinetics or a folder with such; or
            a list of such files.
        number: int. Which split of UCF-101 or HMDB-51, from 1.
        names: list of str, of `find_videos`.
        root: str or Path, for errors.
        labels: names of the classes, None: those of the lists, sorted or in their order.

    Returns:
        `VideoSplits`.

    Raises:
        FileNotFoundError: there are no such lists, or videos that they name.
        ValueError: a line is not as described, leads out of the folder or names a class that is not in `labels`.
    """
    files = [pathlib.Path(path) for path in ([source] if isinstance(source, (str, os.PathLike)) else source)]
    listing = _Listing(names, root, labels)
    if len(files) == 1 and files[0].is_dir():
        folder = files[0]
        if (folder / "classInd.txt").is_file():
            return listing.finish(_ucf101(folder, number, listing), fatal=True)
        hmdb51 = sorted(folder.glob(f"*_test_split{number}.txt"))
        if hmdb51 or any(folder.glob("*_test_split?.txt")):
            return listing.finish(_hmdb51(folder, number, hmdb51, listing), fatal=True)
        files = sorted(folder.glob("*.csv"))
    if not files or not all(path.is_file() and path.suffix.lower() == ".csv" for path in files):
        allowed = "a folder with classInd.txt and trainlist01.txt, CLASS_test_split1.txt or .csv files, or such files"
        raise FileNotFoundError(f"`splits` must be {allowed}. Received: {source!r}")
    for path in files:
        _kinetics(path, listing)
    return listing.finish(None, fatal=False)


class _Listing:
    """Collects the lines of the lists, each with its file and number for errors."""

    def __init__(self, names, root, labels):
        self.root, self.labels, self.lines, self.where = root, labels, {}, ""
        self.by_stem, self.by_place = {}, {}
        for name in names:
            place = name.rsplit(".", 1)[0]
            self.by_place.setdefault(place, name)
            self.by_stem.setdefault(place.rsplit("/", 1)[-1], name)

    def bad(self, why):
        return ValueError(f"{self.where}: {why}")

    def read(self, path):
        """Yield the words of every line that has any."""
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except FileNotFoundError as error:
            raise FileNotFoundError(f"`splits` must hold {path.name}. Received: {str(path.parent)!r}") from error
        except UnicodeDecodeError as error:
            raise ValueError(f"{str(path)!r} must be text. Received: {error}") from error
        for count, line in enumerate(lines, 1):
            self.where = f"{str(path)!r}, line {count}"
            if line.strip():
                yield line.split()

    def add(self, mode, name, label, stem=False):
        """Note a video; `name` is its path below the root, or with `stem` its file's name alone, without suffix."""
        pure = pathlib.PurePosixPath(name)
        if not pure.name or pure.is_absolute() or ".." in pure.parts or "\\" in name or "\0" in name:
            raise self.bad(f"a video must be named by its path inside of {self.root}. Received: {name!r}")
        known = self.lines.setdefault(name, (mode, label, stem))
        if known != (mode, label, stem):
            raise self.bad(f"{name!r} must be in one split and class only. Received: twice, differently")

    def finish(self, labels, fatal):
        """Return `VideoSplits` of the lines, their classes in the order of `labels`, or sorted."""
        listed = labels or sorted({label for _, label, _ in self.lines.values()})
        splits = VideoSplits(tuple(self.labels or listed))
        unknown = sorted(set(listed) - set(splits.labels))
        if unknown:
            raise ValueError(f"`labels` must name every class of `splits`. Received: none for {_shown(unknown)}")
        numbers = _numbers(splits.labels)
        for name, (mode, label, stem) in self.lines.items():
            key = name if stem else name.rsplit(".", 1)[0]
            found = (self.by_stem if stem else self.by_place).get(key)
            if found is None:
                splits.missing.append(name)
            else:
                splits.videos[mode].append(LabelledVideo(found, numbers[label]))
        if splits.missing and (fatal or len(splits.missing) == len(self.lines)):
            found = f"{len(splits.missing)} of {len(self.lines)} missing: {_shown(splits.missing)}"
            raise FileNotFoundError(f"`root` must hold the videos of `splits`. Received: {self.root}, {found}")
        return splits


def _ucf101(folder, number, listing):
    """Read a split of UCF-101; return its classes in the order of their numbers."""
    classes = []
    for words in listing.read(folder / "classInd.txt"):
        if len(words) != 2 or words[0] != str(len(classes) + 1):
            raise listing.bad(f"must be the number {len(classes) + 1} and a class. Received: {' '.join(words)!r}")
        classes.append(words[1])
    for mode, kind in ((TRAIN_MODE, "train"), (TEST_MODE, "test")):
        for words in listing.read(folder / f"{kind}list{number:02d}.txt"):
            label = words[0].split("/")[0]
            if label not in classes or words[1:] not in ([], [str(classes.index(label) + 1)]):
                allowed = "CLASS/video.avi, and the class's number of classInd.txt"
                raise listing.bad(f"must be {allowed}. Received: {' '.join(words)!r}")
            listing.add(mode, words[0], label)
    return classes


def _hmdb51(folder, number, files, listing):
    """Read a split of HMDB-51; return its classes, sorted."""
    if not files:
        raise FileNotFoundError(f"`split` must be a number with CLASS_test_split{number}.txt. Received: {folder}")
    modes = {"1": TRAIN_MODE, "2": TEST_MODE, "0": None}
    for path in files:
        label = path.name.rsplit("_test_split", 1)[0]
        for words in listing.read(path):
            if len(words) != 2 or words[1] not in modes or "/" in words[0]:
                raise listing.bad(f"must be video.avi and 0, 1 or 2. Received: {' '.join(words)!r}")
            if modes[words[1]] is not None:
                listing.add(modes[words[1]], f"{label}/{words[0]}", label)
    return [path.name.rsplit("_test_split", 1)[0] for path in files]


def _kinetics(path, listing):
    """Read a file of Kinetics."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not set(KINETICS) <= set(rows.fieldnames or ()):
                columns = ",".join(KINETICS)
                raise ValueError(f"{str(path)!r} must have the columns {columns}. Received: {rows.fieldnames}")
            for row in rows:
                listing.where = f"{str(path)!r}, line {rows.line_num}"
                _kinetics_row(row, listing)
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{str(path)!r} must be a table of comma-separated values. Received: {error}") from error


def _kinetics_row(row, listing):
    label, name, start, end, split = (str(row[column] or "").strip() for column in KINETICS)
    times = [text.removesuffix(".0") for text in (start, end)]
    if not label or not name or "/" in name or split not in SPLIT_NAMES or not all(map(str.isdecimal, times)):
        allowed = "label, id, two times in whole seconds and train, validate or test"
        raise listing.bad(f"must be {allowed}. Received: {[label, name, start, end, split]}")
    listing.add(SPLIT_NAMES[split], "_".join([name, *(time.zfill(6) for time in times)]), label, stem=True)


def _numbers(labels):
    """Return {label: number}; raise ValueError for a label that comes twice."""
    numbers = {label: number for number, label in enumerate(labels)}
    if len(numbers) != len(labels):
        raise ValueError(f"`labels` must be different names. Received: {_shown(labels)}, some twice")
    return numbers


def _shown(names):
    return ", ".join(map(str, names[:SHOWN])) + (" ..." if len(names) > SHOWN else "")
