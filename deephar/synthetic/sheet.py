"""Contact sheets of the synthetic world: stills with their joints, and a strip of frames for every action."""

import pathlib

import numpy as np
from PIL import Image

from deephar.drawing.sheet import contact_sheet
from deephar.drawing.skeleton import draw_pose
from deephar.synthetic.actions import get_actions
from deephar.synthetic.layouts import map_flags, map_points
from deephar.synthetic.world import render_clip, render_still
from deephar.utils.io import atomic_path
from deephar.utils.pose import mpii16j2d


def _marked(frame, joints_px, visible):
    """A frame with its MPII joints: filled where visible, hollow where hidden."""
    return draw_pose(frame, map_points(joints_px, "mpii16"), mpii16j2d, visible=map_flags(visible, "mpii16"), width=1.2)


def stills_sheet(split="train", first=0, rows=8, columns=8, size=160, seed=0, joints=True, framing="person"):
    """Stills of a split side by side.

    Args:
        split, seed, framing: as for `world.render_still`.
        first: number of the first image.
        rows, columns: how many.
        size: side of an image, px.
        joints: draw the joints, filled where visible and hollow where hidden.

    Returns:
        uint8 array (H, W, 3).
    """
    images = []
    for index in range(first, first + rows * columns):
        still = render_still(split, index, (size, size), seed, framing)
        images.append(_marked(still["frame"], still["joints_px"], still["visible"]) if joints else still["frame"])
    return contact_sheet(images, columns, pad=2)


def actions_sheet(
    split="train", take=0, columns=8, size=128, seed=0, joints=False, actions="penn", beside=1, performed=None
):
    """A row of frames, evenly spread over a video, for each action.

    Args:
        split, seed: as for `world.render_clip`.
        take: which video of each action, from 0.
        columns: frames of an action.
        size: side of an image, px.
        joints: draw the joints.
        actions: 'penn', 'ntu' or 'h36m'.
        beside: actions side by side in one row.
        performed: the actions to show, from 0; None: all that are performed.

    Returns:
        uint8 array (H, W, 3).
    """
    known, images, captions = get_actions(actions), [], []
    for action in known.performed if performed is None else performed:
        number = known.performed.index(action) + take * len(known.performed)
        clip = render_clip(split, number, columns, (size, size), seed, "person", actions=actions)
        frames = list(clip["frames"])
        if joints:
            frames = [_marked(*each) for each in zip(frames, clip["joints_px"], clip["visible"], strict=True)]
        images += frames
        captions += [known.label(action).replace("_", " ")] + [""] * (len(frames) - 1)
    images = [np.ascontiguousarray(image) for image in images]
    return contact_sheet(images, beside * columns, pad=2, captions=captions)


def write_sheets(folder, split="train"):
    """Write the sheets of the documentation into a folder: `synthetic-stills.jpg`, `-actions.jpg` and `-ntu.jpg`."""
    sheets = {
        "stills": stills_sheet(split),
        "actions": actions_sheet(split, size=112),
        "ntu": actions_sheet(split, take=1, columns=5, size=112, actions="ntu", beside=2),
    }
    for name, sheet in sheets.items():
        with atomic_path(pathlib.Path(folder) / f"synthetic-{name}.jpg") as temporary:
            Image.fromarray(sheet).save(temporary, "JPEG", quality=78)
