"""MPII Human Pose, from the official release to OUT/MPII, which `deephar.data.MpiiSinglePerson` reads.

    python datasets/MPII/prepare.py SOURCE OUT --valid valid.h5
    python datasets/MPII/prepare.py --verify OUT
    python datasets/MPII/prepare.py --synthetic OUT --train 400 --test 100

SOURCE holds `mpii_human_pose_v1_u12_1.mat` (anywhere below it) and the images in `images/`. --valid says who is in
the validation split: an HDF5 file with `imgname` and `person` (from 0), one entry a person, or a text file of image
names. The README beside this file tells where the usual one of 2,958 people comes from.
"""

import os
import pathlib

import h5py
import numpy as np

from deephar.data.files import load_mat, malformed
from deephar.experiments import image_files, preparing
from deephar.utils.progress import progress

RELEASE = "mpii_human_pose_v1_u12_1.mat"
NUM_JOINTS = 16
USUAL_VALID = 2958
DOWNLOAD = "Download the release from http://human-pose.mpi-inf.mpg.de again."
PREPARE = "`python datasets/MPII/prepare.py SOURCE OUT --valid KEY` makes it."


def main(argv=None):
    """Prepare, verify or synthesise; return the exit status."""
    parser = preparing.parser_of(__doc__)
    parser.add_argument("--valid", metavar="KEY", type=pathlib.Path, help="who is in the validation split: .h5 or .txt")
    preparing.add_images(parser)
    arguments = preparing.parse(parser, argv)
    folder = arguments.out / "MPII"
    if arguments.synthetic:
        from deephar.synthetic.writers import write_mpii

        print(write_mpii(arguments.out, **preparing.synthetic_options(arguments, test="valid")))
        return 0
    if arguments.verify:
        return verify(folder, arguments.workers)
    if arguments.valid is None:
        parser.error("--valid KEY is needed: the release itself has no validation split")
    return prepare(arguments, folder)


def prepare(arguments, folder):
    """Write `annotations.mat`, give the folder its images, print counts; return the exit status."""
    release = _find(arguments.source)
    key, annotated = read_key(arguments.valid), read_release(release)
    train, valid = split(annotated, key, arguments.valid)
    images = arguments.source / "images"
    with preparing.working_in(folder, {}):
        if images.is_dir():
            image_files.place_images(images, folder / "images", arguments.images)
        parts = {"annot_tr": _columns(train), "annot_val": _columns(valid)}
        preparing.write_mat(folder / "annotations.mat", parts)
    for name, part in (("annot_tr", train), ("annot_val", valid)):
        print(f"{name}: {sum(len(chosen) for chosen, _, _ in part)} people in {len(part)} images")
    number = sum(len(chosen) for chosen, _, _ in valid)
    if number != USUAL_VALID:
        print(f"note: the usual validation split has {USUAL_VALID} people, this one has {number}")
    if not images.is_dir():
        print(f"note: {images} is not there; put the images into {folder / 'images'}, then --verify")
    return 0


def _find(source):
    found = sorted(source.rglob(RELEASE))
    if not found:
        raise FileNotFoundError(f"SOURCE must hold {RELEASE}. Received: {str(source)!r}, which does not. {DOWNLOAD}")
    return found[0]


def read_release(path):
    """Read the release's one struct, `RELEASE`.

    Returns:
        Dict from image name to (numbers of the single people, from 1; list of records, one a person), for the
        images of the official training set.
    """
    (release,) = load_mat(path, ["RELEASE"], DOWNLOAD, struct_as_record=False, squeeze_me=True)
    annotated = {}
    with malformed(path, "`RELEASE`", DOWNLOAD):
        annolist = np.atleast_1d(release.annolist)
        is_train, single = np.atleast_1d(release.img_train), np.atleast_1d(release.single_person)
        if not len(annolist) == len(is_train) == len(single):
            lengths = len(annolist), len(is_train), len(single)
            raise ValueError(f"annolist, img_train and single_person have {lengths} entries")
    for place, image in enumerate(progress(annolist, label="MPII annotations")):
        with malformed(path, f"`RELEASE.annolist({place + 1})`", DOWNLOAD):
            if int(is_train[place]) == 1:
                people = [_person(record) for record in np.atleast_1d(image.annorect)]
                numbers = np.atleast_1d(single[place]).astype(int)
                annotated[str(image.image.name)] = numbers.tolist(), people
    return annotated


def _person(record):
    """One rectangle of `annorect` as a record of annotations.mat; NaN where the release has nothing."""
    pose, visible = np.full((2, NUM_JOINTS), np.nan), np.full((1, NUM_JOINTS), np.nan)
    points = getattr(getattr(record, "annopoints", None), "point", [])
    for point in np.atleast_1d(points):
        if not 0 <= int(point.id) < NUM_JOINTS:
            raise ValueError(f"a joint has number {point.id}")
        pose[:, int(point.id)] = float(point.x), float(point.y)
        visible[0, int(point.id)] = _number(point, "is_visible")
    place = getattr(record, "objpos", None)
    return {
        "head": np.array([[_number(record, name) for name in ("x1", "y1", "x2", "y2")]]),
        "objpos": np.array([[_number(place, "x"), _number(place, "y")]]),
        "scale": np.array([[_number(record, "scale")]]),
        "pose": pose,
        "visible": visible,
    }


def _number(record, name):
    """A field as a number, NaN where it is absent or empty: images differ in the fields that their people have."""
    value = np.asarray(getattr(record, name, np.nan), dtype=np.float64).ravel()
    return float(value[0]) if value.size else np.nan


def _is_complete(person):
    """Whether a person has what training and PCKh need: joints, position, scale and a head box."""
    numbers = np.concatenate([person["head"].ravel(), person["objpos"].ravel(), person["scale"].ravel()])
    return bool(np.isfinite(numbers).all() and person["scale"][0, 0] > 0 and np.isfinite(person["pose"]).any())


def read_key(path):
    """Read who is in the validation split.

    Returns:
        Dict from image name to the set of its people's numbers (from 1), or to None: all single people of it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"`--valid` must be a file. Received: {str(path)!r}")
    if path.suffix.lower() in (".h5", ".hdf5"):
        return _read_h5_key(path)
    names = path.read_text(encoding="utf-8", errors="replace").split()
    if not names or not all(name.lower().endswith(image_files.SUFFIXES) for name in names):
        raise ValueError(f"`--valid` must hold one image name a line. Received: {str(path)!r}, {names[:1]} ...")
    return dict.fromkeys(names)


def _read_h5_key(path):
    key = {}
    try:
        with h5py.File(path) as file:
            names, people = file["imgname"][:], file["person"][:]
    except (OSError, KeyError) as error:
        problem = f"Received: {str(path)!r} ({error})"
        raise ValueError(f"`--valid` must be HDF5 with `imgname` and `person`. {problem}") from error
    for name, person in zip(names, people, strict=True):
        key.setdefault(name.decode() if isinstance(name, bytes) else str(name), set()).add(int(person) + 1)
    return key


def split(annotated, key, path):
    """Divide the annotated image_files.

    Args:
        annotated: of `read_release`.
        key: of `read_key`.
        path: of the key, for errors.

    Returns:
        Training and validation: lists of (numbers of the people to use, image name, records), in the release's order.
    """
    absent = [name for name in key if name not in annotated]
    if absent:
        raise ValueError(f"`--valid` names images without annotation in the release: {absent[:5]}. Received: {path}")
    train, valid = [], []
    for name, (single, people) in annotated.items():
        asked = key.get(name) if name in key else None
        numbers = sorted(asked) if asked else single
        chosen = [n for n in numbers if 1 <= n <= len(people) and _is_complete(people[n - 1])]
        if asked and len(chosen) < len(asked):
            raise ValueError(f"`--valid` names a person of {name} without full annotation: {numbers}. Received: {path}")
        if chosen:
            (valid if name in key else train).append((chosen, name, people))
    return train, valid


def _columns(part):
    """The 3 x N cell that the reader expects: numbers from 1 as a column, image name, column of people."""
    columns = np.empty((3, len(part)), dtype=object)
    for place, (chosen, name, people) in enumerate(part):
        records = np.empty((len(people), 1), dtype=object)
        for row, person in enumerate(people):
            records[row, 0] = person
        columns[:, place] = np.array(chosen, np.uint8)[:, None], name, records
    return columns


def verify(folder, workers):
    """Check that every image that the annotations name is there and whole; return the exit status."""
    parts = load_mat(folder / "annotations.mat", ["annot_tr", "annot_val"], PREPARE)
    with malformed(folder / "annotations.mat", "a column", PREPARE):
        names = [[str(name[0]) for name in part[1]] for part in parts]
    every = sorted(set(names[0]) | set(names[1]))
    chunks = [(str(folder / "images"), chunk, None) for chunk in map(list, np.array_split(every, len(every) // 50 + 1))]
    problems = image_files.check_folders(chunks, workers, "MPII images")
    both = set(names[0]) & set(names[1])
    problems += [f"{name} is in training and in validation" for name in sorted(both)]
    print(f"{len(names[0])} training and {len(names[1])} validation images, {len(problems)} problems")
    return int(preparing.report(problems))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    preparing.run(main)
