"""From the outputs of a network to poses: coordinates and heat maps, and the mean of flipped and plain outputs.

    outputs --average_flip--> outputs --decode--> points (B, [T,] J, D) in [0, 1] of the crop, confidence (B, [T,] J)

Coordinates are averaged as coordinates, heat maps as maps before their maximum is sought, as the papers do (Newell et
al., ECCV 2016; Luvizon et al., TPAMI 2020). Everything here is NumPy on float arrays.
"""

from collections.abc import Sequence

import numpy as np

from deephar.models.signature import Signature
from deephar.models.specs import OutputSpec

SMALLEST = 1e-30  # of a trained action's probability, where all are masked that a network believes in
QUARTER_CELL = 0.25  # Newell et al., ECCV 2016: a quarter cell from the maximum towards its higher neighbour


def decode(
    outputs: Sequence[np.ndarray], signature: Signature, block: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the poses that one prediction block sees.

    Args:
        outputs: list of arrays, all outputs of the network in its order.
        signature: `Signature` of the network.
        block: int, index of the pose output; None: the network's answer, `signature.answer`.

    Returns:
        points: float (B, [T,] J, D), x and y (and z) normalised to the crop.
        confidence: float (B, [T,] J), in [0, 1]; 1 where the network predicts none.

    Raises:
        ValueError: the network has no such block.

    Example:

        points, confidence = decode(model.predict(frames), model.signature)
    """
    index = block_index(signature.pose_outputs, signature.answer if block is None else block)
    spec, y = signature.outputs[index], np.asarray(outputs[index], np.float64)
    if spec.kind == "heatmaps":
        return _from_heatmaps(y[..., : spec.layout.num_joints], spec.decoding)
    if spec.has_confidence:
        return y[..., :-1], np.clip(y[..., -1], 0.0, 1.0)
    confidence = next(
        (k for k in signature.indices("confidence") if signature.outputs[k].block == spec.block and k > index), None
    )
    if confidence is None:
        return y, np.ones(y.shape[:-1])
    return y, np.clip(np.asarray(outputs[confidence], np.float64)[..., 0], 0.0, 1.0)


def block_index(indices: Sequence[int], block: int, name: str = "block") -> int:
    """Return element `block` of the indices of some outputs.

    Args:
        indices: sequence of int.
        block: int, negative from the end.
        name: str. The argument that an error names.

    Raises:
        ValueError: there is no such block.
    """
    if not -len(indices) <= block < len(indices):
        allowed = f"from {-len(indices)} to {len(indices) - 1}" if indices else "of a network that has such outputs"
        raise ValueError(f"`{name}` must be {allowed}. Received: {block}")
    return indices[block]


def decode_all(outputs: Sequence[np.ndarray], signature: Signature) -> tuple[np.ndarray, np.ndarray]:
    """Return the points (K, B, [T,] J, D) and the confidence (K, B, [T,] J) of all K prediction blocks.

    Arguments and ranges: as `decode`.
    """
    found = [decode(outputs, signature, block) for block in range(len(signature.pose_outputs))]
    return np.stack([points for points, _ in found]), np.stack([confidence for _, confidence in found])


def action_probabilities(scores: np.ndarray, spec: OutputSpec) -> np.ndarray:
    """Return the probabilities (..., A) of what an action output says, 0 for actions that were never trained.

    Args:
        scores: float (..., A), the output: probabilities, or logits where the spec says so.
        spec: `OutputSpec` of the output.
    """
    scores = np.asarray(scores, np.float64)
    trained = np.array([name is not None for name in spec.labels])
    if spec.logits:
        scores = np.where(trained, scores, -np.inf)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    elif trained.all():
        return scores
    scores = np.where(trained, np.maximum(scores, SMALLEST), 0.0)
    return scores / scores.sum(axis=-1, keepdims=True)


def _from_heatmaps(maps, decoding):
    """Positions (B, J, 2) in [0, 1] and confidences (B, J) of heat maps (B, H, W, J)."""
    num_maps, height, width, num_joints = maps.shape
    flat = maps.reshape(num_maps, height * width, num_joints)  # (B, H * W, J)
    best = flat.argmax(axis=1)  # (B, J)
    confidence = np.clip(np.take_along_axis(flat, best[:, None], axis=1)[:, 0], 0.0, 1.0)  # (B, J)
    if decoding == "softargmax":
        weights = np.maximum(flat, 0)
        weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)  # (B, H * W, J)
        y, x = np.divmod(np.arange(height * width), width)
        cells = np.stack([np.einsum("bcj,c->bj", weights, axis) for axis in (x, y)], axis=-1)  # (B, J, 2)
    else:
        cells = _quarter_shifted(maps, best)
    return (cells + 0.5) / (width, height), confidence


def _quarter_shifted(maps, best):
    """Cells (B, J, 2), x and y, of the maxima `best` (B, J), each moved a quarter towards its higher neighbour.

    A maximum on the border of the map stays where it is.
    """
    height, width = maps.shape[1:3]
    y, x = np.divmod(best, width)  # (B, J)
    sample, joint = np.ogrid[: best.shape[0], : best.shape[1]]

    inside = (x > 0) & (x < width - 1) & (y > 0) & (y < height - 1)  # (B, J)

    def difference(dx, dy):
        after = maps[sample, np.minimum(y + dy, height - 1), np.minimum(x + dx, width - 1), joint]
        before = maps[sample, np.maximum(y - dy, 0), np.maximum(x - dx, 0), joint]
        return np.where(inside, np.sign(after - before), 0.0)

    shift = np.stack([difference(1, 0), difference(0, 1)], axis=-1)  # (B, J, 2)
    return np.stack([x, y], axis=-1) + QUARTER_CELL * shift


def average_flip(
    outputs: Sequence[np.ndarray], flipped: Sequence[np.ndarray], signature: Signature
) -> list[np.ndarray]:
    """Return the mean of the outputs on some frames and on the same frames flipped left to right.

    Args:
        outputs: list of arrays, the network's outputs on the frames.
        flipped: list of arrays, the same on the flipped frames.
        signature: `Signature` of the network.

    Returns:
        List of arrays as `outputs`, in the frame of the plain frames; "features" are those of the plain frames.

    Raises:
        ValueError: the joint layout does not say which joints change sides.
    """
    mean = []
    for spec, y, other in zip(signature.outputs, outputs, flipped, strict=True):
        if spec.kind == "features":
            mean.append(np.asarray(y))
        else:
            other = np.array(other, np.float64)
            mean.append((np.asarray(y, np.float64) + _UNFLIP[spec.kind](other, spec, signature)) / 2)
    return mean


def _sides(spec, signature):
    """The permutation of joints that exchanges left and right; a confidence has the layout of its block's pose."""
    same_block = [k.layout for k in signature.outputs if k.block == spec.block and k.layout is not None]
    layout = spec.layout or (same_block[-1] if same_block else signature.layout)
    if layout is None or len(layout.map_hflip) != layout.num_joints:
        name = layout.name if layout else None
        raise ValueError(f"`flip` needs a joint layout that says which joints are left and right. Received: {name!r}")
    return list(layout.map_hflip)


def _unflip_pose(y, spec, signature):
    y[..., 0] = 1.0 - y[..., 0]
    return y[..., _sides(spec, signature), :]


def _unflip_heatmaps(y, spec, signature):
    sides = _sides(spec, signature) + list(range(spec.layout.num_joints, y.shape[-1]))  # the background stays
    return y[:, :, ::-1][..., sides]


def _unflip_boxes(y, spec, signature):
    return y[:, :, ::-1][..., [0, 3, 2, 1, 4]]  # the distances to the left and to the right change places


_UNFLIP = {
    "boxes": _unflip_boxes,
    "pose": _unflip_pose,
    "confidence": lambda y, spec, signature: y[..., _sides(spec, signature), :],
    "heatmaps": _unflip_heatmaps,
    "action": lambda y, spec, signature: y,
}
