"""Accuracy on NTU: the reader, clips T / 2 frames apart with their flipped copies, boxes by the names of videos."""

import json

import numpy as np
import pytest

from deephar.config import DataConfig
from deephar.data import Ntu
from deephar.experiments import ntu_tools as N
from deephar.utils import TEST_MODE, pa17j3d

SMALL = DataConfig(crop_resolution=(16, 16), fixed_subsampling=2)
ACTIONS = (42, 7)  # of the two test videos of the fixture


class ColourModel:
    """One output of 60 probabilities that depend on the image, and on which side of it."""

    input_shape, output_shape = (None, 8, 32, 32, 3), (None, 60)

    def __init__(self):
        self.seen = 0

    def predict_on_batch(self, x):
        self.seen += len(x)
        weights = np.random.default_rng(0).normal(size=(2, 60))
        features = np.stack([x.mean(axis=(1, 2, 3, 4)), x[:, :, :, :8].mean(axis=(1, 2, 3, 4))], axis=-1)  # (B, 2)
        scores = np.exp(4 * features @ weights)
        return scores / scores.sum(axis=-1, keepdims=True)

    def predict(self, x, batch_size=None, verbose=None):
        return self.predict_on_batch(x)


@pytest.fixture
def ntu(fixture_world):
    return Ntu(fixture_world / "NTU", SMALL, pa17j3d, use_gt_bbox=True, clip_size=8)


def test_multiclip_multiplies_all_clips_and_their_flipped_copies(ntu, tmp_path, capsys):
    N.eval_multiclip_dataset(ColourModel(), ntu, 2, logdir=tmp_path, batch_size=4)
    assert "NTU, multi-clip accuracy" in capsys.readouterr().out
    expected, clips = np.zeros((1, 2, 60)), 0
    for video in range(2):
        for window in ntu.get_clip_index(video, TEST_MODE, subsamples=[2]):
            frames = ntu.get_data(video, TEST_MODE, frame_list=window)["frame"]
            for clip in (frames, frames[:, :, ::-1]):
                expected[0, video] += np.log(ColourModel().predict_on_batch(clip[None])[0])
                clips += 1
    np.testing.assert_allclose(np.load(tmp_path / "allpred.npy"), expected, rtol=1e-5)
    assert clips == 2 * (5 + 1) and np.load(tmp_path / "a_true.npy").argmax(axis=-1).tolist() == list(ACTIONS)
    wrong = json.loads((tmp_path / "missing-clips.json").read_text())
    assert all(true in ACTIONS and predicted != true for true, predicted in wrong.values())


def test_predicted_boxes_by_the_names_of_videos(ntu, tmp_path):
    names = [f"{sequence.name}.{k}" for sequence in ntu.sequences[TEST_MODE] for k in range(sequence.num_frames)]
    boxes = {name: [10, 20, 110 + k, 120] for k, name in enumerate(names)}
    (tmp_path / "boxes.json").write_text(json.dumps([boxes, {}, {}]))
    choose = N.read_boxes(str(tmp_path / "boxes.json"), ntu)
    assert choose.of_clip(ntu, 1, 0, [0, 3], False).tolist() == [10, 20, 110 + 40 + 3, 120]
    scores = N.eval_multiclip_dataset(ColourModel(), ntu, 2, bboxes_file=str(tmp_path / "boxes.json"), verbose=0)
    assert scores.shape == (1,) and N.read_boxes(None, ntu) is None
    with pytest.raises(FileNotFoundError, match="`bboxes_file`.*exp/ntu/predict_bboxes.py"):
        N.eval_multiclip_dataset(ColourModel(), ntu, 2, bboxes_file="none.json")
    (tmp_path / "boxes.json").write_text("{}")
    with pytest.raises(ValueError, match="boxes.json.*exp/ntu/predict_bboxes.py"):
        N.read_boxes(str(tmp_path / "boxes.json"), ntu)


def test_single_clips_and_the_callback(ntu, tmp_path):
    samples = [ntu.get_data(video, TEST_MODE) for video in range(2)]
    clips, labels = (np.stack([sample[key] for sample in samples]) for key in ("frame", "ntuaction"))
    predicted = ColourModel().predict_on_batch(clips).argmax(axis=-1)
    expected = [float(np.mean(predicted == ACTIONS))]
    assert N.eval_singleclip(ColourModel(), clips, labels, verbose=0) == expected
    batches = [([clips[k : k + 1]], [labels[k : k + 1]]) for k in range(2)]
    assert N.eval_singleclip_generator(ColourModel(), batches, verbose=0) == expected
    N.NtuEvalCallback((clips, labels), eval_model=ColourModel(), logdir=tmp_path).on_epoch_end(0)
    assert json.loads((tmp_path / "ntu_val.json").read_text()) == {"1": expected}


def test_the_report_of_the_scripts(ntu, capsys):
    from deephar.experiments import action_evaluation

    report = action_evaluation.evaluate(N.NTU, ColourModel(), lambda use_gt_bbox: ntu, batch_size=2, names=["m"])
    out = capsys.readouterr().out
    assert "NTU, 2 test videos, every 2nd frame, boxes from the annotation" in out and "multi-clip (6 clips)" not in out
    assert "multi-clip (12 clips)" in out and report["clips"] == 12 and np.sum(report["confusion"]) == 2
    assert report["single_clip"] == N.eval_singleclip(
        ColourModel(), *(np.stack([ntu.get_data(k, TEST_MODE)[e] for k in range(2)]) for e in ("frame", "ntuaction"))
    )
    assert report["actions"][42] == "falling down"
