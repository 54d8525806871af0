"""Where training pictures come from: the data sets by name, and their shares of a batch."""

from datasetpath import datasetpath

from deephar.utils import TRAIN_MODE, VALID_MODE

SYNTHETIC_PICTURES = 100_000  # different pictures of the synthetic world to draw from
SYNTHETIC_VIDEOS = 15_000


def make_pictures(name, data, dataconf, seed=0, split="train"):
    """The data set `name` ('lsp', 'mpii', 'penn' or 'synthetic') as single people.

    Args:
        data: its folder or one that holds it by name; not read for 'synthetic'.
        dataconf: `DataConfig`.
        seed, split: of the synthetic world.
    """
    from deephar.data import Lsp, MpiiSinglePerson, PennAction

    if name == "synthetic":
        from deephar.data.synthetic import SyntheticPoses

        return SyntheticPoses(dataconf, split=split, length=SYNTHETIC_PICTURES, seed=seed)
    if name == "penn":
        return PennAction(datasetpath("PennAction", data), dataconf, topology="frames", use_gt_bbox=True)
    classes = {"lsp": ("LSP", Lsp), "mpii": ("MPII", MpiiSinglePerson)}
    folder, reader = classes[name]
    return reader(datasetpath(folder, data), dataconf)


def split_batch(shares, batch):
    """Pictures of a batch from each source.

    Args:
        shares: {name: share}, the first one takes what the others leave.
        batch: pictures in all.

    Raises:
        ValueError: nothing is left for the first.
    """
    first, *others = shares
    counts = {name: round(shares[name] * batch) for name in others}
    counts = {first: batch - sum(counts.values()), **{name: number for name, number in counts.items() if number}}
    if counts[first] < 1:
        raise ValueError(f"the shares must leave {first} at least one of {batch} pictures. Received: {shares}")
    return counts


def hold_out(penn, number):
    """Take `number` evenly spaced training videos of a `PennAction` out for validation: it has no such split."""
    videos = penn.sequences[TRAIN_MODE]
    if not 0 < number < len(videos):
        raise ValueError(f"`number` must be from 1 to {len(videos) - 1}, the training videos. Received: {number}")
    chosen = {k * len(videos) // number for k in range(number)}
    penn.sequences[VALID_MODE] = [videos[k] for k in sorted(chosen)]
    penn.sequences[TRAIN_MODE] = [video for k, video in enumerate(videos) if k not in chosen]
    for mode in (TRAIN_MODE, VALID_MODE):
        split = penn.sequences[mode]
        penn.frame_idx[mode] = [(s, f) for s, video in enumerate(split) for f in range(len(video.numbers))]
    return penn
