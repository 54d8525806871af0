"""NTU RGB+D, from the official release to OUT/NTU, which `deephar.data.Ntu` reads.

    python datasets/NTU/prepare.py SOURCE OUT
    python datasets/NTU/prepare.py --verify OUT
    python datasets/NTU/prepare.py --synthetic OUT --train 60 --test 30

SOURCE holds, anywhere below it, `SsssCcccPpppRrrrAaaa.skeleton` and `SsssCcccPpppRrrrAaaa_rgb.avi`. Of the videos
every second frame is kept, at half size (960 x 540). Samples that the release itself lists as bad
(`missing_skeletons.txt` here, another list by --missing) and samples in which nobody was seen are left out and counted.
"""

import os
import pathlib
import re
import shutil

import numpy as np

from deephar.data.files import load_json, malformed
from deephar.experiments import image_files, preparing
from deephar.experiments.ntu_skeletons import main_body, read_skeleton
from deephar.utils.io import atomic_path, leftovers, write_json

NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})")
MISSING = pathlib.Path(__file__).with_name("missing_skeletons.txt")
MAX_SETUP, MAX_ACTION = 17, 60  # NTU RGB+D 60; what comes after belongs to its extension of 120 actions
OFFICIAL = 56880
EVERY = 2  # readers take every second row
MAX_SHORT = 0.05  # a video may end so much before its skeletons; what it ends earlier is a broken download
ROWS, IMAGES, INDEX = "nturgb+d_numpy", "images-small", "samples.json"
PREPARE = "`python datasets/NTU/prepare.py SOURCE OUT` makes it."
DOWNLOAD = "Download it from https://rose1.ntu.edu.sg/dataset/actionRecognition again."


def main(argv=None):
    """Prepare, verify or synthesise; return the exit status."""
    parser = preparing.parser_of(__doc__)
    parser.add_argument("--missing", metavar="FILE", type=pathlib.Path, help="names of samples to leave out")
    preparing.add_frames(parser)
    arguments = preparing.parse(parser, argv)
    folder = arguments.out / "NTU"
    if arguments.synthetic:
        from deephar.synthetic.writers_ntu import write_ntu

        print(write_ntu(arguments.out, **preparing.synthetic_options(arguments)))
        return 0
    return verify(arguments, folder) if arguments.verify else prepare(arguments, folder)


def prepare(arguments, folder):
    """Write rows and frames of every sample, and the index; print counts; return the exit status."""
    skeletons, videos = find_samples(arguments.source)
    bad = read_missing(arguments.missing or MISSING) & skeletons.keys()
    names = sorted(skeletons.keys() - bad)
    paths = {name: None if arguments.no_frames else videos.get(name, f"{name}_rgb.avi") for name in names}
    jobs = [(name, skeletons[name], paths[name], folder, arguments.quality) for name in names]
    with preparing.working_in(folder, {"quality": arguments.quality}, ROWS, IMAGES):
        counts, problems = preparing.run_jobs(prepare_sample, jobs, arguments.workers, "NTU samples")
        if preparing.stop_short(problems, arguments):
            return 1
        samples = {name: count for name, count in zip(names, counts, strict=True) if count is not None}
        write_json(folder / INDEX, samples)  # names and numbers of rows; 0: nobody was seen
    empty = list(samples.values()).count(0)
    print(f"{len(samples) - empty} samples of {OFFICIAL}, {sum(samples.values())} rows. Left out: {len(bad)} listed as")
    print(f"bad, {empty} in which nobody was seen, {len(problems)} missing or damaged")
    return 0


def find_samples(source):
    """Return two dicts from sample name to file: skeletons and videos of NTU RGB+D 60 anywhere below `source`."""
    found = {".skeleton": {}, "_rgb.avi": {}}
    for root, _, names in os.walk(source, followlinks=True):
        for name in names:
            match = NAME.match(name)
            if match and name[match.end() :] in found and _is_of_60(match):
                found[name[match.end() :]][match.group()] = os.path.join(root, name)
    if not found[".skeleton"]:
        raise FileNotFoundError(f"SOURCE must hold NTU RGB+D 60's *.skeleton. Received: {str(source)!r}. {DOWNLOAD}")
    return found[".skeleton"], found["_rgb.avi"]


def _is_of_60(match):
    setup, _, _, _, action = (int(group) for group in match.groups())
    return setup <= MAX_SETUP and action <= MAX_ACTION


def read_missing(path):
    """The set of sample names in a list; its other lines are comments."""
    if not path.is_file():
        raise FileNotFoundError(f"`--missing` must be a file of sample names. Received: {str(path)!r}")
    lines = (line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return {line.removesuffix(".skeleton") for line in lines if NAME.fullmatch(line.removesuffix(".skeleton"))}


def prepare_sample(job):
    """Make one sample's rows and frames unless they are there; a job.

    Args:
        job: name, skeleton file, video file or None, the data set's folder, JPEG quality.

    Returns:
        The number of rows; 0: nobody was seen.

    Raises:
        ValueError, FileNotFoundError: a file is missing or damaged; nothing of the sample is left behind.
    """
    name, skeleton, video, folder, quality = job
    path, images = folder / ROWS / f"{name}.npy", folder / IMAGES / name
    if path.exists() and (video is None or images.exists()):
        return len(np.load(path, mmap_mode="r", allow_pickle=False))
    rows = main_body(read_skeleton(skeleton))
    if not len(rows):
        return 0
    if video is not None:
        shutil.rmtree(images, ignore_errors=True)  # rows are written last: without them, frames are of a stopped run
        with preparing.whole_folder(images) as partial:
            rows = _extract(video, partial, rows, quality)
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.save(file, rows)
    return len(rows)


def _extract(video, folder, rows, quality):
    """Store the frames of every second row; return the rows that the video reaches."""
    wanted = rows[::EVERY, 0].astype(int)
    count = image_files.extract_frames(video, folder, wanted, half=True, quality=quality)
    if count >= wanted[-1]:
        return rows
    if count < (1 - MAX_SHORT) * wanted[-1]:
        raise ValueError(f"{video} ends after {count} frames, its skeletons go to {wanted[-1]}. {DOWNLOAD}")
    return rows[rows[:, 0] <= count]


def verify(arguments, folder):
    """Check rows and frames of every sample; with a SOURCE, also that none of it is lacking; return the exit status."""
    samples, problems = _index(folder)
    if arguments.source is not None:
        bad = read_missing(arguments.missing or MISSING)
        expected = find_samples(arguments.source)[0].keys() - bad
        problems += [f"{name} is in SOURCE, but was not prepared" for name in sorted(expected - samples.keys())]
    names = sorted(name for name, count in samples.items() if count)
    jobs = [(folder, name, not arguments.no_frames) for name in names]
    found, failed = preparing.run_jobs(check_sample, jobs, arguments.workers, "NTU samples")
    problems += failed + [problem for sample in found for problem in sample or ()]
    print(f"{len(names)} samples, {len(problems)} problems")
    return int(preparing.report(problems))


def _index(folder):
    """Return the dict from a sample's name to its number of rows, and a list of problems."""
    if not (folder / ROWS).is_dir():
        raise FileNotFoundError(f"OUT must hold NTU/{ROWS}. Received: {str(folder.parent)!r}, which does not")
    problems = [f"{path} is half-made" for name in (ROWS, IMAGES) for path in leftovers(folder / name)]
    if (folder / INDEX).exists():
        with malformed(folder / INDEX, "the list of samples", PREPARE):
            return {str(name): int(count) for name, count in load_json(folder / INDEX, PREPARE).items()}, problems
    problems.append(f"{folder / INDEX} does not exist: the preparation did not finish; the same command goes on")
    return {path.stem: 1 for path in (folder / ROWS).glob("S*.npy")}, problems


def check_sample(job):
    """List what is wrong with a sample; a job: the data set's folder, its name, whether it has frames."""
    folder, name, with_frames = job
    path = folder / ROWS / f"{name}.npy"
    try:
        rows = np.load(path, allow_pickle=False)
        if rows.ndim != 2 or rows.shape[1] != 151 or not len(rows) or not np.isfinite(rows).all():
            return [f"{path} must hold finite numbers, 151 a row. Received: {rows.shape}"]
    except FileNotFoundError:
        return [f"{path} does not exist"]
    except (ValueError, OSError, EOFError) as error:
        return [f"{path} is damaged ({error})"]
    if not with_frames:
        return []
    return image_files.check_folder((folder / IMAGES / name, [f"{int(n):05d}.jpg" for n in rows[::EVERY, 0]], None))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    preparing.run(main)
