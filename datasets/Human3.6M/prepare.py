"""Human3.6M, from the official release to OUT/Human3.6M, which `deephar.data.Human36M` reads.

    python datasets/Human3.6M/prepare.py SOURCE OUT
    python datasets/Human3.6M/prepare.py --verify OUT
    python datasets/Human3.6M/prepare.py --synthetic OUT --train 60 --test 30

SOURCE holds, anywhere below it, `metadata.xml` and folders S1, S5 ... S11 with `D3_Positions/*.cdf` and `Videos/*.mp4`.
Subjects 1, 5, 6, 7 and 8 train, every 5th frame (--train-step); 9 and 11 test, every 64th (--test-step) as published.
Needs `pip install av cdflib`.
"""

import os
import pathlib
import re

import numpy as np

from deephar.data.files import load_mat, malformed
from deephar.data.human36m import ACTION_LABELS
from deephar.experiments import image_files, preparing
from deephar.experiments.h36m_release import CAMERAS, read_metadata, read_poses, require_cdflib
from deephar.synthetic.writers import cells
from deephar.utils.io import leftovers

TRAIN, TEST = (1, 5, 6, 7, 8), (9, 11)
MISSING = (11, 1, 2, 0)  # subject, action, take, camera: S11, Directions, 54138969, broken in the release
RECORDINGS = 2 * len(ACTION_LABELS) * len(CAMERAS)  # of one subject
JOINTS = (
    "Hips RightUpLeg RightLeg RightFoot RightToeBase RightSite LeftUpLeg LeftLeg LeftFoot LeftToeBase LeftSite Spine "
    "Spine1 Neck Head HeadSite LeftShoulder LeftArm LeftForeArm LeftHand LeftHandThumb LeftHandThumbSite LeftWristEnd "
    "LeftWristEndSite RightShoulder RightArm RightForeArm RightHand RightHandThumb RightHandThumbSite RightWristEnd "
    "RightWristEndSite"
).split()
PREPARE = "`python datasets/Human3.6M/prepare.py SOURCE OUT` makes it."


def main(argv=None):
    """Prepare, verify or synthesise; return the exit status."""
    parser = preparing.parser_of(__doc__)
    parser.add_argument("--metadata", metavar="FILE", type=pathlib.Path, help="metadata.xml, where not below SOURCE")
    parser.add_argument("--train-step", metavar="N", type=int, default=5, help="every N-th frame trains; default 5")
    parser.add_argument("--test-step", metavar="N", type=int, default=64, help="every N-th frame tests; default 64")
    preparing.add_frames(parser)
    arguments = preparing.parse(parser, argv)
    if min(arguments.train_step, arguments.test_step) < 1:
        parser.error("--train-step and --test-step must be at least 1")
    folder = arguments.out / "Human3.6M"
    if arguments.synthetic:
        from deephar.synthetic.writers_h36m import write_h36m

        validation = {"valid": arguments.test} if arguments.test else {}
        print(write_h36m(arguments.out, **validation, **preparing.synthetic_options(arguments)))
        return 0
    return verify(arguments, folder) if arguments.verify else prepare(arguments, folder)


def prepare(arguments, folder):
    """Extract frames, write `annotations.mat`, print counts; return the exit status."""
    require_cdflib()
    metadata = arguments.metadata or _find(arguments.source, "metadata.xml")
    cameras, names = read_metadata(metadata)
    recordings = find_recordings(arguments.source, names)
    steps = {"train": arguments.train_step, "test": arguments.test_step}
    jobs = [job_of(recording, folder, steps, arguments) for recording in recordings]
    with preparing.working_in(folder, {"steps": steps, "quality": arguments.quality}, "images"):
        done, problems = preparing.run_jobs(prepare_recording, jobs, arguments.workers, "Human3.6M recordings")
        if preparing.stop_short(problems, arguments):
            return 1
        sequences = {"train": [], "test": []}
        for recording, job, result in zip(recordings, jobs, done, strict=True):
            if result is not None:
                camera = cameras[recording["subject"], recording["camera"]]
                sequences[recording["part"]].append(record_of(job["name"], camera, *result))
        write_annotations(folder / "annotations.mat", sequences["train"], sequences["test"])
    for part, subjects in (("train", TRAIN), ("test", TEST)):
        frames, whole = sum(len(sequence["frames"]) for sequence in sequences[part]), RECORDINGS * len(subjects)
        whole -= MISSING[0] in subjects
        print(f"{part}: {len(sequences[part])} recordings of {whole}, {frames} frames")
    return 0


def _find(source, name):
    found = sorted(source.rglob(name))
    if not found:
        raise FileNotFoundError(f"SOURCE must hold {name}. Received: {str(source)!r}, which does not")
    return found[0]


def find_recordings(source, names):
    """Find the poses and videos of the subjects that have public poses.

    Args:
        source: folder of the release.
        names: recordings of `read_metadata`.

    Returns:
        List of dicts, one a camera and recording: subject, action and take (from 1), camera (from 0), part ('train' or
        'test'), poses and video (paths; the video may be absent). The one that is broken in the release is left out.
    """
    recordings = []
    for part, subjects in (("train", TRAIN), ("test", TEST)):
        for subject in subjects:
            folders = [path for path in sorted(source.rglob(f"S{subject}")) if path.is_dir()]
            poses = [path for folder in folders for path in sorted(folder.rglob("*.cdf")) if _holds_poses(path.parent)]
            videos = {path.name: path for folder in folders for path in folder.rglob("*.mp4")}
            for path in poses:
                if (subject, path.stem) not in names:
                    continue  # the recording of everything
                action, take = names[subject, path.stem]
                for camera, camera_name in enumerate(CAMERAS):
                    if (subject, action, take, camera) != MISSING:
                        file = f"{path.stem}.{camera_name}.mp4"
                        video = videos.get(file, path.parent / file)
                        place = {"subject": subject, "action": action, "take": take, "camera": camera, "part": part}
                        recordings.append(place | {"poses": path, "video": video})
    if not recordings:
        raise FileNotFoundError(
            f"SOURCE must hold S1/.../D3_Positions/*.cdf with the names of metadata.xml. Received: {str(source)!r}"
        )
    return recordings


def _holds_poses(folder):
    return re.fullmatch(r"(Poses_)?D3_Positions(_S\d+)?", folder.name) is not None


def name_of(recording):
    """The sequence's name; it starts with the action, as the reader expects: s02_S09_1_c3."""
    names = {**recording, "camera": recording["camera"] + 1}
    return "s{action:02d}_S{subject:02d}_{take}_c{camera}".format(**names)


def job_of(recording, folder, steps, arguments):
    """What `prepare_recording` must know."""
    name = name_of(recording)
    return {
        "name": name,
        "poses": recording["poses"],
        "video": None if arguments.no_frames else recording["video"],
        "images": folder / "images" / name,
        "step": steps[recording["part"]],
        "quality": arguments.quality,
    }


def prepare_recording(job):
    """Extract the frames of one recording unless they are there; a job.

    Returns:
        Numbers of the frames (from 1), (width, height), and poses (F, 32, 3) mm in the world.

    Raises:
        ValueError, FileNotFoundError: a file is missing or damaged; nothing of the recording is left behind.
    """
    poses = read_poses(job["poses"])
    numbers = np.arange(1, len(poses) + 1, job["step"])
    if job["video"] is None:
        return numbers, size_of_camera(job["name"]), poses[numbers - 1]
    images = job["images"]
    if not images.exists():
        with preparing.whole_folder(images) as partial:
            count = image_files.extract_frames(job["video"], partial, numbers, quality=job["quality"])
            if count < numbers[-1]:
                raise ValueError(f"{job['video']} ends after {count} frames, its poses after {len(poses)}")
    return numbers, image_files.image_size(images / f"{numbers[-1]:05d}.jpg"), poses[numbers - 1]


def size_of_camera(name):
    """Width and height (px) of the official videos of a camera, where there are no images to ask."""
    return (1000, 1002) if name.endswith(("c1", "c4")) else (1000, 1000)


def record_of(name, camera, numbers, size, poses):
    """A sequence's struct in annotations.mat."""
    width, height = size
    frames = [
        {"f": int(number), "w": width, "h": height, "pose3d": pose.T.astype(np.float64)}
        for number, pose in zip(numbers, poses, strict=True)
    ]
    return {"name": name, "camera_parameters": camera, "frames": cells(frames)}


def write_annotations(path, train, test):
    """Write `annotations.mat`, whole or not at all; the test subjects stand in validation too, where old code looks."""
    variables = {
        "sequences_te": cells(test),
        "sequences_tr": cells(train),
        "sequences_val": cells(test),
        "action_labels": cells(ACTION_LABELS),
        "joint_labels": cells(JOINTS),
    }
    preparing.write_mat(path, variables)


def verify(arguments, folder):
    """Check the frames of every sequence, and with a SOURCE that all of it was prepared; return the exit status."""
    jobs, problems = _named_images(folder), []
    if arguments.source is not None:
        _, names = read_metadata(arguments.metadata or _find(arguments.source, "metadata.xml"))
        expected = [name_of(recording) for recording in find_recordings(arguments.source, names)]
        problems = [f"{name} is in SOURCE, but was not prepared" for name in expected if name not in jobs]
    if not arguments.no_frames:
        folders = list(jobs.values())
        found, _ = preparing.run_jobs(image_files.check_folder, folders, arguments.workers, "Human3.6M images")
        problems += [problem for sequence in found for problem in sequence or ()]
        problems += [f"{path} is half-made" for path in leftovers(folder / "images")]
    count = sum(len(names) for _, names, _ in jobs.values())
    print(f"{len(jobs)} recordings, {count} frames, {len(problems)} problems")
    return int(preparing.report(problems))


def _named_images(folder):
    """Dict from a sequence's name to what `check_folder` takes: folder, names of its images, size."""
    path, jobs = folder / "annotations.mat", {}
    names = ["sequences_te", "sequences_tr", "sequences_val"]
    for part in load_mat(path, names, PREPARE, squeeze_me=True, struct_as_record=False):
        for sequence in np.atleast_1d(part):
            with malformed(path, "a sequence", PREPARE):
                frames = np.atleast_1d(sequence.frames)
                files = [f"{int(frame.f):05d}.jpg" for frame in frames]
                size = (int(frames[0].w), int(frames[0].h))
                jobs[str(sequence.name)] = (str(folder / "images" / str(sequence.name)), files, size)
    return jobs


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    preparing.run(main)
