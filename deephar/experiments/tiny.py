"""What --tiny runs on: synthetic data sets in their official formats, kept where they are there, and quick steps."""

import pathlib

import numpy as np
import scipy.io

from deephar.synthetic.layouts import map_flags, map_points
from deephar.synthetic.world import render_clip
from deephar.utils.io import atomic_path

SIZES = ((160, 120), (120, 160))
LSP_SIZE = (96, 96)
VIDEO_SIZES = ((64, 48),)
VIDEO_CLASSES = {"golf": "golf_swing", "jump": "jumping_jacks", "squat": "squat"}


def run_untraced() -> None:
    """Make TensorFlow run steps operation by operation: to trace a graph takes far longer than a few tiny steps."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.run_functions_eagerly(True)


def write_tiny(folder: str | pathlib.Path, *names: str, seed: int = 0) -> pathlib.Path:
    """Write data sets into `folder`, and return it.

    Args:
        folder: str or Path. Folder that holds them by name.
        names: str. 'MPII', 'PennAction', 'Human3.6M', 'NTU', 'LSP', 'FLIC', 'PennLabels', 'Videos'.
        seed: int. Seed of the synthetic world.
    """
    from deephar.synthetic.writers import write_flic, write_h36m, write_lsp, write_mpii, write_ntu, write_penn
    from deephar.synthetic.writers_videos import write_videos

    folder, common = pathlib.Path(folder), {"seed": seed, "workers": 1}
    writers = {
        "MPII": lambda: write_mpii(folder, train=8, valid=4, sizes=SIZES, **common),
        "PennAction": lambda: write_penn(folder, train=3, test=2, sizes=SIZES[:1], **common),
        "Human3.6M": lambda: write_h36m(folder, train=2, valid=1, test=2, size=(240, 240), frames=8, **common),
        "NTU": lambda: write_ntu(folder, train=2, test=1, size=(192, 108), **common),
        "LSP": lambda: write_lsp(folder, train=20, size=LSP_SIZE, **common),
        "FLIC": lambda: write_flic(folder, train=12, test=2, size=LSP_SIZE, **common),
        "Videos": lambda: write_videos(folder, 2, 1, VIDEO_SIZES, classes=VIDEO_CLASSES, fps=8, **common),
        "PennLabels": lambda: write_penn_labels(folder / "PennLabels" / "labels", 45, 15, seed),
    }
    markers = {"LSP": "joints.mat", "FLIC": "examples.mat", "PennLabels": "labels", "NTU": "samples.json"}
    markers["Videos"] = "test"
    for name in names:
        if not (folder / name / markers.get(name, "annotations.mat")).exists():
            writers[name]()
    return folder


def write_penn_labels(folder: pathlib.Path, train: int, test: int, seed: int = 0) -> None:
    """Write label files as Penn Action's download has them, NNNN.mat, without any frame."""
    from deephar.data.penn_labels import ACTIONS

    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, train + test + 1):
        split, index = ("train", number - 1) if number <= train else ("test", number - 1 - train)
        note = render_clip(split, index, None, SIZES[0], seed, annotate_only=True)
        joints, visible = map_points(note["joints_px"], "penn13") + 0.5, map_flags(note["visible"], "penn13")
        joints[~visible] = 1.0  # where the annotators put what is out of the image
        label = {
            "action": ACTIONS[note["action"]],
            "pose": "front",
            "train": 1 if split == "train" else -1,
            "x": joints[..., 0],
            "y": joints[..., 1],
            "visibility": visible.astype(np.uint8),
            "bbox": np.zeros((len(joints), 4)),
            "dimensions": np.array([*SIZES[0][::-1], len(joints)]),
            "nframes": len(joints),
        }
        with atomic_path(folder / f"{number:04d}.mat") as temporary, open(temporary, "wb") as file:
            scipy.io.savemat(file, label)
