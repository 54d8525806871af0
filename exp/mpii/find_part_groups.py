"""Find groups of related body parts in annotated poses, for the part-based branching network.

Tang and Wu, CVPR 2019, section 3.1: mutual information of the places of joints on a lattice of 16 x 16, scaled and
centred, and spectral clustering. The groups of `--groups 5` are the branches of `pbn`; groups.json is what
`exp/mpii/train_pbn.py --groups` takes.

    python exp/mpii/find_part_groups.py runs/groups --data FOLDER --groups 5
    python exp/mpii/find_part_groups.py runs/groups --annotations valid.h5 --groups 5
    python exp/mpii/find_part_groups.py runs/tiny --tiny

`--data` takes the training people of MPII as this package has it; `--annotations` a file of pose-hg-train, `part`
(N, 16, 2), `center` (N, 2) and `scale` (N,).

Expected: on the 2,958 validation people of MPII (valid.h5) the five groups of the paper: head, neck, thorax and
shoulders; left elbow and wrist; right elbow and wrist; hips and pelvis; knees and ankles.
"""

import pathlib

import h5py
import numpy as np

from deephar.config import DataConfig
from deephar.data import MpiiSinglePerson
from deephar.data.part_groups import find_groups, mutual_information, on_lattice
from deephar.drawing.plots import plot_groups
from deephar.experiments import options
from deephar.experiments.datasetpath import datasetpath
from deephar.utils import TRAIN_MODE
from deephar.utils.io import write_json
from deephar.utils.pose import mpii16j2d
from deephar.utils.tables import table


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/part_groups")
    parser.add_argument("--groups", type=options.positive, default=5, help="how many")
    parser.add_argument("--annotations", metavar="FILE", type=pathlib.Path, help="an HDF5 file of pose-hg-train")
    return options.parse(parser, argv)


def read_annotations(path):
    """(joints (N, 16, 2) px, centres (N, 2) px, scales (N,)) of a file of pose-hg-train."""
    with h5py.File(path) as file:
        missing = [name for name in ("part", "center", "scale") if name not in file]
        if missing or file["part"].shape[1:] != (16, 2):
            raise ValueError(f"{str(path)!r} must hold `part` (N, 16, 2), `center`, `scale`. Received: {list(file)}")
        return file["part"][:], file["center"][:], file["scale"][:]


def read_people(arguments):
    """The same of the training people of a data set folder."""
    options.tiny_data(arguments, "MPII")
    mpii = MpiiSinglePerson(datasetpath("MPII", arguments.data), DataConfig(), mpii16j2d)
    people = mpii.samples[TRAIN_MODE]
    return [np.array([getattr(person, name) for person in people]) for name in ("joints", "objpos", "scale")]


def main():
    arguments = arguments_of()
    found = read_annotations(arguments.annotations) if arguments.annotations else read_people(arguments)
    poses, names = on_lattice(*found), mpii16j2d.joint_names
    information = mutual_information(poses)
    groups = find_groups(poses, arguments.groups, arguments.seed)
    print(f"{len(poses)} people; mutual information of joints, nats, entropies on the diagonal")
    rows = [[name, *(f"{value:.2f}" for value in row)] for name, row in zip(names, information, strict=True)]
    print(table(["", *names], rows))
    for group in groups:
        print(f"{group}: {', '.join(names[joint] for joint in group)}")
    path = arguments.out / "groups.json"
    write_json(path, {"groups": groups, "people": len(poses), "mutual_information_nats": information.tolist()})
    middle = np.nanmedian(poses, axis=0)
    drawn = plot_groups(information, names, groups, middle, arguments.out / "groups.png", f"{len(poses)} people")
    print(f"{path}\n{drawn}")


if __name__ == "__main__":
    options.run(main)
