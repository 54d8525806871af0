"""Crops of stored samples, made where they are trained on: pixels, colours, what is blanked, and labels.

    canvases (B, S * S), a pixel one number --crop_frames--> frames (B, H, W, 3)
    people (B, P, J, dim + 1) on the canvas --crop_people--> labels (B, P, J, dim + 1)
    rows of `deephar.data.records.Draws`, one a sample, say how

The same numbers give what `deephar.data.frames` gives by `cut`, `normalise` and `label_pose`: joints, and, up to one of
255 levels, pixels of a crop that is turned or enlarged. (There, a straight crop that is shrunk is averaged, and the
outermost pixels of a straight crop do not depend on what lies beside it.)
"""

from collections.abc import Sequence

import keras
from keras import ops

from deephar.data.records import HFLIP, OCCLUSION, POWERS, SHIFT, TO_CANVAS, TO_CROP, ZOOM
from deephar.utils.pose import ABSENT, VALID_ABOVE

LEVELS = 255.0


def moved(drawn: keras.KerasTensor, frame_px: keras.KerasTensor) -> keras.KerasTensor:
    """Return rows of `Draws` whose windows are moved by their `SHIFT`, which is in px of the frame.

    Args:
        drawn: (B, 24) float32.
        frame_px: (B,) float32. Px of the canvas for one of the frame.
    """
    shift = drawn[:, SHIFT] * frame_px[:, None]  # (B, 2) px of the canvas
    canvas, crop = (ops.reshape(drawn[:, k], (-1, 2, 3)) for k in (TO_CANVAS, TO_CROP))
    canvas = canvas + ops.pad(shift[..., None], ((0, 0), (0, 0), (2, 0)))  # (B, 2, 3)
    back = ops.sum(crop[..., :2] * shift[:, None], axis=-1)  # (B, 2)
    crop = crop - ops.pad(back[..., None], ((0, 0), (0, 0), (2, 0)))  # (B, 2, 3)
    maps = [ops.reshape(k, (-1, 6)) for k in (canvas, crop)]
    return ops.concatenate([drawn[:, : TO_CANVAS.start], *maps], axis=1)  # (B, 24)


def crop_frames(
    canvases: keras.KerasTensor,
    drawn: keras.KerasTensor,
    side: int,
    value_range: Sequence[float] = (-1.0, 1.0),
    pad_color: Sequence[int] = (0, 0, 0),
) -> keras.KerasTensor:
    """Return crops (B, side, side, 3) float32 in `value_range`.

    Args:
        canvases: (B, S * S) uint32, the bytes of a pixel R, G, B, 0.
        drawn: (B, 24) float32, rows of `Draws`.
        side: int. Of the crop, px.
        value_range: (float, float). What 0 and 255 become.
        pad_color: RGB, 0 to 255, of what lies outside of a canvas.
    """
    size, (low, high) = round(canvases.shape[1] ** 0.5), value_range
    line = ops.arange(side, dtype="float32") + 0.5  # a pixel's centre
    rows, columns = (ops.reshape(k, (-1,)) for k in ops.meshgrid(line, line, indexing="ij"))  # (H * W,)
    a, b, c, d, e, f = (drawn[:, k, None] for k in range(TO_CANVAS.start, TO_CANVAS.stop))
    x, y = a * columns + b * rows + c, d * columns + e * rows + f  # (B, H * W) px of the canvas
    inside = (x >= 0) & (x < size) & (y >= 0) & (y < size)
    left, top = ops.floor(x - 0.5), ops.floor(y - 0.5)
    right_share, lower_share = x - 0.5 - left, y - 0.5 - top
    levels = 0.0
    for right, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
        place = _within(top + down, size) * size + _within(left + right, size)
        word = ops.take_along_axis(canvases, place, axis=1)  # (B, H * W)
        weight = ops.abs(1 - right - right_share) * ops.abs(1 - down - lower_share)
        levels = levels + weight[..., None] * _colours(word)
    levels = ops.where(inside[..., None], ops.round(levels), ops.convert_to_tensor(pad_color, "float32"))
    frames = (levels / LEVELS) ** drawn[:, None, POWERS] * (high - low) + low  # (B, H * W, 3)
    x1, y1, x2, y2 = (drawn[:, k, None] for k in range(OCCLUSION.start, OCCLUSION.stop))
    hidden = (columns > x1) & (columns < x2) & (rows > y1) & (rows < y2)  # (B, H * W)
    frames = ops.where(hidden[..., None], (low + high) / 2, frames)
    return ops.reshape(frames, (-1, side, side, 3))  # (B, H, W, 3)


def _within(place, size):
    return ops.cast(ops.clip(place, 0, size - 1), "int32")


def _colours(word):
    """The three bytes of words (B, N) as (B, N, 3) float32."""
    shifted = [ops.right_shift(word, ops.cast(bits, "uint32")) for bits in (0, 8, 16)]
    return ops.cast(ops.bitwise_and(ops.stack(shifted, axis=-1), ops.cast(255, "uint32")), "float32")  # (B, N, 3)


def crop_people(
    people: keras.KerasTensor, drawn: keras.KerasTensor, canvas_side: int, map_hflip: Sequence[int]
) -> keras.KerasTensor:
    """Return labels (B, P, J, dim + 1) of crops, as `deephar.data.frames.label_pose` makes them.

    Args:
        people: (B, P, J, dim + 1) float32, labels of the canvases.
        drawn: (B, 24) float32, rows of `Draws`.
        canvas_side: int. S, px.
        map_hflip: list of int. Which joints a flip exchanges; empty where nothing is flipped.
    """
    known = people > VALID_ABOVE
    to_crop = ops.reshape(drawn[:, TO_CROP], (-1, 1, 1, 2, 3))
    xy = people[..., None, :2] * canvas_side  # (B, P, J, 1, 2) px of the canvas
    xy = ops.sum(to_crop[..., :2] * xy, axis=-1) + to_crop[..., 2]  # (B, P, J, 2)
    z = 0.5 + (people[..., 2:-1] - 0.5) * drawn[:, ZOOM, None, None, None]  # (B, P, J, dim - 2)
    pose = ops.where(known[..., :-1], ops.concatenate([xy, z], axis=-1), ABSENT)  # (B, P, J, dim)
    if len(map_hflip):
        flipped = ops.take(pose, ops.convert_to_tensor(map_hflip, "int32"), axis=2)
        pose = ops.where(drawn[:, HFLIP, None, None, None] > 0, flipped, pose)
    inside = ops.all((pose[..., :2] > 0) & (pose[..., :2] < 1), axis=-1, keepdims=True)  # (B, P, J, 1)
    return ops.concatenate([ops.where(inside, pose, ABSENT), ops.cast(inside, "float32")], axis=-1)


def center_maps(drawn: keras.KerasTensor, canvas_side: int, side: int, sigma_px: float) -> keras.KerasTensor:
    """Return maps (B, side, side, 1) of where the person is, `deephar.utils.heatmaps.center_maps` of the crops."""
    to_crop = ops.reshape(drawn[:, TO_CROP], (-1, 2, 3))
    centre = ops.sum(to_crop[..., :2], axis=-1) * (canvas_side / 2) + to_crop[..., 2]  # (B, 2)
    line = ops.arange(side, dtype="float32") + 0.5
    across, down = (ops.exp(-((line - side * centre[:, k, None]) ** 2) / (2 * sigma_px**2)) for k in (0, 1))
    return (down[:, :, None] * across[:, None, :])[..., None]  # (B, side, side, 1)
