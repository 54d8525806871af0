"""The forward pass: one batch of crops through a network, plain or averaged with the flipped crops."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from deephar.data.inputs import make_inputs
from deephar.inference.decode import average_flip
from deephar.models.signature import Signature

if TYPE_CHECKING:
    import keras


def forward(model: "keras.Model", frames: np.ndarray | Sequence[np.ndarray], batch_size: int = 1) -> list[np.ndarray]:
    """Return all outputs for one batch as float64 arrays.

    Args:
        model: keras.Model.
        frames: array (B, [T,] H, W, C), cropped and scaled as the network takes them; a list of arrays for a network of
            several inputs.
        batch_size: int. A shorter batch is filled up to it, so that the network is traced for one shape only.
    """
    inputs = list(frames) if isinstance(frames, (list, tuple)) else [frames]
    count = len(inputs[0])
    missing = max(0, batch_size - count)
    filled = [np.ascontiguousarray(np.concatenate([x, np.repeat(x[-1:], missing, axis=0)])) for x in inputs]
    found = model.predict_on_batch(filled if len(filled) > 1 else filled[0])
    found = found if isinstance(found, (list, tuple)) else [found]
    return [np.asarray(out, np.float64)[:count] for out in found]


def forward_flip(
    model: "keras.Model",
    signature: Signature,
    frames: np.ndarray,
    batch_size: int = 1,
    flip: bool = True,
    centers: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Return all outputs for one batch, by default their mean with those on the flipped frames.

    Args:
        model, frames, batch_size: as `forward`.
        signature: `Signature` of the model.
        flip: bool. Also run the flipped frames and take the mean; twice the time.
        centers: float array (B, 2) or None. Where the people are, for a network that takes a map of it; None: in the
            middle.

    Raises:
        ValueError: as `average_flip`; an input that cannot be made of a crop.
    """
    outputs = forward(model, make_inputs(signature.inputs, frames, centers), batch_size)
    if not flip:
        return outputs
    other = None if centers is None else np.array([1, 0]) + np.array([-1, 1]) * centers
    flipped = make_inputs(signature.inputs, frames[..., ::-1, :], other)
    return average_flip(outputs, forward(model, flipped, batch_size), signature)
