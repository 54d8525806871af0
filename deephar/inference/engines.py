"""The forward pass: one batch of crops through a network, plain or averaged with the flipped crops."""

import numpy as np

from deephar.inference.decode import average_flip


def forward(model, frames, batch_size=1):
    """Return all outputs for one batch as float64 arrays.

    Args:
        model: a Keras model of one input.
        frames: (B, [T,] H, W, C) as the network takes them.
        batch_size: int. A shorter batch is filled up to it, so that the network is traced for one shape only.
    """
    count = len(frames)
    filled = np.concatenate([frames, np.repeat(frames[-1:], max(0, batch_size - count), axis=0)])
    found = model.predict_on_batch(np.ascontiguousarray(filled))
    found = found if isinstance(found, (list, tuple)) else [found]
    return [np.asarray(out, np.float64)[:count] for out in found]


def forward_flip(model, signature, frames, batch_size=1, flip=True):
    """Return `forward`, with `flip` averaged with the outputs on the flipped frames as the network's kinds ask for.

    Args:
        model, frames, batch_size: as `forward`.
        signature: `Signature` of the model.
        flip: bool.
    """
    outputs = forward(model, frames, batch_size)
    if not flip:
        return outputs
    return average_flip(outputs, forward(model, frames[..., ::-1, :], batch_size), signature)
