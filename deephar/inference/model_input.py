"""What a network takes and gives, read from its shapes, the cropped pixels it is fed, and the forward pass."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from deephar.data.frames import cut, make_crop, normalise
from deephar.inference.tracking import window_of
from deephar.utils.labels import NTU_LABELS, PENN_LABELS
from deephar.utils.pose import pa16j2d, pa16j3d, pa17j2d, pa17j3d, pa20j3d, pa21j3d

LAYOUTS = {(k.num_joints, k.dim): k for k in (pa16j2d, pa16j3d, pa17j2d, pa17j3d, pa20j3d, pa21j3d)}
PLAIN = {"angle": 0, "hflip": 0}
MIRRORED = {"angle": 0, "hflip": 1}


@dataclass(frozen=True)
class ModelSignature:
    """Input and outputs of a network.

    Attributes:
        num_frames: T of a clip network, None for a picture network.
        resolution: (width, height) of the input in pixels.
        layout: joint layout of its poses.
        pose_outputs: indices of the pose outputs, in order of computation.
        action_outputs: indices of the outputs that score the actions in `labels`.
        labels: names of the actions, empty where there are none.
    """

    num_frames: int | None
    resolution: tuple
    layout: object
    pose_outputs: tuple
    action_outputs: tuple
    labels: tuple


def read_signature(model, layout=None, labels=None):
    """Read a `ModelSignature` from `model.input_shape` and `model.output_shape`.

    Args:
        model: a network with one input (B, [T,] H, W, 3) and a flat list of outputs: poses (B, [T,] J, D + 1), then
            actions (B, A).
        layout: joint layout; None: the pa layout with that number of joints and coordinates.
        labels: names of the actions; None: Penn Action's for 15, NTU's for 60, else action_0, action_1, ...

    Raises:
        ValueError: shapes that are not a pose network's, or `layout` or `labels` of another size.
    """
    shape = tuple(model.input_shape)[1:]
    if len(shape) not in (3, 4) or shape[-1] != 3:
        raise ValueError(f"`model` must take (B, H, W, 3) or (B, T, H, W, 3). Received: {model.input_shape}")
    outputs = model.output_shape if isinstance(model.output_shape, list) else [model.output_shape]
    rank = 2 if len(shape) == 3 else 3  # of a pose without its batch axis
    actions = [k for k, s in enumerate(outputs) if len(s) == 2]
    poses = [k for k, s in enumerate(outputs) if len(s) == rank + 1 and (not actions or k < actions[0])]
    if not poses or outputs[poses[-1]][-1] == 1:
        raise ValueError(
            "`model` must have pose outputs (B, [T,] J, D + 1); `deephar.models.join_confidence(model)` makes them of "
            f"poses and confidences. Received: {outputs}"
        )
    num_joints, columns = outputs[poses[-1]][-2:]
    layout = layout or LAYOUTS.get((num_joints, columns - 1))
    if layout is None or (layout.num_joints, layout.dim) != (num_joints, columns - 1):
        raise ValueError(f"`layout` must have {num_joints} joints in {columns - 1} dimensions. Received: {layout}")
    count = len(labels) if labels else (outputs[actions[-1]][-1] if actions else 0)
    scored = tuple(k for k in actions if outputs[k][-1] == count)
    if labels and not scored:
        raise ValueError(f"`labels` must be as many as an action output has. Received: {count} for {outputs}")
    frames = None if len(shape) == 3 else shape[0]
    names = tuple(labels) if labels else _default_labels(count)
    return ModelSignature(frames, (shape[-2], shape[-3]), layout, tuple(poses), scored, names)


def _default_labels(count):
    known = {len(names): names for names in (PENN_LABELS, NTU_LABELS)}
    return known.get(count) or tuple(f"action_{k}" for k in range(count))


def picture_view(model, pose_outputs):
    """The pose part of a clip network as a network for single pictures, on the same weights.

    Args:
        model: a functional clip network that folds its frames into the batch right behind the input.
        pose_outputs: indices of the pose outputs to compute.

    Returns:
        A network (B, H, W, 3) -> list of (B, J, D + 1), or None where `model` is built in another way.
    """
    import keras

    from deephar.layers.frames import FoldFrames, UnfoldFrames

    if not isinstance(model, keras.Model) or not any(isinstance(k, FoldFrames) for k in model.layers[1:2]):
        return None
    makers = {id(layer.output): layer for layer in model.layers if isinstance(layer, UnfoldFrames)}
    unfolds = [makers.get(id(model.outputs[k])) for k in pose_outputs]
    if None in unfolds:
        return None
    return keras.Model(model.layers[1].output, [layer.input for layer in unfolds], name=f"{model.name}_pictures")


def person_crop(box, size, resolution, mirrored=False):
    """The `Crop` that cuts the person in `box` from a frame of `size` (width, height) for a network of `resolution`."""
    centre, side = window_of(box, size)
    return make_crop(size, centre, (side, side), MIRRORED if mirrored else PLAIN, resolution)


def crop_frames(frames, crop):
    """Cut and normalise: sequence of N uint8 (H, W, 3) -> float32 (N, h, w, 3) in [-1, 1]."""
    return np.stack([normalise(cut(Image.fromarray(frame), crop)) for frame in frames])


def forward(model, frames, batch_size=1):
    """All outputs for one batch as float64 arrays.

    A shorter batch is filled up to `batch_size`, so that the network is traced for one shape only.
    """
    count = len(frames)
    filled = np.concatenate([frames, np.repeat(frames[-1:], max(0, batch_size - count), axis=0)])
    found = model.predict_on_batch(np.ascontiguousarray(filled))
    found = found if isinstance(found, (list, tuple)) else [found]
    return [np.asarray(out, np.float64)[:count] for out in found]


def to_frame_px(poses, crop, layout):
    """Take predicted poses back to the frame.

    Args:
        poses: (..., J, D + 1) as a network gives them, normalised to the crop.
        crop: the `Crop` they were predicted on; a mirrored one exchanges left and right.
        layout: joint layout.

    Returns:
        (..., J, D) with x and y in frame pixels, and the confidence (..., J).
    """
    poses = np.asarray(poses, np.float64)
    if crop.hflip:
        poses = poses[..., list(layout.map_hflip), :]
    inverse = np.linalg.inv(crop.afmat)
    points = poses[..., :-1].copy()  # (..., J, D)
    points[..., :2] = poses[..., :2] @ inverse[:2, :2].T + inverse[:2, 2]
    return points, np.clip(poses[..., -1], 0.0, 1.0)
