"""Signatures: what is guessed of foreign networks and printed, what is refused, own names, parts."""

import json

import keras
import pytest
from keras import layers

from deephar.models.signature import InputSpec, OutputSpec, Signature, infer_signature, signature_of
from deephar.utils.labels import default_labels
from deephar.utils.pose import coco17j, mpii16j2d, pa16j2d, pa17j3d

POSE = OutputSpec("pose", "pb1", layout=pa16j2d, has_confidence=False)
ACTION = OutputSpec("action", "a", labels=("run", "jump"))
SIGNATURE = Signature([InputSpec()], [POSE, OutputSpec("confidence", "pb1"), ACTION], ("*a*",))


def foreign(input_shape, *shapes):
    """A Keras model of another project with outputs of these shapes."""
    x = keras.Input(input_shape)
    y = layers.Conv2D(1, 1, name="trunk")(x) if len(input_shape) == 3 else layers.Conv3D(1, 1, name="trunk")(x)
    outputs = []
    for shape in shapes:
        if len(shape) == 3 and len(input_shape) == 3:
            z = layers.AveragePooling2D(input_shape[0] // shape[0])(y)
            outputs.append(layers.Conv2D(shape[-1], 1)(z))
        else:
            size = 1
            for n in shape:
                size *= n
            outputs.append(layers.Reshape(shape)(layers.Dense(size)(layers.Flatten()(y))))
    return keras.Model(x, outputs if len(outputs) > 1 else outputs[0], name="theirs")


def kinds(signature):
    return [spec.kind for spec in signature.outputs]


def test_heat_maps(capsys):
    signature = infer_signature(foreign((32, 32, 3), (8, 8, 16)), layout=mpii16j2d, value_range=(0, 1))
    (spec,) = signature.outputs
    assert (spec.kind, spec.stride, spec.background, spec.layout) == ("heatmaps", 4, False, mpii16j2d)
    assert signature.frame == InputSpec(size=(32, 32), value_range=(0, 1))
    said = capsys.readouterr().err
    assert said == ("assumed of 'theirs': images of 32 x 32, RGB in [0, 1]; outputs: 1 heatmaps; joints of mpii16j2d\n")


def test_heat_maps_with_one_more_than_joints_have_a_background():
    (spec,) = infer_signature(foreign((32, 32, 3), (16, 16, 17)), layout=mpii16j2d, verbose=False).outputs
    assert (spec.stride, spec.background) == (2, True)


def test_heat_maps_of_unknown_joints_get_plain_names():
    (spec,) = infer_signature(foreign((32, 32, 3), (8, 8, 5)), verbose=False).outputs
    assert spec.layout.joint_names == [f"joint_{k}" for k in range(5)] and not spec.background


@pytest.mark.parametrize("layout", [coco17j, pa17j3d])
def test_heat_maps_that_do_not_fit_the_layout(layout):
    with pytest.raises(ValueError, match="`layout` must have 16 or 15 joints in 2 dimensions. Received: "):
        infer_signature(foreign((32, 32, 3), (8, 8, 16)), layout=layout, verbose=False)


def test_poses_with_confidence_and_apart(capsys):
    signature = infer_signature(foreign((16, 16, 3), (16, 3), (17, 3), (17, 1)))
    assert kinds(signature) == ["pose", "pose", "confidence"]
    assert [spec.block for spec in signature.outputs] == ["block 1", "block 2", "block 2"]
    assert signature.outputs[0].has_confidence and signature.outputs[0].layout == pa16j2d
    assert not signature.outputs[1].has_confidence and signature.outputs[1].layout == pa17j3d
    assert "2 pose, 1 confidence" in capsys.readouterr().err


def test_clips_of_poses_and_actions():
    model = foreign((4, 8, 8, 3), (4, 16, 3), (15,), (60,), (2,))
    signature = infer_signature(model, labels=["left", "right"], frame_step=2, fps=30, verbose=False)
    assert kinds(signature) == ["pose", "action", "action", "action"]
    labels = [spec.labels for spec in signature.outputs[1:]]
    assert labels == [default_labels(15), default_labels(60), ("left", "right")]
    assert (signature.num_frames, signature.action_outputs) == (4, (3,))
    assert signature.frame.clip_step_s == pytest.approx(2 / 30)
    assert "trunk" not in signature.action_part and len(signature.action_part) == 3 * 2 + 3  # dense, reshape, flatten


def test_all_of_a_classifier_is_its_action_part():
    assert infer_signature(foreign((8, 8, 3), (4,)), verbose=False).action_part == ("*",)


def test_own_signature_comes_first():
    model = foreign((8, 8, 3), (4,))
    model.signature = SIGNATURE
    assert signature_of(model) is SIGNATURE or signature_of(model) == SIGNATURE
    assert signature_of(model, labels=["a", "b"]).labels == ("a", "b")


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (lambda: keras.Sequential([keras.Input((8,)), layers.Dense(4)]), {}, r"`model` must take \(B, H, W, C\)"),
        (lambda: foreign((4, 8, 8, 3), (4, 2, 2, 5)), {}, r"`model` must give poses .*output 0 of shape"),
        (lambda: foreign((8, 8, 3), (16, 1)), {}, "`model` must give poses .*output 0 of shape"),
        (lambda: foreign((8, 8, 3), (16, 3)), {"layout": pa17j3d}, "`layout` must have 16 joints in 2 dimensions"),
        (lambda: foreign((8, 8, 3), (4,)), {"labels": ["a"]}, r"`labels` must be \[4\] names. Received: 1"),
        (lambda: foreign((8, 8, 3), (16, 3)), {"labels": ["a"]}, r"`labels` must be .* names. Received: 1"),
    ],
)
def test_shapes_that_say_nothing_are_refused(model, options, message):
    with pytest.raises(ValueError, match=message):
        infer_signature(model(), verbose=False, **options)


def test_own_names():
    signature = SIGNATURE.replace(layout=mpii16j2d, labels=["walk", "sit"], fps=25)
    assert (signature.layout, signature.labels, signature.frame.fps) == (mpii16j2d, ("walk", "sit"), 25)
    assert SIGNATURE.layout is pa16j2d and SIGNATURE.labels == ("run", "jump")


def test_a_layout_replaces_only_those_of_as_many_joints():
    both = Signature([InputSpec()], [OutputSpec("pose", "a", layout=pa17j3d), POSE])
    assert [spec.layout for spec in both.replace(layout=mpii16j2d).outputs] == [pa17j3d, mpii16j2d]


def test_names_that_do_not_fit():
    with pytest.raises(ValueError, match="`layout` must have 16 joints in 2 dimensions. Received: 'pa17j3d'"):
        SIGNATURE.replace(layout=pa17j3d)
    with pytest.raises(ValueError, match=r"`labels` must be \[2\] names. Received: 3"):
        SIGNATURE.replace(labels=["a", "b", "c"])
    with pytest.raises(ValueError, match="`layout` must have no joints. Received: 'pa17j3d'"):
        SIGNATURE.select([2]).replace(layout=pa17j3d)


CURVE = ((0.0, 0.1), (0.5, 0.6), (1.0, 1.0))


def test_a_calibration_is_that_of_the_answer_and_goes_where_its_output_goes():
    first = OutputSpec("pose", "pb0", layout=pa16j2d, stride=1)
    coarse = OutputSpec("heatmaps", "pb2", layout=pa16j2d, stride=8)
    blocks = Signature([InputSpec()], [first, ACTION, first, coarse]).replace(calibration=[list(k) for k in CURVE])
    assert [spec.calibration for spec in blocks.outputs] == [(), (), CURVE, ()]
    assert blocks.select([0, 1]).outputs == (first, ACTION) and blocks.select([2]).outputs[0].calibration == CURVE
    assert blocks.replace(labels=["a", "b"]).outputs[2].calibration == CURVE
    assert blocks.replace(calibration=()).outputs == (first, ACTION, first, coarse)


def test_a_calibration_comes_back_from_plain_data_and_old_data_have_none():
    signature = SIGNATURE.replace(calibration=CURVE)
    values = json.loads(json.dumps(signature.to_dict()))
    assert values == signature.to_dict() and values["outputs"][0]["calibration"] == [list(pair) for pair in CURVE]
    assert Signature.from_dict(values) == signature
    for output in values["outputs"]:
        del output["calibration"]  # as it was written before there were calibrations
    assert Signature.from_dict(values) == SIGNATURE


def test_what_is_no_calibration_is_refused():
    with pytest.raises(ValueError, match=r"`calibration` must be at most 64 pairs .* Received: \(\(0.5, 2\),\)"):
        SIGNATURE.replace(calibration=((0.5, 2),))
    with pytest.raises(ValueError, match="`calibration` must be empty for a network without poses. Received: "):
        SIGNATURE.select([2]).replace(calibration=CURVE)
    assert SIGNATURE.select([2]).replace(calibration=()) == SIGNATURE.select([2])
    values = SIGNATURE.to_dict()
    for wrong in (None, "01", [[0.5, 0.1], [0.4, 0.2]], [[0.1, [0.2]]]):
        values["outputs"][0]["calibration"] = wrong
        with pytest.raises(ValueError, match="`calibration` must be "):
            Signature.from_dict(values)


def test_select_keeps_order_and_inputs():
    part = SIGNATURE.select([2, 0])
    assert part.outputs == (ACTION, POSE) and part.inputs == SIGNATURE.inputs
    assert (part.pose_outputs, part.action_outputs, part.indices("confidence")) == ((1,), (0,), ())
    assert SIGNATURE.select([]).layout is None and SIGNATURE.select([]).labels == ()


@pytest.mark.parametrize(
    ("spec", "arguments", "message"),
    [
        (InputSpec, dict(crop="body"), "`crop` must be one of person, frame, whole. Received: 'body'"),
        (InputSpec, dict(size=(3,)), "`size` .* Received: "),
        (InputSpec, dict(channels=0), "`channels` .* Received: 0"),
        (InputSpec, dict(num_frames=-1), "`num_frames` .* Received: -1"),
        (InputSpec, dict(frame_step=0), "`frame_step` .* Received: 0"),
        (InputSpec, dict(fps=0), "`fps` .* Received: 0"),
        (InputSpec, dict(value_range=(1, 0)), "`value_range` .* Received: "),
        (InputSpec, dict(pad_color=(0, 0, 300)), "`pad_color` .* Received: "),
        (InputSpec, dict(margin=0), "`margin` .* Received: 0"),
        (OutputSpec, dict(kind="masks"), "`kind` must be one of pose, confidence, .* Received: 'masks'"),
        (OutputSpec, dict(kind="pose"), "`layout` must be a PoseLayout of pose. Received: None"),
        (OutputSpec, dict(kind="heatmaps", layout="pa16j2d"), "`layout` must be a PoseLayout .*Received: 'pa16j2d'"),
        (OutputSpec, dict(kind="heatmaps", layout=pa16j2d, decoding="max"), "`decoding` .* Received: 'max'"),
        (OutputSpec, dict(kind="heatmaps", layout=pa16j2d, stride=0), "`stride` .* Received: 0"),
        (OutputSpec, dict(kind="heatmaps", layout=pa16j2d, sigma_px=0), "`sigma_px` .* Received: 0"),
        (OutputSpec, dict(kind="heatmaps", layout=pa16j2d, patch=4), "`patch` .* Received: 4"),
        (OutputSpec, dict(kind="action"), r"`labels` must be .* not empty .* Received: \(\)"),
        (OutputSpec, dict(kind="action", labels="run"), "`labels` .* Received: 'run'"),
        (OutputSpec, dict(kind="confidence", calibration=((0, 1),)), "`calibration` must be empty where .* no joints"),
    ],
)
def test_specs_out_of_range(spec, arguments, message):
    with pytest.raises(ValueError, match=message):
        spec(**arguments)


def test_plain_data_that_is_no_signature():
    for values in ({}, {"inputs": [{"colour": 1}], "outputs": [], "action_part": []}, None):
        with pytest.raises(ValueError, match="`values` must be what `Signature.to_dict` gives"):
            Signature.from_dict(values)
