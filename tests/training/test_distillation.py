"""Distillation: the loss of the paper and its gradient, teachers that stay as they are, errors."""

import keras
import numpy as np
import pytest
from keras import layers

from deephar.models.base import PoseModel
from deephar.models.r3d import clip_signature
from deephar.training.distillation import distil, distillation_loss
from deephar.training.recipes import Stage
from deephar.training.stages import compile_for_stage

CLASSES, SHAPE = 3, (2, 4, 4, 3)


def network(seed, channels=3, classes=CLASSES, logits=True):
    """A linear network of clips, with dropout that would show in training."""
    inputs = keras.Input((*SHAPE[:-1], channels), name="frame")
    x = layers.Flatten(name="flat")(inputs)
    start = keras.initializers.GlorotUniform(seed)
    activation = None if logits else "softmax"
    outputs = layers.Dense(classes, activation, kernel_initializer=start, name="logits")(x)
    model = PoseModel(inputs, outputs, name=f"network{seed}")
    model.signature = clip_signature((*SHAPE[:-1], channels), [f"c{k}" for k in range(classes)])
    return model


def data(rng, batch=5):
    clips, flow = rng.normal(size=(batch, *SHAPE)), rng.normal(size=(batch, *SHAPE[:-1], 2))
    return clips.astype("float32"), flow.astype("float32"), np.eye(CLASSES)[rng.integers(0, CLASSES, batch)]


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("variant", ["separate", "unified"])
def test_one_step_follows_the_formula(variant):
    student, flow_teacher, pose_teacher = network(0), network(1, 2), network(2)
    teachers = {"flow": flow_teacher, "rgb": pose_teacher}
    model = distil(student, teachers, variant, weight=0.7)
    assert [x.name for x in model.inputs] == ["rgb", "flow"]
    clips, flow, label = data(np.random.default_rng(0))
    s = student.predict_on_batch(clips)
    t1, t2 = flow_teacher.predict_on_batch(flow), pose_teacher.predict_on_batch(clips)
    targets = [t1, t2] if variant == "separate" else [t1 + t2]
    loss = -np.mean(np.sum(label * np.log(softmax(s)), axis=1))
    loss += 0.7 * sum(np.mean((t - s) ** 2) for t in targets)
    slope = (softmax(s) - label) / len(s) + 0.7 * sum(2 * (s - t) / s.size for t in targets)  # of the logits
    kernel = student.get_weights()[0]
    before = [w.copy() for teacher in teachers.values() for w in teacher.get_weights()]
    plain = dict(optimizer="sgd", learning_rate=0.1, momentum=0.0, nesterov=False)
    stage = Stage("distil", "action", action_weight=1.0, **plain)
    compile_for_stage([model], stage, student)
    found = model.train_on_batch([clips, flow], label, return_dict=True)["loss"]
    assert float(found) == pytest.approx(loss, rel=1e-5)
    expected = kernel - 0.1 * clips.reshape(len(clips), -1).T @ slope
    np.testing.assert_allclose(student.get_weights()[0], expected, atol=1e-5)
    after = [w for teacher in teachers.values() for w in teacher.get_weights()]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_loss_of_equal_logits_is_zero():
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    assert float(distillation_loss(x, [x, x])) == 0
    assert float(distillation_loss(2 * x, [x, x], "unified")) == 0
    assert float(distillation_loss(x, [x, x], "unified")) == pytest.approx(np.mean(x**2), rel=1e-5)


def test_the_student_is_used_alone_afterwards():
    student = network(0)
    distil(student, {"flow": network(1, 2)})
    clips, _, _ = data(np.random.default_rng(0))
    assert student.trainable_weights and student.predict_on_batch(clips).shape == (5, CLASSES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"teachers": {}}, "`teachers` must be {stream: network}, one or more. Received: none"),
        ({"variant": "both"}, "`variant` must be one of separate, unified. Received: 'both'"),
        ({"teachers": {"flow": network(1, 2, classes=4)}}, "the student's 3 classes. Received: flow"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        distil(network(0), **{"teachers": {"flow": network(1, 2)}, **options})


def test_a_teacher_must_give_logits():
    teacher = network(1, logits=False)
    teacher.signature = None
    with pytest.raises(ValueError, match=r"`teachers\['pose'\]` must take one clip and give logits"):
        distil(network(0), {"pose": teacher})
