"""How one input of a network is made and what one output says, as data: the parts of a `Signature`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deephar.utils.calibration import check_calibration
from deephar.utils.pose import PoseLayout

KINDS = ("pose", "confidence", "heatmaps", "action", "boxes", "features")
INPUT_KINDS = ("image", "center_map", "features")
PEOPLE = ("one", "all")
CROPS = ("person", "frame", "whole")
DECODINGS = ("argmax", "softargmax")
FREE_LENGTH = 0  # `num_frames` of a network that takes clips of any length


def _check(spec, rules):
    """Raise ValueError for the first field of {name: (what is allowed, whether it is so)} that is out of range."""
    for name, (allowed, fits) in rules.items():
        if not fits:
            raise ValueError(f"`{name}` must be {allowed}. Received: {getattr(spec, name)!r}")


@dataclass(frozen=True)
class InputSpec:
    """One input of a network, and how it is made of video frames or images.

    Attributes:
        name: of the input: "frame", "center_map", "pose" ...
        size: (H, W) in pixels, or (T, J) of an input that is no image; None where any size will do.
        channels: C.
        num_frames: T of a clip; None: single images; 0: clips of any length.
        frame_step: step in frames between the frames of a clip that the network was trained for.
        fps: frame rate that `frame_step` refers to; None where it was not stated.
        value_range: what the pixel values 0 and 255 become.
        pad_color: RGB, 0 to 255, of what lies outside of the frame.
        crop: "person", the square around the person; "frame", the whole frame scaled by its short side; or "whole", the
            whole frame scaled by its long side, the rest padded.
        margin: side of that square over the longer side of the person's box.
        kind: "image"; "center_map", a Gaussian of peak 1 at the centre of the person who is meant; or "features", what
            another network gives.
        sigma_px: width of that Gaussian in px of the input.
    """

    name: str = "frame"
    size: tuple[int | None, int | None] = (None, None)
    channels: int = 3
    num_frames: int | None = None
    frame_step: int = 1
    fps: float | None = None
    value_range: tuple[float, float] = (-1.0, 1.0)
    pad_color: tuple[int, int, int] = (0, 0, 0)
    crop: str = "person"
    margin: float = 1.25
    kind: str = "image"
    sigma_px: float = 1.0

    def __post_init__(self):
        for name in ("size", "value_range", "pad_color"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        low, high = self.value_range if len(self.value_range) == 2 else (0, 0)
        rules = {
            "crop": (f"one of {', '.join(CROPS)}", self.crop in CROPS),
            "size": ("two whole numbers or None", len(self.size) == 2 and all(n is None or n > 0 for n in self.size)),
            "channels": ("at least 1", self.channels > 0),
            "num_frames": ("None, 0 or above", self.num_frames is None or self.num_frames >= 0),
            "frame_step": ("at least 1", self.frame_step > 0),
            "fps": ("None or above 0", self.fps is None or self.fps > 0),
            "value_range": ("(low, high)", low < high),
            "pad_color": ("RGB from 0 to 255", len(self.pad_color) == 3 and all(0 <= v <= 255 for v in self.pad_color)),
            "margin": ("above 0", self.margin > 0),
            "kind": (f"one of {', '.join(INPUT_KINDS)}", self.kind in INPUT_KINDS),
            "sigma_px": ("above 0", self.sigma_px > 0),
        }
        _check(self, rules)

    @classmethod
    def for_shape(cls, shape: Sequence[int | None], **changes: Any) -> "InputSpec":
        """Return the spec of an image input (H, W, C) or a clip input (T, H, W, C), with some fields changed."""
        *clip, height, width, channels = shape
        frames = {"num_frames": (clip[0] or FREE_LENGTH) if clip else None}
        return cls(**{**frames, "size": (height, width), "channels": channels, **changes})

    @classmethod
    def center_map(cls, size: Sequence[int | None], sigma_px: float, name: str = "center_map") -> "InputSpec":
        """Return the spec of a map (H, W, 1) of where the person is."""
        return cls(name, tuple(size), 1, value_range=(0.0, 1.0), kind="center_map", sigma_px=sigma_px)

    @property
    def clip_step_s(self) -> float | None:
        """Seconds between two frames of a clip; None for images, or where the rate is not known."""
        return self.frame_step / self.fps if self.num_frames is not None and self.fps else None

    @property
    def resolution(self) -> tuple[int | None, int | None]:
        """(width, height) in pixels."""
        return self.size[1], self.size[0]


@dataclass(frozen=True)
class OutputSpec:
    """One output of a network.

    Attributes:
        kind: "pose", coordinates (B, [T,] J, D [+ 1]) normalised to the crop; "confidence" (B, [T,] J, 1) of the pose
            of the same block; "heatmaps" (B, H, W, J [+ 1]); "action" (B, A); "boxes", maps (B, H, W, 5) of people and
            the sides of their boxes, see `deephar.models.detector`; "features", anything else, which is
            neither decoded nor trained.
        block: name of the prediction block, stage or stack that it belongs to.
        layout: joint layout (`PoseLayout`) of a pose or heat maps.
        has_confidence: whether a pose's last column is the confidence of each joint.
        maps_layer: name of the layer whose output, probability maps (B, H, W, J), a pose is read from; or None.
        stride: input pixels a cell of heat maps, in rows and columns.
        background: whether the last of the heat maps is that of the background.
        sigma_px: width of the Gaussian that heat maps are trained for, in cells of the maps.
        patch: side in cells that this Gaussian is cut to, see `deephar.losses.gaussian_heatmaps`; 0: not cut.
        cutoff: values of the Gaussian below it are 0.
        people: "one", the maps show the joints of the person in the middle alone, or "all", those of everybody.
        decoding: how heat maps are read: "argmax" with a quarter-cell shift, or "softargmax".
        labels: names of the actions, in the order of the output; None for one that the network was never trained on,
            which is never an answer.
        logits: whether an action output is scores before the softmax instead of probabilities.
        calibration: pairs (raw, calibrated) that make the confidences of a pose or of heat maps the probability that
            the joint is right, see `deephar.utils.calibration`; empty: not known.
    """

    kind: str
    block: str = ""
    layout: PoseLayout | None = None
    has_confidence: bool = True
    maps_layer: str | None = None
    stride: int = 1
    background: bool = False
    sigma_px: float = 1.0
    patch: int = 0
    cutoff: float = 0.0
    people: str = "one"
    decoding: str = "argmax"
    labels: tuple[str | None, ...] = ()
    logits: bool = False
    calibration: tuple[tuple[float, float], ...] = ()

    def __post_init__(self):
        needs_layout = self.kind in ("pose", "heatmaps")
        rules = {
            "kind": (f"one of {', '.join(KINDS)}", self.kind in KINDS),
            "layout": (f"a PoseLayout of {self.kind}", not needs_layout or isinstance(self.layout, PoseLayout)),
            "decoding": (f"one of {', '.join(DECODINGS)}", self.decoding in DECODINGS),
            "stride": ("at least 1", self.stride >= 1),
            "sigma_px": ("above 0", self.sigma_px > 0),
            "patch": ("0 or odd", self.patch == 0 or (self.patch > 0 and self.patch % 2 == 1)),
            "cutoff": ("from 0 to below 1", 0 <= self.cutoff < 1),
            "people": (f"one of {', '.join(PEOPLE)}", self.people in PEOPLE),
            "labels": ("a list of names, None for what was never trained, not empty for actions", self._labels_fit()),
            "calibration": ("empty where there are no joints", needs_layout or not self.calibration),
        }
        _check(self, rules)
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "calibration", check_calibration(self.calibration))

    def _labels_fit(self):
        return not isinstance(self.labels, str) and (any(self.labels) or self.kind != "action")
