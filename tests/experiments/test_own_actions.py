"""Own actions: classes are checked, poses of another network with own outputs, clips of a stated time."""

import argparse
import json
from types import SimpleNamespace

import numpy as np
import pytest

from deephar.config import ModelConfig
from deephar.data import VideoFolder
from deephar.experiments import networks, own_actions
from deephar.models.specs import InputSpec
from deephar.utils import TRAIN_MODE, VALID_MODE

LABELS = ("dig", "leap", "wave_hello")


def folder_of(root, **counts):
    """A folder of empty files, of which nothing is read: {class: number of videos}."""
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            (root / name / f"{name}_{number}.mp4").touch()
    return VideoFolder(root, validation=0.2)


def test_every_class_trains_and_is_held_out(tmp_path):
    folder = folder_of(tmp_path, dig=2, leap=5, wave_hello=10)
    own_actions.check_classes(folder)
    assert own_actions.class_counts(folder) == [(1, 1, 0), (4, 1, 0), (8, 2, 0)]
    assert len(folder.videos[TRAIN_MODE]) == 13 and len(folder.videos[VALID_MODE]) == 4


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"dig": 3}, "`root` must have two class-named folders of videos or more. Received: 1, dig, in"),
        ({"dig": 3, "leap": 1}, "two videos or more of every class, .* Received: leap has 1"),
        ({"dig": 3, "leap": 0}, "two videos or more of every class, .* Received: leap has 0"),
        ({"dig": 1, "leap": 3, "wave": 0}, "Received: dig has 1, wave has 0"),
    ],
)
def test_too_few_classes_or_videos_are_named(counts, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        own_actions.check_classes(folder_of(tmp_path, **counts))


def test_folders_of_splits_are_checked_class_by_class(tmp_path):
    for split, names in (("train", ("dig", "leap")), ("test", ("dig",))):
        for name in names:
            (tmp_path / split / name).mkdir(parents=True)
            for number in range(3):
                (tmp_path / split / name / f"{number}.mp4").touch()
    own_actions.check_classes(VideoFolder(tmp_path, validation=0.2))
    (tmp_path / "test" / "wave").mkdir()
    (tmp_path / "test" / "wave" / "0.mp4").touch()
    with pytest.raises(ValueError, match="one to train .*Received: wave has 1"):
        own_actions.check_classes(VideoFolder(tmp_path, validation=0.2))


def clip_input(frame, frames=None, seconds=None):
    return own_actions.clip_input(argparse.Namespace(frames=frames, seconds=seconds), SimpleNamespace(frame=frame))


def test_a_clip_lasts_as_long_as_asked_for():
    shipped = InputSpec.for_shape((8, 256, 256, 3), frame_step=4, fps=30.0)
    assert clip_input(shipped) == shipped and 8 * shipped.clip_step_s == pytest.approx(1.0667, abs=1e-4)
    longer = clip_input(shipped, frames=16, seconds=3.2)
    assert longer.num_frames == 16 and 16 * longer.clip_step_s == pytest.approx(3.2)
    image = clip_input(InputSpec.for_shape((256, 256, 3)))
    assert (image.num_frames, image.frame_step, image.fps) == (8, 4, 30.0)


def test_the_network_has_the_poses_of_the_other_and_own_outputs():
    source = networks.build_tiny()
    frame = clip_input(source.signature.frame)
    config = own_actions.action_config(networks.tiny_config(), 8, 3)
    model = own_actions.build_network(source, config, frame, LABELS)
    assert config.action_pyramids == [1, 2] and model.input_shape == (None, 8, 32, 32, 3)
    assert model.signature.labels == LABELS and model.signature.frame.clip_step_s == pytest.approx(4 / 30)
    frames = np.random.default_rng(0).uniform(-1, 1, (8, 32, 32, 3)).astype("float32")
    poses, own = source.predict_on_batch(frames), model.predict_on_batch(frames[None])
    for k, index in enumerate(model.signature.pose_outputs):
        np.testing.assert_allclose(np.asarray(own[index])[0], np.asarray(poses[k]), atol=1e-5)
    assert own[model.signature.action_outputs[-1]].shape == (1, 3)


def test_pyramids_with_actions_are_those_of_the_source():
    config = ModelConfig((8, 64, 64, 3), "pa16j2d", num_actions=[15], num_pyramids=3, action_pyramids=[2], num_levels=3)
    assert own_actions.action_config(config, 4, 2).action_pyramids == [2]
    assert own_actions.action_config(config.replace(num_actions=[]), 4, 2).action_pyramids == [2, 3]
    assert own_actions.action_config(config, 4, 2).input_shape == (4, 64, 64, 3)


def test_crops_vary_around_those_of_prediction():
    conf = own_actions.clip_dataconf(InputSpec.for_shape((8, 256, 128, 3), frame_step=4, fps=30.0, margin=1.5))
    assert conf.subsampling == (3, 4, 5) and conf.fixed_subsampling == 4 and conf.fixed_scale == 1
    assert conf.crop_resolution == (128, 256) and max(conf.trans_x) == 8
    assert own_actions.clip_dataconf(InputSpec.for_shape((8, 32, 32, 3), fps=30.0)).subsampling == (1, 2)


@pytest.mark.parametrize("asked", ["", "weights_best.weights.h5"])
def test_poses_are_those_of_a_run(asked, tmp_path):
    config = networks.tiny_config()
    networks.build_tiny().save_weights(tmp_path / "weights_best.weights.h5")
    (tmp_path / "config.json").write_text(json.dumps({"config": {"model": config.to_dict()}}))
    source, found = own_actions.pose_network(argparse.Namespace(tiny=False, init=tmp_path / asked))
    assert found == config and source.input_shape == (None, 32, 32, 3)


@pytest.mark.parametrize(
    ("init", "message"),
    [
        ("hourglass", "`init` must be an SPNet.*, a network of the family 'hourglass'"),
        ("nowhere", "`init` must be a file or one of spnet-2d"),
        ("run", "`init` must be the folder of a run"),
        ("alone.weights.h5", "`init` must be an SPNet.*which does not say what it is built from"),
    ],
)
def test_other_networks_are_refused(init, message, tmp_path):
    from deephar.models.cards import MODELS

    if init == "hourglass":
        init = next(name for name, card in MODELS.items() if card.network == init)
    elif init != "nowhere":
        path = tmp_path / init
        path.mkdir() if init == "run" else path.touch()
        init = str(path)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        own_actions.pose_network(argparse.Namespace(tiny=False, init=init))
