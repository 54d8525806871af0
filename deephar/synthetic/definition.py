"""`synthetic-v1`: the fixed test set of the synthetic world, as counts, sizes, a seed and a hash of its annotations.

A score on the synthetic world quotes this name. The definition is this table and the code; `verify` draws nothing and
takes seconds.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from deephar.synthetic.world import render_clip, render_still


@dataclass(frozen=True)
class FixedTestSet:
    """A fixed test set.

    Attributes:
        name: what a score quotes.
        seed: seed of the world; the split is 'test', indices count from 0.
        stills: number of images.
        still_sizes: (width, height) px that images take in turn.
        clips: number of whole videos, a multiple of 15.
        clip_sizes: (width, height) px that videos take, shifted by one from each round of fifteen actions to the next.
        sha256: of all annotations, see `annotations_hash`.
    """

    name: str
    seed: int
    stills: int
    still_sizes: tuple
    clips: int
    clip_sizes: tuple
    sha256: str


TEST_SETS = {
    "synthetic-v1": FixedTestSet(
        name="synthetic-v1",
        seed=0,
        stills=1000,
        still_sizes=((640, 480), (640, 360), (480, 640)),
        clips=300,
        clip_sizes=((480, 270), (480, 360), (360, 480)),
        sha256="0876090d101072497376afb986e67514d981bde9bdae1a19db429278c43e3453",
    )
}
SYNTHETIC_V1 = TEST_SETS["synthetic-v1"]


def still_size(index, sizes=SYNTHETIC_V1.still_sizes):
    """(width, height) px of image `index`."""
    return tuple(sizes[index % len(sizes)])


def clip_size(index, sizes=SYNTHETIC_V1.clip_sizes):
    """(width, height) px of video `index`."""
    return tuple(sizes[(index // 15 + index) % len(sizes)])


def annotations_hash(definition=SYNTHETIC_V1):
    """sha256 of a test set's annotations: the action and all 36 points in hundredths of a pixel."""
    digest = hashlib.sha256()

    def add(action, joints_px):
        digest.update(np.array([action, len(joints_px)], "<i8").tobytes())
        digest.update(np.round(np.nan_to_num(joints_px) * 100).astype("<i8").tobytes())

    for index in range(definition.stills):
        size = still_size(index, definition.still_sizes)
        note = render_still("test", index, size, definition.seed, annotate_only=True)
        add(note["action"], note["joints_px"])
    for index in range(definition.clips):
        size = clip_size(index, definition.clip_sizes)
        note = render_clip("test", index, None, size, definition.seed, annotate_only=True)
        add(note["action"], note["joints_px"])
    return digest.hexdigest()


def verify(name="synthetic-v1"):
    """Check that this code makes the test set it names.

    Raises:
        ValueError: the name is unknown, or the annotations differ from the definition's.
    """
    if name not in TEST_SETS:
        raise ValueError(f"`name` must be one of {sorted(TEST_SETS)}. Received: {name!r}")
    found = annotations_hash(TEST_SETS[name])
    if found != TEST_SETS[name].sha256:
        raise ValueError(
            f"`name` must be a test set that this code still makes: {name!r} has the hash {TEST_SETS[name].sha256}. "
            f"Received: {found}"
        )
