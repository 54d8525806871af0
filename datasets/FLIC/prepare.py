"""Frames Labelled In Cinema, from the official release to OUT/FLIC, which `deephar.data.Flic` reads.

    python datasets/FLIC/prepare.py SOURCE OUT
    python datasets/FLIC/prepare.py --verify OUT
    python datasets/FLIC/prepare.py --synthetic OUT --train 400 --test 100

SOURCE is the unpacked FLIC.zip: `examples.mat`, anywhere below it, and the folder `images/` beside it.
"""

import os

import numpy as np

from deephar.data.flic import load_examples
from deephar.experiments import people_release, preparing
from deephar.experiments.people_release import Release
from deephar.synthetic.writers_flic import write_flic


def splits_of(path):
    """{split: image names} of examples.mat."""
    images, _, train, test = load_examples(path)
    return {name: list(np.array(images)[chosen]) for name, chosen in (("training", train), ("test", test))}


RELEASE = Release(
    name="FLIC",
    file="examples.mat",
    read=splits_of,
    download="Unpack FLIC.zip of https://bensapp.github.io/flic-dataset.html again.",
    official={"training": 3987, "test": 1016},
    write=write_flic,
)


def main(argv=None):
    """Prepare, verify or synthesise; return the exit status."""
    return people_release.main(RELEASE, __doc__, argv)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    preparing.run(main)
