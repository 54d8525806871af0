"""`PersonNetwork`: a network that sees one person of a frame at a time, in frame pixels on both sides.

frames, box --crop_of, crop_frames--> crops --forward_flip--> outputs --decode--> poses --crop_to_frame--> frame px
"""

import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from deephar.data.frames import cut
from deephar.data.inputs import make_inputs
from deephar.inference.boxes import Box, box_from_poses, whole_frame
from deephar.inference.crops import crop_frames, crop_of
from deephar.inference.decode import action_probabilities, block_index, decode
from deephar.inference.engines import forward, forward_flip, open_engine
from deephar.inference.results import ModelStamp
from deephar.models.signature import Signature
from deephar.utils.calibration import apply_calibration
from deephar.utils.errors import arguments_renamed
from deephar.utils.transform import crop_to_frame

if TYPE_CHECKING:
    import keras

    from deephar.inference.detector import Detector


class PersonNetwork:
    """Runs a network on the crops of one person.

    Args:
        model: keras.Model. A network of images or clips with pose outputs.
        signature: Signature of the model.
        pose_block: int or None. Index of the pose output that is returned; None: the network's answer.
        action_block: int. The same for the action outputs.
        flip: bool. Also run the flipped crop and take the mean; twice the time.
        batch_size: int. Frames in one forward pass.
        detect: function or None. A detector, which finds people whose box is not known, see `see_next`.
        engine: str. What runs the network, see `deephar.inference.engines.open_engine`.

    Attributes:
        labels: tuple of str. Names of the actions that the network answers: all but those that were never trained.

    Raises:
        ValueError: the network has no poses, or no such block.
    """

    def __init__(
        self,
        model: "keras.Model",
        signature: Signature,
        pose_block: int | None = None,
        action_block: int = -1,
        flip: bool = False,
        batch_size: int = 16,
        detect: "Detector | None" = None,
        engine: str = "keras",
    ):
        if not signature.pose_outputs:
            kinds = sorted({spec.kind for spec in signature.outputs})
            raise ValueError(f"`model` must have pose outputs. Received: {model.name}, which gives {', '.join(kinds)}")
        pose_block = signature.answer if pose_block is None else pose_block
        output = block_index(signature.pose_outputs, pose_block, "pose_block")
        self.model, self.signature, self.pose_block = model, signature, pose_block
        self._calibration = signature.outputs[output].calibration
        self.flip, self.batch_size, self.detect, self._engine_name = flip, batch_size, detect, engine
        self._engine = open_engine(model, engine)
        actions = signature.action_outputs
        self._action_output = block_index(actions, action_block, "action_block") if actions else None
        names = signature.outputs[self._action_output].labels if actions else ()
        self._answered = [k for k, name in enumerate(names) if name is not None]
        self.labels = tuple(names[k] for k in self._answered)
        self._images = self._maps = None

    @property
    def calibrated(self) -> bool:
        """Whether the confidence of a joint is the probability that it is right."""
        return bool(self._calibration)

    def poses_each(self, frames: Sequence[np.ndarray], boxes: Sequence[Box]) -> tuple[np.ndarray, np.ndarray]:
        """Return the pose in each of N frames, each in a box of its own.

        Args:
            frames: sequence of N arrays, uint8 (H, W, 3), of one size or of several.
            boxes: sequence of N boxes (x1, y1, x2, y2), frame px.

        Returns:
            points: float (N, J, D), x and y in frame px.
            confidence: float (N, J), in [0, 1]: the probability that the joint is right, where the pose output has a
                `calibration`; else as the network gives it.

        Where every size of a batch is compiled anew, they are filled up to powers of two.
        """
        spec, parts = self.signature.frame, []
        crops = [crop_of(box, frame.shape[1::-1], spec) for frame, box in zip(frames, boxes, strict=True)]
        for k in range(0, len(frames), self.batch_size):
            some = zip(frames[k : k + self.batch_size], crops[k : k + self.batch_size], strict=True)
            batch = np.concatenate([crop_frames([frame], crop, spec) for frame, crop in some])  # (n, h, w, 3)
            parts.append(self._decode_images(batch, 1 << (len(batch) - 1).bit_length()))
        points, confidence = (np.concatenate(k) for k in zip(*parts, strict=True))
        return np.stack([crop_to_frame(p, crop.afmat) for p, crop in zip(points, crops, strict=True)]), confidence

    def clips(
        self, clips: Sequence[Sequence[np.ndarray]], boxes: Sequence[Box]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Return the poses and action probabilities of N clips of T frames, each cropped by a box of its own.

        Args:
            clips: N lists of T arrays, uint8 (H, W, 3); a frame may occur several times.
            boxes: N boxes (x1, y1, x2, y2), frame px.

        Returns:
            points: float (N, T, J, D), x and y in frame px.
            confidence: float (N, T, J), as of `poses_each`.
            probabilities: float (N, A) of the actions in `labels`, or None for a network without actions.
        """
        spec, poses, scores = self.signature.frame, [], []
        crops = [crop_of(box, clip[0].shape[1::-1], spec) for clip, box in zip(clips, boxes, strict=True)]
        per_pass = max(1, self.batch_size // self.signature.num_frames)
        for k in range(0, len(clips), per_pass):
            some = zip(clips[k : k + per_pass], crops[k : k + per_pass], strict=True)
            batch = np.stack([crop_frames(clip, crop, spec) for clip, crop in some])  # (n, T, h, w, 3)
            outputs = forward_flip(self._engine, self.signature, batch, per_pass, self.flip)
            poses.append(self._decode(outputs, self.signature))
            if self._action_output is not None:
                actions = self.signature.outputs[self._action_output]
                scores.append(action_probabilities(outputs[self._action_output], actions)[:, self._answered])
        points, confidence = (np.concatenate(k) for k in zip(*poses, strict=True))
        points = np.stack([crop_to_frame(p, crop.afmat) for p, crop in zip(points, crops, strict=True)])
        return points, confidence, np.concatenate(scores) if scores else None

    def locate(self, frame: np.ndarray, box: Box, rounds: int) -> Box:
        """Return the person's box in a frame, after each round that around the pose in the box before.

        Args:
            frame: uint8 (H, W, 3).
            box: (x1, y1, x2, y2), frame px.
            rounds: int. How often the box is looked for; 0: `box` as it is.
        """
        size = frame.shape[1::-1]
        for _ in range(rounds):
            box = box_from_poses(*self.poses_each([frame], [box]), size) or whole_frame(size)
        return box

    def check_maps(self) -> None:
        """Raise a ValueError where the network does not say which maps its joints are read from."""
        if self._maps is None:
            from deephar.models.surgery import maps_view  # Keras is loaded when a network runs, not before

            self._maps = maps_view(self.model, self.pose_block, self.signature)
        if self._maps is None:
            allowed = "a network that says which maps its joints are read from, such as spnet-2d"
            raise ValueError(f"`maps` needs {allowed}. Received: {self.model.name}")

    def joint_maps(self, frame: np.ndarray, box: Box) -> tuple[np.ndarray, np.ndarray]:
        """Return a person's crop and the map of every joint that the answer is read from.

        Args:
            frame: uint8 (H, W, 3). A clip network sees it as an image.
            box: (x1, y1, x2, y2), frame px.

        Returns:
            crop: uint8 (h, w, 3), as the network sees it.
            maps: float (J, h', w'): probabilities that sum to 1 over the crop (SPNet), or heat maps of peak 1.

        Raises:
            ValueError: as `check_maps`.
        """
        self.check_maps()
        crop = crop_of(box, frame.shape[1::-1], self.signature.frame)
        inputs = make_inputs(self.signature.inputs, crop_frames([frame], crop, self.signature.frame))
        maps = forward(self._maps, inputs)[0][0]  # (h', w', J [+ 1])
        joints = self.signature.outputs[self.signature.pose_outputs[self.pose_block]].layout.num_joints
        return cut(Image.fromarray(frame), crop), np.moveaxis(maps[..., :joints], -1, 0)

    def _decode_images(self, batch, filled=1):
        """Return points and confidence of N images, of batches filled up to a number of them.

        A clip network without an image view sees each as a still clip.
        """
        if self._images is None:
            from deephar.models.surgery import image_view  # Keras is loaded when a network runs, not before

            view = image_view(self.model, self.signature)
            self._images = (
                (self._engine, self.signature)
                if view is None or view is self.model
                else (open_engine(view, self._engine_name), view.signature)
            )
        view, signature = self._images
        if signature.num_frames is None:
            return self._decode(forward_flip(view, signature, batch, filled, self.flip), signature)
        still = np.repeat(batch[:, None], signature.num_frames, axis=1)  # (N, T, h, w, 3)
        points, confidence = self._decode(forward_flip(view, signature, still, 1, self.flip), signature)
        return points[:, 0], confidence[:, 0]

    def _decode(self, outputs, signature):
        """Return points and calibrated confidence of the outputs of the network or of its image view."""
        points, confidence = decode(outputs, signature, self.pose_block)
        return points, apply_calibration(confidence, self._calibration)


def load_network(
    model: "str | pathlib.Path | keras.Model", weights: str | pathlib.Path | None = None
) -> "tuple[keras.Model, ModelStamp]":
    """Return the network that a user names or hands over, and the `ModelStamp` of its predictions.

    Raises:
        FileNotFoundError, ValueError: as `deephar.load_model`, about `model` or `weights`.
    """
    with arguments_renamed(name_or_path="model", path="model" if weights is None else "weights"):
        if isinstance(model, (str, pathlib.Path)):
            from deephar.models.zoo import load_model, weights_path

            return load_model(model, weights=weights), ModelStamp.of_file(model, weights_path(model, weights))
        if weights is None:
            return model, ModelStamp.of_network(model)
        model.load_weights(weights)
    return model, ModelStamp.of_file(getattr(model, "name", type(model).__name__), weights)
