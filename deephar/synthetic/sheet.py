"""Contact sheets of the synthetic world: stills with their joints, and a strip of frames for every action."""

import pathlib

import numpy as np
from PIL import Image

from deephar.drawing.sheet import contact_sheet
from deephar.drawing.skeleton import draw_pose
from deephar.synthetic.actions import ACTIONS
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
        first: number of the first picture.
        rows, columns: how many.
        size: side of a picture, px.
        joints: draw the joints, filled where visible and hollow where hidden.

    Returns:
        uint8 array (H, W, 3).
    """
    images = []
    for index in range(first, first + rows * columns):
        still = render_still(split, index, (size, size), seed, framing)
        images.append(_marked(still["frame"], still["joints_px"], still["visible"]) if joints else still["frame"])
    return contact_sheet(images, columns, pad=2)


def actions_sheet(split="train", take=0, columns=8, size=128, seed=0, joints=False, actions=ACTIONS):
    """A row of frames, evenly spread over a video, for each action.

    Args:
        split, seed: as for `world.render_clip`.
        take: which video of each action, from 0.
        columns: frames in a row.
        size: side of a picture, px.
        joints: draw the joints.
        actions: names of the actions to show.

    Returns:
        uint8 array (H, W, 3).
    """
    images, captions = [], []
    for name in actions:
        number = ACTIONS.index(name) + take * len(ACTIONS)
        clip = render_clip(split, number, columns, (size, size), seed, "person")
        frames = list(clip["frames"])
        if joints:
            frames = [_marked(*each) for each in zip(frames, clip["joints_px"], clip["visible"], strict=True)]
        images += frames
        captions += [name.replace("_", " ")] + [""] * (len(frames) - 1)
    return contact_sheet([np.ascontiguousarray(image) for image in images], columns, pad=2, captions=captions)


def write_sheets(folder, split="train"):
    """Write the two sheets of the documentation, `synthetic-stills.jpg` and `synthetic-actions.jpg`, into a folder."""
    sheets = {"stills": stills_sheet(split), "actions": actions_sheet(split, size=112)}
    for name, sheet in sheets.items():
        with atomic_path(pathlib.Path(folder) / f"synthetic-{name}.jpg") as temporary:
            Image.fromarray(sheet).save(temporary, "JPEG", quality=78)
