"""What a network takes and gives, as data: set by every builder, saved with the model, read by everything else.

    Signature -- inputs:  InputSpec, one an input    how a frame is cropped and scaled for it, clips and their step
              `- outputs: OutputSpec, one an output  what it says, of which block, for which joints or actions

Nothing in this package looks at the rank of a tensor or at the name of a layer to find out what an output means. A
network that was built elsewhere gets its signature by `infer_signature`, the only place that looks at shapes.
"""

import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from deephar.models.graph import operations_behind
from deephar.models.specs import KINDS, InputSpec, OutputSpec
from deephar.utils.labels import default_labels
from deephar.utils.pose import PoseLayout, layout_from_data, layout_to_data, usual_layout

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs of a network, in its order.

    Attributes:
        inputs: tuple of `InputSpec`.
        outputs: tuple of `OutputSpec`.
        action_part: patterns (`fnmatch`) of the layers that an action stage of training changes; all others are frozen
            then. Empty: the network has no such part.
        float32_part: patterns of the layers with weights that stay in float32 under mixed precision: those whose maps
            positions and probabilities are computed from. A pattern with a slash is for a layer inside of a model.
    """

    inputs: tuple[InputSpec, ...]
    outputs: tuple[OutputSpec, ...]
    action_part: tuple[str, ...] = ()
    float32_part: tuple[str, ...] = ()

    def __post_init__(self):
        for name in ("inputs", "outputs", "action_part", "float32_part"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def indices(self, *kinds: str) -> tuple[int, ...]:
        """Return the indices of the outputs of these kinds, in order."""
        return tuple(k for k, spec in enumerate(self.outputs) if spec.kind in kinds)

    @property
    def pose_outputs(self) -> tuple[int, ...]:
        """Indices of the outputs that poses are decoded from, in order of computation."""
        return self.indices("pose", "heatmaps")

    @property
    def answer(self) -> int:
        """Index into `pose_outputs` of the network's answer: the last of those with the finest maps; -1: no poses."""
        strides = [self.outputs[k].stride for k in self.pose_outputs]
        return max((k for k, stride in enumerate(strides) if stride == min(strides)), default=-1)

    @property
    def action_outputs(self) -> tuple[int, ...]:
        """Indices of the action outputs with as many classes as the last one has."""
        found = self.indices("action")
        return tuple(k for k in found if len(self.outputs[k].labels) == len(self.outputs[found[-1]].labels))

    @property
    def frame(self) -> InputSpec:
        """The first input."""
        return self.inputs[0]

    @property
    def num_frames(self) -> int | None:
        """T of the first input; None for images, 0 for clips of any length."""
        return self.frame.num_frames

    @property
    def resolution(self) -> tuple[int | None, int | None]:
        """(width, height) of the first input in pixels."""
        return self.frame.resolution

    @property
    def layout(self) -> PoseLayout | None:
        """Joint layout of the last pose; None for a network without poses."""
        poses = self.pose_outputs
        return self.outputs[poses[-1]].layout if poses else None

    @property
    def labels(self) -> tuple[str | None, ...]:
        """Names of the actions, None for one that was never trained; empty for a network without actions."""
        actions = self.action_outputs
        return self.outputs[actions[-1]].labels if actions else ()

    def select(self, indices: Sequence[int]) -> "Signature":
        """Return the signature of a model that has only some of the outputs, in the order of `indices`."""
        return dataclasses.replace(self, outputs=tuple(self.outputs[k] for k in indices))

    def replace(
        self,
        layout: PoseLayout | None = None,
        labels: Sequence[str | None] | None = None,
        calibration: Sequence[Sequence[float]] | None = None,
        **frame: Any,
    ) -> "Signature":
        """Return a copy with other names of joints or actions, another calibration, or other fields of the first input.

        Args:
            layout: `PoseLayout` or None. It replaces the layout of every output with as many joints and dimensions.
            labels: list of str, or None. They replace those of every action output with as many classes; an entry None
                is an action that was never trained.
            calibration: pairs (raw, calibrated), or None. They replace those of the network's answer, see `OutputSpec`;
                the other blocks, whose confidences differ, have none.
            frame: fields of `InputSpec`, such as `frame_step` and `fps`.

        Raises:
            ValueError: another number of joints, dimensions or actions than the network has; a calibration that is none
                or for a network without poses.
        """
        outputs = self.outputs
        if layout is not None:
            own = self.layout
            if own is None or (layout.num_joints, layout.dim) != (own.num_joints, own.dim):
                size = f"{own.num_joints} joints in {own.dim} dimensions" if own else "no joints"
                raise ValueError(f"`layout` must have {size}. Received: {layout.name!r}")
            fits = [k.layout and (k.layout.num_joints, k.layout.dim) == (own.num_joints, own.dim) for k in outputs]
            outputs = [dataclasses.replace(k, layout=layout) if f else k for k, f in zip(outputs, fits, strict=True)]
        if labels:
            counts = {len(k.labels) for k in outputs if k.kind == "action"}
            if len(labels) not in counts:
                raise ValueError(f"`labels` must be {sorted(counts)} names. Received: {len(labels)}")
            fits = [k.kind == "action" and len(k.labels) == len(labels) for k in outputs]
            outputs = [dataclasses.replace(k, labels=labels) if f else k for k, f in zip(outputs, fits, strict=True)]
        if calibration is not None:
            if len(calibration) and not self.pose_outputs:
                raise ValueError(f"`calibration` must be empty for a network without poses. Received: {calibration}")
            answer = self.pose_outputs[self.answer] if self.pose_outputs else None
            curves = [calibration if k == answer else () for k in range(len(outputs))]
            outputs = [dataclasses.replace(k, calibration=c) for k, c in zip(outputs, curves, strict=True)]
        inputs = (dataclasses.replace(self.frame, **frame), *self.inputs[1:])
        return dataclasses.replace(self, inputs=inputs, outputs=tuple(outputs))

    def to_dict(self) -> dict:
        """Return plain values, ready for JSON."""
        outputs = [{**_fields(k), "layout": layout_to_data(k.layout)} for k in self.outputs]
        return {
            "inputs": [_fields(k) for k in self.inputs],
            "outputs": outputs,
            "action_part": list(self.action_part),
            "float32_part": list(self.float32_part),
        }

    @classmethod
    def from_dict(cls, values: dict) -> "Signature":
        """Return the signature that `to_dict` wrote.

        Raises:
            ValueError: `values` do not hold a signature.
        """
        try:
            inputs = [InputSpec(**k) for k in values["inputs"]]
            outputs = [OutputSpec(**{**k, "layout": layout_from_data(k["layout"])}) for k in values["outputs"]]
            return cls(inputs, outputs, values["action_part"], values.get("float32_part", ()))
        except (KeyError, TypeError) as error:
            raise ValueError(f"`values` must be what `Signature.to_dict` gives: {error}. Received: {values}") from error


def _fields(spec):
    """Fields of a spec as plain values, tuples as lists."""
    return {field.name: _as_lists(getattr(spec, field.name)) for field in dataclasses.fields(spec)}


def _as_lists(value):
    """A value with lists in place of tuples, those inside of tuples, too."""
    return [_as_lists(k) for k in value] if isinstance(value, tuple) else value


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Return whether a layer's name fits one of the patterns (`fnmatch`)."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def signature_of(
    model: "keras.Model", layout: PoseLayout | None = None, labels: Sequence[str] | None = None, verbose: bool = True
) -> Signature:
    """Return the signature of any network: its own, or what `infer_signature` makes of its shapes.

    Args:
        model: a network of this package or a foreign Keras model.
        layout, labels: names of joints (`PoseLayout`) and of actions (list of str) that replace the network's own.
        verbose: bool. Print what was assumed of a foreign model.

    Raises:
        ValueError: they do not fit, or the model's shapes are not those of poses, heat maps or actions.
    """
    own = getattr(model, "signature", None)
    if own is not None:
        return own.replace(layout, labels)
    return infer_signature(model, layout, labels, verbose=verbose)


def infer_signature(
    model: "keras.Model",
    layout: PoseLayout | None = None,
    labels: Sequence[str] | None = None,
    verbose: bool = True,
    **frame: Any,
) -> Signature:
    """Guess the signature of a foreign Keras model from the shapes of its inputs and outputs, and print the guess.

    Args:
        model: takes images (B, H, W, C) or clips (B, T, H, W, C). Outputs (B, A) are actions, (B, [T,] J, D + 1) poses
            with confidence, (B, [T,] J, D) poses followed by their confidences (B, [T,] J, 1), (B, h, w, K) of an image
            network heat maps.
        layout: `PoseLayout` of its joints; None: the usual one with that number of joints and coordinates, or joint_0,
            joint_1, ... of which left and right are not known.
        labels: list of str, names of its actions; None: action_0, action_1, ...
        verbose: bool. Print what was assumed to stderr.
        frame: fields of `InputSpec`: `value_range`, `crop`, `frame_step` ...

    Returns:
        `Signature`. `model.signature = infer_signature(model, ...)` makes it the model's own.

    Raises:
        ValueError: other shapes.

    Example:

        model = keras.saving.load_model("their_hourglass.keras")
        model.signature = infer_signature(model, layout=mpii16j2d, value_range=(0, 1))
    """
    shape = tuple(model.input_shape[0] if isinstance(model.input_shape, list) else model.input_shape)[1:]
    if len(shape) not in (3, 4):
        raise ValueError(f"`model` must take (B, H, W, C) or (B, T, H, W, C). Received: {model.input_shape}")
    shapes = [tuple(s) for s in (model.output_shape if isinstance(model.output_shape, list) else [model.output_shape])]
    source = InputSpec.for_shape(shape, **frame)
    outputs, seen_pose = [], None
    for number, output in enumerate(shapes):
        following = shapes[number + 1] if number + 1 < len(shapes) else ()
        spec = _output_of(output, following, source, layout, labels, seen_pose)
        if spec is None:
            raise ValueError(
                "`model` must give poses (B, [T,] J, D + 1), heat maps (B, h, w, J) or actions (B, A). "
                f"Received: output {number} of shape {output}"
            )
        block = seen_pose.block if spec.kind == "confidence" else f"block {len(outputs) + 1}"
        outputs.append(dataclasses.replace(spec, block=block))
        seen_pose = outputs[-1] if spec.kind == "pose" else None
    counts = sorted({len(k.labels) for k in outputs if k.kind == "action"})
    if labels and len(labels) not in counts:
        raise ValueError(f"`labels` must be {counts} names. Received: {len(labels)}")
    signature = Signature((source,), outputs, _action_part(model, outputs))
    if verbose:
        name = getattr(model, "name", type(model).__name__)
        print(f"assumed of {name!r}: {describe(signature)}", file=sys.stderr)
    return signature


def _action_part(model, outputs):
    """Names of the layers of a foreign model that no output of poses needs; all where it has no poses."""
    poses = [y for y, spec in zip(getattr(model, "outputs", ()), outputs, strict=False) if spec.kind != "action"]
    if not poses or not any(spec.kind == "action" for spec in outputs):
        return ("*",) if not poses else ()
    needed = {operation.name for operation in operations_behind(poses)}
    return tuple(layer.name for layer in model.layers if layer.name not in needed)


def _fitting_layout(layout, num_joints, dim):
    """The user's layout, checked, or the usual one."""
    if layout is not None and (layout.num_joints, layout.dim) != (num_joints, dim):
        raise ValueError(f"`layout` must have {num_joints} joints in {dim} dimensions. Received: {layout.name!r}")
    return layout or usual_layout(num_joints, dim)


def _output_of(shape, following, source, layout, labels, seen_pose):
    """Guess one output's spec from its shape, the one after it and the pose just before it; None for no idea."""
    rank = len(shape) - (1 if source.num_frames is None else 2)  # without batch and time
    if len(shape) == 2:
        named = labels is not None and len(labels) == shape[-1]
        return OutputSpec("action", labels=labels if named else default_labels(shape[-1]))
    if rank == 2 and shape[-1] == 1 and seen_pose is not None:
        return OutputSpec("confidence")
    if rank == 2 and shape[-1] > 1:
        separate = tuple(following) == (*shape[:-1], 1)
        dim = shape[-1] - (not separate)
        return OutputSpec("pose", layout=_fitting_layout(layout, shape[-2], dim), has_confidence=not separate)
    if rank == 3 and source.num_frames is None:
        known = layout or usual_layout(shape[-1], 2)
        if known.dim != 2 or shape[-1] - known.num_joints not in (0, 1):
            allowed = f"{shape[-1]} or {shape[-1] - 1} joints in 2 dimensions"
            raise ValueError(f"`layout` must have {allowed}. Received: {known.name!r}")
        stride = source.size[0] // shape[1] if source.size[0] and shape[1] else 4
        return OutputSpec("heatmaps", layout=known, stride=stride, background=shape[-1] == known.num_joints + 1)
    return None


def describe(signature: Signature) -> str:
    """Return a signature in words, one line."""
    frame = signature.frame
    what = "images" if frame.num_frames is None else f"clips of {frame.num_frames or 'any number of'} frames"
    size = " x ".join(str(n or "any") for n in frame.size)
    low, high = frame.value_range
    names = [f"{len(signature.indices(kind))} {kind}" for kind in KINDS if signature.indices(kind)]
    joints = f"; joints of {signature.layout.name}" if signature.layout else ""
    actions = f"; {len(signature.labels)} actions" if signature.labels else ""
    return f"{what} of {size}, RGB in [{low:g}, {high:g}]; outputs: {', '.join(names)}{joints}{actions}"
