"""Leeds Sports Pose or its extended set, from the official release to OUT/LSP, which `deephar.data.Lsp` reads.

    python datasets/LSP/prepare.py SOURCE OUT
    python datasets/LSP/prepare.py --verify OUT
    python datasets/LSP/prepare.py --synthetic OUT --train 400

SOURCE is one unpacked release, `joints.mat` and the folder `images/` beside it: lsp_dataset.zip (images of people about
150 px high), lsp_dataset_original.zip (the same people, images as they were) or lspet_dataset.zip (the extended set).
"""

import os

from deephar.data.lsp import load_people
from deephar.experiments import people_release, preparing
from deephar.experiments.people_release import Release
from deephar.synthetic.writers_lsp import write_lsp
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE

SPLITS = {"training": TRAIN_MODE, "validation": VALID_MODE, "test": TEST_MODE}


def splits_of(path):
    """{split: image names} of joints.mat."""
    _, images, _, samples = load_people(path)
    return {name: [images[k] for k in samples[mode]] for name, mode in SPLITS.items()}


RELEASE = Release(
    name="LSP",
    file="joints.mat",
    read=splits_of,
    download="Unpack a release of http://sam.johnson.io/research/lsp.html or lspet.html again.",
    official={},
    write=write_lsp,
)


def main(argv=None):
    """Prepare, verify or synthesise; return the exit status."""
    return people_release.main(RELEASE, __doc__, argv)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    preparing.run(main)
