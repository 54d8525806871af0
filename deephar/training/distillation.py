"""Distillation of teachers that see other streams, flow and rendered poses, into a student that sees frames alone.

Li et al., "PERF-Net: Pose Empowered RGB-Flow Net", WACV 2022, section 3.4. S and T_i are logits (B, K) of the student
and of N teachers for the same clips, y the label:

    separate   CE(S, y) + sum_i mean((T_i - S)^2)      equation 1
    unified    CE(S, y) + mean((sum_i T_i - S)^2)      the late fusion of all teachers is the target

    clips of the student --> student ------------------> S --+
    clips of stream i -----> teacher i (frozen) -------> T_i-+--> loss --> gradients of the student alone

The mean over batch and classes is ours: the paper says MSE. Keras' own `keras.distillation.Distiller` knows one teacher
with the student's input.
"""

from collections.abc import Iterable, Sequence

import keras
from keras import ops

from deephar.models.signature import signature_of
from deephar.training.objectives import ExtraOutputs

VARIANTS = ("separate", "unified")


def distillation_loss(
    student: keras.KerasTensor, teachers: Sequence[keras.KerasTensor], variant: str = "separate"
) -> keras.KerasTensor:
    """Return how far logits (B, K) of a student are from those of its teachers, a number.

    Args:
        student: (B, K).
        teachers: list of (B, K).
        variant: "separate" or "unified".
    """
    targets = list(teachers) if variant == "separate" else [sum(teachers[1:], teachers[0])]
    return sum(ops.mean(ops.square(ops.stop_gradient(target) - student)) for target in targets)


class Distillation(ExtraOutputs):
    """A student with its teachers, for training; made by `distil`.

    Inputs: those of the student, then one for each stream that it does not see. Outputs: the student's logits, then
    those of the teachers. Labels are those of the student alone; the signature, too.
    """

    def extra_losses(
        self, labels: list[keras.KerasTensor], outputs: list[keras.KerasTensor], extra: list[keras.KerasTensor]
    ) -> Iterable[keras.KerasTensor]:
        """Yield the weighted distance of the student from its teachers."""
        yield self.distillation_weight * distillation_loss(outputs[0], extra, self.variant)


def distil(
    student: keras.Model,
    teachers: dict[str, keras.Model],
    variant: str = "separate",
    weight: float = 1.0,
    stream: str = "rgb",
) -> Distillation:
    """Return a model that trains a student on its labels and on its teachers.

    Args:
        student: keras.Model. One clip in, logits out; it is trained.
        teachers: dict. {stream: keras.Model}, trained networks of the same classes; they are frozen, named by their
            streams and see their clips as in prediction. One of the student's own `stream` sees the student's clips.
        variant: "separate" (equation 1) or "unified".
        weight: float, of the distance from the teachers; 1 in the paper.
        stream: str. What the student sees.

    Returns:
        `Distillation`, not compiled: `compile_for_stage` or `compile`. Its inputs are the student's and those of the
        other streams, in the order of `teachers`, named by their streams.

    Raises:
        ValueError: no teachers, another number of classes, probabilities instead of logits, an unknown variant.

    Example:
        >>> from deephar.models import r3d
        >>> from deephar.training.distillation import distil
        >>> rgb, flow = (r3d.build((4, 32, 32, c), num_classes=3, filters=4) for c in (3, 2))
        >>> [x.name for x in distil(rgb, {"flow": flow}).inputs]
        ['rgb', 'flow']
    """
    if variant not in VARIANTS:
        raise ValueError(f"`variant` must be one of {', '.join(VARIANTS)}. Received: {variant!r}")
    if not teachers:
        raise ValueError("`teachers` must be {stream: network}, one or more. Received: none")
    classes = _classes("student", student)
    inputs = {stream: _input_of(student, stream)}
    logits = [student(inputs[stream])]
    for name, teacher in teachers.items():
        if _classes(f"teachers[{name!r}]", teacher) != classes:
            raise ValueError(f"`teachers` must have the student's {classes} classes. Received: {name}, another number")
        teacher.trainable, teacher.name = False, f"{name}_teacher"  # one graph holds no name twice
        inputs.setdefault(name, _input_of(teacher, name))
        logits.append(teacher(inputs[name], training=False))
    model = Distillation(list(inputs.values()), logits, name=f"{student.name}_distilled")
    model.signature, model.variant, model.distillation_weight = signature_of(student), variant, float(weight)
    return model


def _input_of(model, name):
    return keras.Input(model.inputs[0].shape[1:], name=name)


def _classes(name, model):
    """The number of classes of a network of logits."""
    specs = signature_of(model).outputs
    if len(model.inputs) != 1 or len(specs) != 1 or specs[0].kind != "action" or not specs[0].logits:
        raise ValueError(f"`{name}` must take one clip and give logits. Received: {[spec.kind for spec in specs]}")
    return len(specs[0].labels)
