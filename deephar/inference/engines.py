"""The forward pass: one batch of crops through a network, plain or averaged with the flipped crops."""

from typing import TYPE_CHECKING

import numpy as np

from deephar.inference.decode import average_flip
from deephar.models.signature import Signature

if TYPE_CHECKING:
    import keras


def forward(model: "keras.Model", frames: np.ndarray, batch_size: int = 1) -> list[np.ndarray]:
    """Return all outputs for one batch as float64 arrays.

    Args:
        model: keras.Model of one input.
        frames: array (B, [T,] H, W, C), cropped and scaled as the network takes them.
        batch_size: int. A shorter batch is filled up to it, so that the network is traced for one shape only.
    """
    count = len(frames)
    filled = np.concatenate([frames, np.repeat(frames[-1:], max(0, batch_size - count), axis=0)])
    found = model.predict_on_batch(np.ascontiguousarray(filled))
    found = found if isinstance(found, (list, tuple)) else [found]
    return [np.asarray(out, np.float64)[:count] for out in found]


def forward_flip(
    model: "keras.Model", signature: Signature, frames: np.ndarray, batch_size: int = 1, flip: bool = True
) -> list[np.ndarray]:
    """Return all outputs for one batch, by default their mean with those on the flipped frames.

    Args:
        model, frames, batch_size: as `forward`.
        signature: `Signature` of the model.
        flip: bool. Also run the flipped frames and take the mean; twice the time.

    Raises:
        ValueError: as `average_flip`.
    """
    outputs = forward(model, frames, batch_size)
    if not flip:
        return outputs
    return average_flip(outputs, forward(model, frames[..., ::-1, :], batch_size), signature)
