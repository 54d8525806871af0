"""Accuracy on one clip and on several clips of a video."""

import functools
import json

import keras
import numpy as np
import pytest

from deephar.config import DataConfig
from deephar.data.loader import BatchLoader
from deephar.data.pennaction import PennAction
from deephar.experiments import penn_tools as P
from deephar.utils import TEST_MODE

EYE = np.eye(3)


class FakeModel:
    """Two outputs: probabilities from the mean of red, and from the mean of the first column."""

    input_shape, output_shape = (None, 2, 8, 8, 3), [(None, 3), (None, 3)]

    def __init__(self):
        self.batches = []

    def predict_on_batch(self, x):
        self.batches.append(len(x))
        red, left = x[..., 0].mean(axis=(1, 2, 3)), x[..., 0, 0].mean(axis=(1, 2))
        return [np.stack([v, 1 - v, 0 * v], axis=-1) for v in (red, left)]

    def predict(self, x, batch_size=None, verbose=None):
        return self.predict_on_batch(x)


class FakePenn:
    """Three videos of 1, 2 and 0 clips; the image is `level`, its left half `left`."""

    level, left, action = (0.9, 0.4, 0.8), (0.9, 0.1, 0.9), (0, 1, 0)
    dataset_path = "."

    def get_length(self, mode):
        return 3

    def get_shape(self, key):
        return (3,)

    def get_clip_index(self, key, mode, subsamples=(2,)):
        return [range(start, start + 4, 2) for start in range((1, 2, 0)[key])]

    def get_data(self, key, mode, frame_list=None, bbox=None):
        frame = np.full((2, 4, 4, 3), self.level[key])
        frame[:, :, :2] = self.left[key]
        frame[:, :, 2:] = 2 * self.level[key] - self.left[key]
        self.boxes = [*getattr(self, "boxes", []), bbox]
        return {"frame": frame, "pennaction": EYE[self.action[key]]}


def test_multiclip_multiplies_clips_and_flipped_copies(tmp_path, capsys):
    model = FakeModel()
    scores = P.eval_multiclip_dataset(model, FakePenn(), 2, logdir=tmp_path, batch_size=3)
    np.testing.assert_allclose(scores, [100, 100])
    assert model.batches == [3, 3, 3, 3]  # 4 clips and their flipped copies, the second batch filled up
    assert "multi-clip accuracy" in capsys.readouterr().out
    assert np.load(tmp_path / "allpred.npy").shape == (2, 3, 3) and np.load(tmp_path / "a_true.npy").shape == (3, 3)
    assert json.loads((tmp_path / "missing-clips.json").read_text()) == {"0001.000.1": [1, 0], "0001.001.1": [1, 0]}


def test_multiclip_probability_is_the_product(tmp_path):
    penn = FakePenn()
    P.eval_multiclip_dataset(FakeModel(), penn, 2, logdir=tmp_path, verbose=0)
    product = np.exp(np.load(tmp_path / "allpred.npy"))
    np.testing.assert_allclose(product[0, :, :2], [[0.9**2, 0.1**2], [0.4**4, 0.6**4], [0.8**2, 0.2**2]])
    np.testing.assert_allclose(product[1, 1, :2], [0.1**2 * 0.7**2, 0.9**2 * 0.3**2])
    assert penn.boxes == [None] * 4


def test_multiclip_takes_predicted_boxes(tmp_path):
    boxes = {f"{video}.{frame}": [10 * frame, 0, 10 * frame + 5, 5] for video in range(3) for frame in range(9)}
    (tmp_path / "boxes.json").write_text(json.dumps([boxes, {}, {}]))
    penn = FakePenn()
    penn.dataset_path = tmp_path
    P.eval_multiclip_dataset(FakeModel(), penn, 2, bboxes_file="boxes.json", verbose=0)
    np.testing.assert_allclose(penn.boxes[0], [0, 0, 25, 5])
    np.testing.assert_allclose(penn.boxes[2], [10, 0, 35, 5])
    with pytest.raises(FileNotFoundError, match="`bboxes_file` must be a file. Received: .*none.json.*predict_bboxes"):
        P.eval_multiclip_dataset(FakeModel(), penn, 2, bboxes_file="none.json")


def write_clip_boxes(path, step=2):
    """Boxes of the clips of `FakePenn`, other ones for flipped clips."""
    clips = [(0, 0), (1, 0), (1, 1)]
    boxes = {f"{v:04d}.{step}.{c:03d}.{flip}": [10 * v, c, 50, 60 + flip] for v, c in clips for flip in (0, 1)}
    path.write_text(json.dumps(boxes))
    return str(path)


def test_boxes_of_clips_as_the_original_called_it(tmp_path, monkeypatch, capsys):
    """No step between frames, the file as seen from the working directory, flipped clips with their own box."""
    (tmp_path / "datasets").mkdir()
    write_clip_boxes(tmp_path / "datasets" / "boxes.json")
    monkeypatch.chdir(tmp_path)
    penn = FakePenn()
    penn.dataset_path = "datasets"
    scores = P.eval_multiclip_dataset(FakeModel(), penn, bboxes_file="datasets/boxes.json", logdir=tmp_path)
    np.testing.assert_allclose(scores, [100, 100])
    found = [None if box is None else box.tolist() for box in penn.boxes]
    expected = [[10 * v, c, 50, 60 + flip] for v, c in [(0, 0), (1, 0), (1, 1)] for flip in (0, 1)]
    assert sorted(filter(None, found)) == expected and found.count(None) == 1  # the third video has no clip
    assert "every 2nd frame, boxes from datasets/boxes.json" in capsys.readouterr().out
    P.eval_multiclip_dataset(FakeModel(), penn, "datasets/boxes.json", verbose=0)  # where the step is otherwise
    with pytest.raises(ValueError, match="`subsampling` must be 2, that of the boxes in .*boxes.json. Received: 3"):
        P.eval_multiclip_dataset(FakeModel(), penn, 3, bboxes_file="boxes.json")


def test_pixels_of_a_flipped_clip_come_from_its_own_box(tmp_path):
    class Cropped(FakePenn):
        def get_data(self, key, mode, frame_list=None, bbox=None):
            frame = np.full((2, 4, 4, 3), 0.9 if bbox is None or bbox[3] == 60 else 0.2)
            return {"frame": frame, "pennaction": EYE[self.action[key]]}

    P.eval_multiclip_dataset(FakeModel(), Cropped(), bboxes_file=write_clip_boxes(tmp_path / "b.json"), logdir=tmp_path)
    product = np.exp(np.load(tmp_path / "allpred.npy"))
    np.testing.assert_allclose(product[0, :, 0], [0.9 * 0.2, (0.9 * 0.2) ** 2, 0.9**2])


def test_the_scripts_take_boxes_of_clips(fixture_world, tmp_path, capsys):
    """Boxes that are the annotation's give its scores; there is no single-clip accuracy on them."""
    from deephar.experiments import action_evaluation

    folder, conf = fixture_world / "PennAction", DataConfig(crop_resolution=(8, 8), fixed_subsampling=2)
    penn, boxes = PennAction(folder, conf, use_gt_bbox=True, clip_size=2), {}
    for video in range(2):
        for clip, window in enumerate(penn.get_clip_index(video, TEST_MODE, subsamples=[2])):
            box = penn.get_data(video, TEST_MODE, frame_list=window)["bbox"].tolist()
            boxes.update({f"{video:04d}.2.{clip:03d}.{flip}": box for flip in (0, 1)})
    (tmp_path / "clips.json").write_text(json.dumps(boxes))
    reader, model = functools.partial(PennAction, folder, conf, clip_size=2), FifteenModel()
    plain = action_evaluation.evaluate(P.PENN_ACTION, model, reader)
    report = action_evaluation.evaluate(P.PENN_ACTION, model, reader, tmp_path / "clips.json")
    assert report["multi_clip"] == plain["multi_clip"] and report["clips"] == plain["clips"] == len(boxes)
    assert report["confusion"] == plain["confusion"] and report["boxes"] == str(tmp_path / "clips.json")
    assert plain["single_clip"] and report["single_clip"] is None and "multi-clip test" in report["single_clip_note"]
    assert "no single-clip accuracy" in capsys.readouterr().out
    model.batches.clear()
    (tmp_path / "clips.json").write_text(json.dumps(dict(list(boxes.items())[1:])))
    with pytest.raises(ValueError, match="no box for '0000.2.000.0'"):
        action_evaluation.evaluate(P.PENN_ACTION, model, reader, tmp_path / "clips.json")
    assert not model.batches  # found before the network runs


class FifteenModel(FakeModel):
    """Fifteen actions, as Penn Action has."""

    input_shape, output_shape = (None, 2, 8, 8, 3), (None, 15)

    def predict_on_batch(self, x):
        self.batches.append(len(x))
        scores = np.exp(np.outer(x.mean(axis=(1, 2, 3, 4)), np.linspace(-9, 9, 15)))
        return scores / scores.sum(axis=-1, keepdims=True)


def test_a_clip_that_cannot_be_read_stops_the_evaluation():
    class Broken(FakePenn):
        def get_data(self, *args, **options):
            raise FileNotFoundError("frames/0001/000001.jpg")

    with pytest.raises(FileNotFoundError, match="000001.jpg"):
        P.eval_multiclip_dataset(FakeModel(), Broken(), 2, verbose=0)


def test_singleclip_on_arrays_and_batches(tmp_path, capsys):
    x = np.stack([np.full((2, 4, 4, 3), level) for level in (0.9, 0.2, 0.8)])
    y = EYE[[0, 1, 1]]
    assert P.eval_singleclip(FakeModel(), x, y) == pytest.approx([2 / 3, 2 / 3])
    assert "single-clip accuracy (%)" in capsys.readouterr().out
    batches = [([x[:2]], [y[:2]]), ([x[2:]], [y[2:]])]
    scores = P.eval_singleclip_generator(FakeModel(), batches, verbose=0, logdir=tmp_path)
    assert scores == pytest.approx([2 / 3, 2 / 3]) and capsys.readouterr().out == ""
    np.testing.assert_array_equal(np.load(tmp_path / "single-clip" / "01.npy"), [1, 1, 0])


def test_with_the_real_reader_and_a_keras_model(fixture_world, tmp_path):
    dataconf = DataConfig(crop_resolution=(32, 32), fixed_subsampling=3)
    penn = PennAction(fixture_world / "PennAction", dataconf, clip_size=8)
    inputs = keras.Input((8, 32, 32, 3))
    pooled = keras.layers.GlobalAveragePooling3D()(inputs)
    outputs = [keras.layers.Dense(15, activation="softmax", name=f"a{i}")(pooled) for i in range(2)]
    model = keras.Model(inputs, outputs)
    loader = BatchLoader(penn, ["frame"], ["pennaction"], TEST_MODE, batch_size=3, shuffle=False)
    samples = [penn.get_data(i, TEST_MODE) for i in range(2)]
    clips, labels = (np.stack([s[key] for s in samples]) for key in ("frame", "pennaction"))
    expected = P.eval_singleclip(model, clips, labels, verbose=0)
    assert P.eval_singleclip_generator(model, loader, verbose=0) == expected  # the repeated third sample is left out
    multi = P.eval_multiclip_dataset(model, penn, 3, verbose=0, batch_size=4)
    flipped = {}
    for video in range(2):
        total = np.zeros((2, 15))
        for clip in penn.get_clip_index(video, TEST_MODE, subsamples=[3]) or [None]:
            for flip in (0, 1):
                penn.dataconf.fixed_hflip = flip
                frame = penn.get_data(video, TEST_MODE, frame_list=clip)["frame"]
                total += np.log([np.asarray(out)[0] for out in model.predict_on_batch(frame[None])])
        flipped[video] = total.argmax(axis=-1) == labels[video].argmax()
    np.testing.assert_allclose(multi, 100 * np.mean(list(flipped.values()), axis=0))
    callback = P.PennActionEvalCallback(loader, eval_model=model, logdir=tmp_path)
    callback.on_epoch_end(0)
    assert json.loads((tmp_path / "penn_val.json").read_text()) == {"1": expected}
