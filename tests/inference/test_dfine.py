"""People found by D-FINE: its conventions for boxes and classes, held against KerasHub's own; what is refused.

Where KerasHub is not installed, a stub with its interface stands for the network.
"""

import sys
import types

import keras
import numpy as np
import pytest
from scipy.special import logit

from deephar.inference import dfine
from deephar.inference.dfine import DFineDetector, decode_queries, load_dfine

WIDTH, HEIGHT = 64, 32  # of the network's input
PERSON_AT = [0.25, 0.5, 0.25, 0.5]  # cx cy w h: x 8 to 24 and y 8 to 24 px of the input


class Queries(keras.layers.Layer):
    """Gives the same queries for every image."""

    def __init__(self, values):
        super().__init__()
        self.values = np.asarray(values, "float32")

    def call(self, x):
        return keras.ops.repeat(self.values[None], keras.ops.shape(x)[0], axis=0)

    def compute_output_shape(self, shape):
        return (shape[0], *self.values.shape)


class Converter:
    """Scales as a preprocessor of KerasHub, and keeps what it was given."""

    def __init__(self, size=(HEIGHT, WIDTH)):
        self.image_size, self.image_converter, self.seen = size, self, []

    def __call__(self, images):
        self.seen.append(images)
        return images / np.float32(255)


def stub(queries, num_classes=80):
    """A network with the interface of KerasHub's that always gives queries (scores by class, cx, cy, w, h)."""
    logits = np.full((len(queries), num_classes), logit(0.01))
    for row, (scores, *_) in zip(logits, queries, strict=True):
        row[list(scores)] = logit(list(scores.values()))
    x = keras.Input((HEIGHT, WIDTH, 3))
    outputs = {"logits": Queries(logits)(x), "pred_boxes": Queries([box for _, *box in queries])(x)}
    model = keras.Model(x, outputs)
    model.num_classes, model.preprocessor = num_classes, Converter()
    return model


@pytest.fixture(scope="module")
def tiny():
    """A D-FINE of KerasHub with random weights, COCO's classes and ten queries; as presets, it cuts off the sides."""
    hub = pytest.importorskip("keras_hub")
    keras.utils.set_random_seed(0)
    backbone = hub.models.HGNetV2Backbone(
        depths=[1, 1],
        embedding_size=8,
        hidden_sizes=[16, 32],
        stem_channels=[3, 8, 8],
        hidden_act="relu",
        use_learnable_affine_block=True,
        stackwise_stage_filters=[[8, 8, 16, 1, 1, 3], [16, 8, 32, 1, 1, 3]],
        apply_downsample=[False, True],
        use_lightweight_conv_block=[False, False],
        out_features=["stage1", "stage2"],
    )
    network = hub.models.DFineBackbone(
        backbone=backbone,
        decoder_in_channels=[16, 16],
        encoder_hidden_dim=16,
        num_denoising=0,
        num_labels=80,
        hidden_dim=16,
        learn_initial_query=False,
        num_queries=10,
        anchor_image_size=(HEIGHT, WIDTH),
        feat_strides=[4, 8],
        num_feature_levels=2,
        encoder_in_channels=[16, 32],
        encode_proj_layers=[1],
        num_attention_heads=2,
        encoder_ffn_dim=32,
        num_encoder_layers=1,
        hidden_expansion=0.5,
        depth_multiplier=0.5,
        eval_idx=-1,
        num_decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=32,
        decoder_n_points=[2, 2],
        lqe_hidden_dim=16,
        num_lqe_layers=1,
        out_features=["stage1", "stage2"],
        seed=0,
    )
    converter = hub.layers.DFineImageConverter(image_size=(HEIGHT, WIDTH), scale=1 / 255, crop_to_aspect_ratio=True)
    preprocessor = hub.models.DFineObjectDetectorPreprocessor(converter)
    return hub.models.DFineObjectDetector(network, num_classes=80, preprocessor=preprocessor)


def test_boxes_come_in_pixels_of_frames_of_any_size():
    model = stub([({0: 0.6}, *PERSON_AT), ({0: 0.9}, 0.75, 0.25, 0.7, 0.2)])  # the second reaches beyond the right side
    frames = [np.zeros((90, 400, 3), np.uint8), np.zeros((200, 100, 3), np.uint8), np.zeros((32, 64, 3), np.uint8)]
    (wide, scores), (tall, _), (same, _) = DFineDetector(model=model, batch_size=2)(frames)
    np.testing.assert_allclose(wide, [[160, 13.5, 400, 31.5], [50, 22.5, 150, 67.5]], atol=1e-4)
    np.testing.assert_allclose(scores, [0.9, 0.6], atol=1e-6)
    np.testing.assert_allclose(tall, [[40, 30, 100, 70], [12.5, 50, 37.5, 150]], atol=1e-4)
    np.testing.assert_allclose(same[1], [8, 8, 24, 24], atol=1e-5)
    assert [len(images) for images in model.preprocessor.seen] == [2, 1]
    assert DFineDetector(model=model)([]) == []


def test_only_people_are_found_even_where_another_class_scores_higher():
    rider, motorcycle = {0: 0.7, 3: 0.1}, {3: 0.9, 0: 0.2}
    people = [(rider, *PERSON_AT), (motorcycle, 0.25, 0.55, 0.25, 0.5), ({1: 0.8, 0: 0.55}, 0.8, 0.5, 0.1, 0.3)]
    (boxes, scores), *_ = DFineDetector(model=stub(people))([np.zeros((HEIGHT, WIDTH, 3), np.uint8)])
    np.testing.assert_allclose(scores, [0.7, 0.55], atol=1e-6)
    np.testing.assert_allclose(boxes[0], [8, 8, 24, 24], atol=1e-5)
    (_, scores), *_ = DFineDetector(model=stub(people), least_score=0.6)([np.zeros((HEIGHT, WIDTH, 3), np.uint8)])
    assert len(scores) == 1
    alone = stub([({0: 0.7}, *PERSON_AT)], num_classes=1)
    assert len(DFineDetector(model=alone)([np.zeros((9, 9, 3), np.uint8)])[0][0]) == 1


def test_copies_of_a_box_and_boxes_outside_of_the_frame_go():
    boxes = [PERSON_AT, [0.255, 0.5, 0.25, 0.5], [0.35, 0.5, 0.25, 0.5], [1.2, 0.5, 0.3, 0.5], [np.nan] * 4]
    found, scores = decode_queries(logit(np.linspace(0.6, 0.8, 5))[:, None], boxes, (100, 100))
    np.testing.assert_allclose(found, [[22.5, 25, 47.5, 75], [13, 25, 38, 75]])
    np.testing.assert_allclose(scores, [0.7, 0.65])
    assert [a.shape for a in decode_queries(np.zeros((0, 80)), np.zeros((0, 4)), (9, 9))] == [(0, 4), (0,)]


def test_the_whole_frame_is_seen_stretched():
    frame = np.zeros((30, 300, 3), np.uint8)
    frame[:, :30, 0] = frame[:, -30:, 2] = 255  # a red left end, a blue right one
    model = stub([({0: 0.7}, *PERSON_AT)])
    DFineDetector(model=model)([frame])
    (images,) = model.preprocessor.seen
    assert images.shape == (1, HEIGHT, WIDTH, 3) and images.dtype == np.uint8
    assert (images[0, :, 2] == [255, 0, 0]).all() and (images[0, :, -3] == [0, 0, 255]).all()


def test_boxes_are_those_of_kerashubs_own_decoding(tiny):
    model = stub([({0: 0.9}, *PERSON_AT), ({0: 0.8}, 0.75, 0.6, 0.2, 0.3)])
    frame = np.zeros((HEIGHT * 3, WIDTH * 5, 3), np.uint8)
    images = np.zeros((1, HEIGHT, WIDTH, 3), "float32")
    filler = np.full((1, 8, 80), -9.0, "float32"), np.full((1, 8, 4), 0.1, "float32")
    raw = {key: np.concatenate([model(images)[key], more], 1) for key, more in zip(model.output, filler, strict=True)}
    theirs = {key: np.asarray(value) for key, value in tiny.decode_predictions(raw, images).items()}
    assert theirs["num_detections"] == 2 and (theirs["labels"][0, :2] == dfine.PERSON).all()
    (boxes, scores), *_ = DFineDetector(model=model)([frame])
    np.testing.assert_allclose(boxes, theirs["boxes"][0, :2][:, [1, 0, 3, 2]] * [5, 3, 5, 3], rtol=1e-5)  # from yxyx
    np.testing.assert_allclose(scores, theirs["confidence"][0, :2], rtol=1e-6)


def test_the_preprocessor_of_kerashub_neither_cuts_nor_resizes_what_it_is_given(tiny):
    images = np.random.default_rng(0).integers(0, 256, (2, HEIGHT, WIDTH, 3)).astype(np.uint8)
    np.testing.assert_allclose(np.asarray(tiny.preprocessor(images)), images / 255, atol=1e-6)


def test_a_network_of_kerashub_is_read_as_it_is(tiny):
    frames = [np.random.default_rng(k).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8) for k in range(3)]
    found = DFineDetector(model=tiny, least_score=0.0, batch_size=2)(frames)
    raw = tiny(np.stack(frames) / np.float32(255), training=False)
    raw = {key: np.asarray(raw[key]) for key in ("logits", "pred_boxes")}
    assert len(found) == 3 and raw["logits"].shape == (3, 10, 80)
    for (boxes, scores), *queries in zip(found, raw["logits"], raw["pred_boxes"], strict=True):
        expected = decode_queries(*queries, (WIDTH, HEIGHT), 0.0)
        assert len(boxes) > 0
        np.testing.assert_allclose(boxes, expected[0], atol=1e-2)
        np.testing.assert_allclose(scores, expected[1], atol=1e-4)


def test_a_network_that_does_not_know_people_first_is_refused():
    with pytest.raises(ValueError, match=r"`model` must know people only, or the 80 classes of COCO\. Received: 366"):
        DFineDetector(model=stub([({0: 0.7}, *PERSON_AT)], num_classes=366))
    model = stub([({0: 0.7}, *PERSON_AT)])
    model.preprocessor = None
    with pytest.raises(ValueError, match="`model` must have a preprocessor with an image size. Received: None"):
        DFineDetector(model=model)
    model.preprocessor = Converter(size=None)
    with pytest.raises(ValueError, match="`model` must have a preprocessor with an image size"):
        DFineDetector(model=model)


def hub_that(raises, monkeypatch):
    """Put in the place of KerasHub one that raises an error where a preset is loaded."""

    def from_preset(preset):
        raise raises

    kind = types.SimpleNamespace(presets={"dfine_nano_coco": {}, "dfine_small_obj365": {}}, from_preset=from_preset)
    models = types.SimpleNamespace(DFineObjectDetector=kind)
    monkeypatch.setitem(sys.modules, "keras_hub", types.SimpleNamespace(models=models))


@pytest.mark.parametrize("error", [OSError("no route to host"), ValueError("401 Client Error.\n\nYou\n do not")])
def test_weights_that_cannot_be_downloaded_are_named_with_what_to_do(error, monkeypatch):
    hub_that(error, monkeypatch)
    said = r"D-FINE preset dfine_nano_coco are downloaded at first use.*--detector auto.*(no route to host|You do not)$"
    with pytest.raises(ConnectionError, match=said) as caught:
        DFineDetector()
    assert caught.value.__cause__ is error


def test_presets_that_there_are_not_are_refused_before_any_download(tmp_path, monkeypatch):
    hub_that(FileNotFoundError("no config.json"), monkeypatch)
    for name in ("dfine_small_obj365", "yolo", "runs/none"):  # Objects365 has other classes
        with pytest.raises(ValueError, match=rf"`preset` must be one of \['dfine_nano_coco'\].*Received: {name}"):
            load_dfine(name)
    with pytest.raises(ValueError, match="`preset` must be a folder of a D-FINE detector.*no config.json"):
        load_dfine(str(tmp_path))
    with pytest.raises(ConnectionError, match="hf://keras/dfine_nano_coco are downloaded"):
        load_dfine("hf://keras/dfine_nano_coco")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(ImportError, match="The D-FINE detector needs the package keras-hub.*: pip install keras-hub"):
        DFineDetector()


def test_a_folder_that_kerashub_wrote_is_read(tiny, tmp_path):
    tiny.save_to_preset(str(tmp_path))
    model = load_dfine(str(tmp_path))
    assert model.num_classes == 80 and tuple(model.preprocessor.image_converter.image_size) == (HEIGHT, WIDTH)
    for a, b in zip(tiny.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
