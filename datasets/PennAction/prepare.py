"""Penn Action, from the official release to OUT/PennAction, which `deephar.data.PennAction` reads.

    python datasets/PennAction/prepare.py SOURCE OUT
    python datasets/PennAction/prepare.py --verify OUT
    python datasets/PennAction/prepare.py --synthetic OUT --train 60 --test 30

SOURCE is the unpacked `Penn_Action`: `labels/0001.mat` ... and `frames/0001/000001.jpg` ... The files' own flag says
which videos train and which test. Without `frames/` the poses and actions alone can be used (`pose_only`).
"""

import os
import re

from deephar.data.penn_labels import ACTIONS, read_label
from deephar.data.pennaction_annotations import load_sequences
from deephar.experiments import image_files, preparing
from deephar.synthetic.writers import PENN_JOINTS, cells
from deephar.utils import TEST_MODE, TRAIN_MODE

OFFICIAL = {"training": 1258, "test": 1068}
DOWNLOAD = "Unpack Penn_Action.tar.gz of http://dreamdragon.github.io/PennAction again."


def main(argv=None):
    """Prepare, verify or synthesise; return the exit status."""
    parser = preparing.parser_of(__doc__)
    preparing.add_images(parser)
    arguments = preparing.parse(parser, argv)
    folder = arguments.out / "PennAction"
    if arguments.synthetic:
        from deephar.synthetic.writers import write_penn

        print(write_penn(arguments.out, **preparing.synthetic_options(arguments)))
        return 0
    return verify(arguments, folder) if arguments.verify else prepare(arguments, folder)


def prepare(arguments, folder):
    """Write `annotations.mat`, give the folder its frames, print counts; return the exit status."""
    files = label_files(arguments.source)
    frames = files[0].parents[1] / "frames"
    with preparing.working_in(folder, {}):
        sequences, problems = preparing.try_jobs(read_sequence, files, arguments.workers, "Penn Action labels")
        if preparing.stop_short(problems, arguments):
            return 1
        sequences = [sequence for sequence in sequences if sequence is not None]
        parts = {train: [record for flag, record in sequences if flag == train] for train in (True, False)}
        write_annotations(folder / "annotations.mat", parts[True], parts[False])
        if frames.is_dir():
            image_files.place_images(frames, folder / "frames", arguments.images)
    for name, part in (("training", parts[True]), ("test", parts[False])):
        count = sum(len(record["frames"]) for record in part)
        print(f"{name}: {len(part)} videos of {OFFICIAL[name]}, {count} frames")
    if not frames.is_dir():
        print(f"note: {frames} is not there: poses and actions can be used, images cannot")
    return 0


def label_files(source):
    """The files NNNN.mat of the release's folder `labels`, in order."""
    folders = [source / "labels", *sorted(source.glob("*/labels"))]
    files = [path for folder in folders for path in folder.glob("*.mat") if re.fullmatch(r"\d{4}", path.stem)]
    if not files:
        raise FileNotFoundError(f"SOURCE must hold labels/0001.mat ... Received: {str(source)!r}. {DOWNLOAD}")
    return sorted(files)


def read_sequence(path):
    """One label file as a record of annotations.mat; a job.

    Returns:
        Whether it is for training, and the struct: `idx`, `action_id` (from 1), `frames`.

    Raises:
        ValueError: names the file.
    """
    label = read_label(path)
    width, height = label.size
    frames = [
        {"f": number, "w": width, "h": height, "pose": joints.T, "visible": visible.astype("uint8")}
        for number, (joints, visible) in enumerate(zip(label.joints_px, label.visible, strict=True), 1)
    ]
    record = {"idx": label.number, "action_id": ACTIONS.index(label.action) + 1, "frames": cells(frames)}
    return bool(label.train), record


def write_annotations(path, train, test):
    """Write `annotations.mat`, whole or not at all."""
    variables = {
        "sequences_te": cells(test),
        "sequences_tr": cells(train),
        "action_labels": cells(ACTIONS),
        "joint_labels": cells(PENN_JOINTS),
    }
    preparing.write_mat(path, variables)


def verify(arguments, folder):
    """Check every frame that the annotations name, and with a SOURCE that they name all of it; return the status."""
    sequences, _, _ = load_sequences(folder / "annotations.mat")
    videos = [sequence for mode in (TRAIN_MODE, TEST_MODE) for sequence in sequences[mode]]
    jobs = [
        (str(folder / "frames" / f"{video.idx:04d}"), [f"{n:06d}.jpg" for n in video.numbers], video.size)
        for video in videos
    ]
    problems = image_files.check_folders(jobs, arguments.workers, "Penn Action videos")
    if arguments.source is not None:
        absent = {int(path.stem) for path in label_files(arguments.source)} - {video.idx for video in videos}
        problems += [f"{number:04d} is in SOURCE, but was not prepared" for number in sorted(absent)]
    print(f"{len(videos)} videos, {sum(len(video.numbers) for video in videos)} frames, {len(problems)} problems")
    return int(preparing.report(problems))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    preparing.run(main)
