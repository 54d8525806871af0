"""Who is in an image, by D-FINE: the detector of KerasHub, trained on COCO, as the optional extra `detect`.

Peng et al., D-FINE: Redefine Regression Task in DETRs as Fine-grained Distribution Refinement, ICLR 2025.

    frame --stretched to the input's size--> network --> class scores and boxes of Q queries --class person--> boxes

The frame is stretched as in D-FINE's training; KerasHub's converter by itself would cut the sides off a wide frame. The
network's own boxes are read instead of those of `predict`, where a motorcycle can suppress its rider.
"""

import pathlib
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy.special import expit

from deephar.inference.detector import apart, inside_frame
from deephar.inference.engines import forward
from deephar.utils.optional import require

if TYPE_CHECKING:
    import keras

PRESET = "dfine_nano_coco"  # the smallest, 3.8 million parameters
PERSON = 0  # of COCO's 80 classes, numbered without the gaps of its category ids
NUM_CLASSES = (1, 80)  # people alone, or COCO
MOST_OVERLAP = 0.8  # D-FINE is trained to give one box a person: what suppression is left removes near copies only


def decode_queries(
    logits: np.ndarray, boxes: np.ndarray, size: tuple[int, int], least_score: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """Return the people among the queries of one image.

    Args:
        logits: float (Q, C). Of the classes, the first is person.
        boxes: float (Q, 4). Centre x y, width and height in parts of the network's input.
        size: (int, int). (W, H) px of the frame that was stretched to that input.
        least_score: float in [0, 1]. Scores below it are nobody's.

    Returns:
        (boxes float (N, 4), x1 y1 x2 y2 in px, within the frame; scores float (N,) in [0, 1]), the best first.
    """
    scores = expit(np.asarray(logits, np.float64)[:, PERSON])  # (Q,)
    centers, sides = np.split(np.asarray(boxes, np.float64), 2, axis=1)  # (Q, 2) each
    corners = np.stack([centers - sides / 2, centers + sides / 2], axis=1) * size  # (Q, 2, 2)
    sure = scores >= least_score
    people, scores = inside_frame(corners[sure], scores[sure], size)
    order = np.argsort(-scores, kind="stable")
    people, scores = people[order], scores[order]
    kept = apart(people, MOST_OVERLAP)
    return people[kept], scores[kept]


def load_dfine(preset: str = PRESET) -> "keras.Model":
    """Return a D-FINE detector of KerasHub; its weights are downloaded at first use and kept in KerasHub's cache.

    Args:
        preset: str. The name of a preset that was trained on COCO, a URL as "hf://keras/dfine_nano_coco", or a folder.

    Raises:
        ImportError: keras-hub is not installed.
        ValueError: there is no such preset.
        ConnectionError: it could not be downloaded.
    """
    kind = require("keras-hub", "The D-FINE detector").models.DFineObjectDetector
    names = sorted(name for name in kind.presets if "coco" in name)
    is_folder = pathlib.Path(preset).is_dir()
    if preset not in names and "://" not in preset and not is_folder:
        raise ValueError(f"`preset` must be one of {names}, or a URL or folder that KerasHub reads. Received: {preset}")
    try:
        return kind.from_preset(preset)
    except (OSError, ValueError) as error:  # of the hub's clients; a refusal is a ValueError of KerasHub
        if is_folder:
            raise ValueError(f"`preset` must be a folder of a D-FINE detector. Received: {preset}, {error}") from error
        reason = textwrap.shorten(f"{type(error).__name__}: {error}", 240)
        raise ConnectionError(
            f"The weights of the D-FINE preset {preset} are downloaded at first use, which failed. Try again with a "
            f"connection to KerasHub's server, or use the detector that ships: --detector auto. Reason: {reason}"
        ) from error


class DFineDetector:
    """Finds people in frames with D-FINE, which needs the package keras-hub.

    Args:
        preset: str. As for `load_dfine`; not read where `model` is given.
        least_score: float in [0, 1]. Scores below it are nobody's.
        batch_size: int. Frames in one forward pass.
        model: keras_hub.models.DFineObjectDetector with a preprocessor, or None: load the preset. It knows people only,
            or COCO's 80 classes, of which the first is person.

    Raises:
        ImportError, ConnectionError, ValueError: as `load_dfine`; or `model` is not of that kind.

    Example:

        detect = DFineDetector()
        (boxes, scores), *_ = detect([frame])
    """

    def __init__(
        self,
        preset: str = PRESET,
        least_score: float = 0.5,
        batch_size: int = 4,
        model: "keras.Model | None" = None,
    ) -> None:
        import keras

        model = load_dfine(preset) if model is None else model
        size = getattr(getattr(model.preprocessor, "image_converter", None), "image_size", None)
        if size is None:
            raise ValueError(f"`model` must have a preprocessor with an image size. Received: {model.preprocessor}")
        if model.num_classes not in NUM_CLASSES:
            raise ValueError(f"`model` must know people only, or the 80 classes of COCO. Received: {model.num_classes}")
        self.model, self.least_score, self.batch_size = model, least_score, batch_size
        self._size = tuple(size)[::-1]  # (W, H)
        self._network = keras.Model(model.inputs[0], [model.output["logits"], model.output["pred_boxes"]])

    def __call__(self, frames: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the people in frames.

        Args:
            frames: list of uint8 (H, W, 3), RGB, of any sizes.

        Returns:
            For each of them (boxes float (N, 4), x1 y1 x2 y2 in px, within the frame; scores float (N,) in [0, 1]), the
            best first.
        """
        found = []
        for first in range(0, len(frames), self.batch_size):
            some = frames[first : first + self.batch_size]
            images = [Image.fromarray(frame).resize(self._size, Image.Resampling.BILINEAR) for frame in some]
            inputs = np.asarray(self.model.preprocessor(np.stack(images)))  # (B, H, W, 3)
            logits, boxes = forward(self._network, inputs, self.batch_size)
            for frame, *queries in zip(some, logits, boxes, strict=True):
                found.append(decode_queries(*queries, frame.shape[1::-1], self.least_score))
        return found
