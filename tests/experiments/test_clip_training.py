"""Trainings on clips: which stage a batch gets, what a clip is, which networks are let in."""

import json

import pytest

from deephar.data.clip_crops import ucf101_test_clips
from deephar.data.video_splits import LabelledVideo
from deephar.experiments import clip_training, options
from deephar.models import s3d
from deephar.training.recipes_clips import FINETUNE_RECIPE, PERFNET_RECIPE
from deephar.utils import TRAIN_MODE


class Videos:
    """Three videos of one class and one of another."""

    labels = ("run", "sit")
    videos = {TRAIN_MODE: [LabelledVideo(f"{k}.mp4", int(k == 3)) for k in range(4)]}

    def get_length(self, mode):
        return len(self.videos[mode])


def arguments_of(*argv):
    parser = options.make_parser("Train.", "out")
    clip_training.add_videos(parser)
    clip_training.add_network(parser)
    return parser.parse_args([str(word) for word in argv])


def test_the_rate_follows_the_batch_and_the_rise_the_steps():
    stage = clip_training.stage_of(arguments_of("--batch", 2, "--accumulate", 4), PERFNET_RECIPE, Videos())
    assert (stage.learning_rate, stage.accumulation_steps, stage.steps_per_epoch) == (1.6 * 8 / 2048, 4, 2)
    assert stage.warmup_steps / (stage.epochs * stage.steps_per_epoch) == pytest.approx(2 / 22, abs=0.02)
    longer = clip_training.stage_of(arguments_of("--batch", 2, "--epochs", 44), PERFNET_RECIPE, Videos())
    assert longer.epochs == 44 and longer.warmup_steps == 8
    other = clip_training.stage_of(arguments_of("--warmup", 7, "--lr", 0.5, "--steps", 9), PERFNET_RECIPE, Videos())
    assert (other.warmup_steps, other.learning_rate, other.steps_per_epoch) == (7, 0.5, 9)
    assert clip_training.stage_of(arguments_of(), FINETUNE_RECIPE, Videos()).warmup_steps == 0


def test_classes_of_few_videos_count_as_much():
    assert clip_training.stage_of(arguments_of(), PERFNET_RECIPE, Videos()).class_weights is None
    stage = clip_training.stage_of(arguments_of("--balanced"), PERFNET_RECIPE, Videos())
    assert stage.class_weights == pytest.approx((4 / 6, 2.0))


def test_clips_are_those_of_the_protocol_unless_told_otherwise():
    assert clip_training.clip_config(arguments_of("--protocol", "ucf101"), False) == ucf101_test_clips
    config = clip_training.clip_config(arguments_of("--frames", 8, "--crop", 64, 48, "--fps", 10), True)
    assert (config.num_frames, config.crop_resolution, config.fps, config.short_side) == (8, (64, 48), 10, 256)


def test_networks_take_their_stream():
    config = clip_training.network_config(arguments_of("--network", "r3d", "--width", 0.5), "flow", ["run", "sit"])
    assert config["filters"] == 32 and config["input_shape"][-1] == 2 and config["labels"] == ["run", "sit"]
    assert clip_training.network_config(arguments_of("--no-gates"), "rgb", ["a"])["variant"] == "s3d"


def test_statistics_follow_within_half_an_epoch():
    import keras

    model = s3d.build((4, 32, 32, 3), num_classes=2, width=0.0625, variant="s3d")
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    assert {layer.momentum for layer in layers} == {0.999}
    for steps, momentum in ((100_000, 0.999), (40, 0.95), (1, 0.5)):
        clip_training.follow_within_epoch(model, steps)
        assert sorted({layer.momentum for layer in layers}) == [pytest.approx(momentum)]


def test_networks_of_other_classes_or_streams_are_refused(tmp_path):
    options = dict(width=0.0625, variant="s3d", num_classes=2)
    model = s3d.build(**options)
    for name, labels in (("one", ["run", "sit"]), ("two", ["sit", "run"])):
        config = dict(network="s3d", input_shape=[None, None, None, 3], labels=labels, **options)
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps({"config": {"model": config}}))
        model.save_weights(tmp_path / name / "weights_best.weights.h5")
    one, two = f"rgb={tmp_path / 'one'}", f"rgb={tmp_path / 'two'}"
    [(stream, model)] = clip_training.load_networks([one])
    assert stream == "rgb" and model.signature.outputs[0].labels == ("run", "sit")
    with pytest.raises(ValueError, match="same names in the same order.*'run' and"):
        clip_training.load_networks([one, two])
    with pytest.raises(ValueError, match="flow needs a network of clips of 2 channels"):
        clip_training.load_networks([one.replace("rgb=", "flow=")])
    with pytest.raises(ValueError, match="STREAM=WEIGHTS, STREAM of rgb, flow, pose"):
        clip_training.load_networks([str(tmp_path / "one")])
