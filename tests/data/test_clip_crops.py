"""Which frames make a clip, where it is cut, and what training draws."""

import numpy as np
import pytest

from deephar.data import clip_crops
from deephar.data.clip_crops import ClipConfig, clip_numbers, crop_frames, place, scale_clip

MIDDLE = {"left": None, "top": None}


def test_published_settings():
    found = {
        name: (config.input_shape, config.short_side, config.fps)
        for name, config in vars(clip_crops).items()
        if isinstance(config, ClipConfig)
    }
    assert found == {
        "kinetics_train_clips": ((64, 224, 224, 3), 256, 25.0),
        "kinetics_test_clips": ((250, 256, 256, 3), 256, 25.0),
        "ucf101_train_clips": ((64, 224, 298, 3), 256, 25.0),
        "ucf101_test_clips": ((128, 224, 298, 3), 256, 25.0),
        "hmdb51_train_clips": ((64, 224, 298, 3), 256, 25.0),
        "hmdb51_test_clips": ((64, 224, 298, 3), 256, 25.0),
    }


def test_a_clip_is_consecutive_and_a_short_video_is_repeated_at_both_ends():
    assert clip_numbers(10, 4) == [3, 4, 5, 6] and clip_numbers(11, 4) == [3, 4, 5, 6]
    assert clip_numbers(10, 4, 0.0) == [0, 1, 2, 3] and clip_numbers(10, 4, 1.0) == [6, 7, 8, 9]
    assert clip_numbers(4, 4, 0.7) == [0, 1, 2, 3]
    for share in (None, 0.0, 0.9):
        assert clip_numbers(3, 7, share) == [0, 0, 0, 1, 2, 2, 2]
        assert clip_numbers(3, 6, share) == [0, 0, 1, 2, 2, 2]  # the odd one at the end
    assert clip_numbers(1, 3) == [0, 0, 0]
    starts = [clip_numbers(10, 4, share)[0] for share in np.random.default_rng(0).uniform(size=2000)]
    assert np.bincount(starts, minlength=7).min() > 200 and max(starts) == 6


def test_crops():
    frames = np.arange(2 * 6 * 9 * 1).reshape(2, 6, 9, 1)
    np.testing.assert_array_equal(crop_frames(frames, MIDDLE, (4, 3)), frames[:, 1:4, 2:6])
    np.testing.assert_array_equal(crop_frames(frames, {"left": 0.0, "top": 0.99}, (4, 3)), frames[:, 3:, :4])
    for augmentation in (MIDDLE, {"left": 0.9, "top": 0.0}):
        wide = crop_frames(frames, augmentation, (12, 6), fill=-1)
        np.testing.assert_array_equal(wide[:, :, 1:10], frames)
        assert (wide[:, :, :1] == -1).all() and (wide[:, :, 10:] == -1).all()
    assert crop_frames(frames, MIDDLE, (9, 7), fill=-1)[0, :, 0, 0].tolist() == [0, 9, 18, 27, 36, 45, -1]
    colours = crop_frames(np.zeros((1, 2, 2, 3), np.uint8), MIDDLE, (2, 4), fill=(7, 8, 9))
    assert colours[0, 0, 0].tolist() == [7, 8, 9] and colours.dtype == np.uint8
    assert place(5, 0.999999) == 5 and place(0, 0.5) == 0


def test_contrast_is_about_the_mean_of_the_clip():
    clip = np.array([[0, 100], [200, 100]], np.uint8).reshape(2, 1, 2, 1)
    np.testing.assert_allclose(scale_clip(clip, (-1, 1)), clip / 127.5 - 1, atol=1e-6)
    assert scale_clip(clip, (0, 1)).dtype == np.float32
    np.testing.assert_allclose(scale_clip(clip, (0, 255), contrast=0.5).ravel(), [50, 100, 150, 100], atol=1e-4)
    brighter = scale_clip(clip, (0, 255), contrast=1.0, brightness=0.4)
    np.testing.assert_allclose(brighter.ravel(), [102, 202, 255, 202], atol=1e-4)


def test_draws():
    config = ClipConfig(contrast=(0.5, 1.5), brightness=(-0.2, 0.1))
    draws = [config.random_data_generator(np.random.default_rng(seed)) for seed in range(200)]
    assert draws[3] == config.random_data_generator(np.random.default_rng(3))
    low, high = ({name: side(d[name] for d in draws) for name in draws[0]} for side in (min, max))
    assert 0 <= low["start"] < 0.05 and 0.95 < high["start"] < 1 and (low["hflip"], high["hflip"]) == (0, 1)
    assert 0.5 <= low["contrast"] < 0.6 and 1.4 < high["contrast"] <= 1.5
    assert -0.2 <= low["brightness"] < -0.17 and 0.07 < high["brightness"] <= 0.1
    assert {d["hflip"] for d in [ClipConfig(hflips=[1]).random_data_generator()]} == {1}
    fixed = config.get_fixed_config()
    assert fixed.keys() == draws[0].keys() and (fixed["hflip"], fixed["contrast"], fixed["brightness"]) == (0, 1, 0)


def test_configurations_come_back_and_are_checked():
    config = ClipConfig(num_frames=8, crop_resolution=(30, 20), value_range=(0, 1))
    assert ClipConfig.from_dict(config.to_dict()) == config and config.fixed_subsampling == 1
    for name, value in {
        "num_frames": 0,
        "short_side": -1,
        "crop_resolution": (3,),
        "fps": 0,
        "hflips": (2,),
        "contrast": (1.2, 0.8),
        "brightness": (0.1,),
        "value_range": (1, 1),
        "pad_color": (0, 0, 256),
    }.items():
        with pytest.raises(ValueError, match=f"`{name}` must"):
            ClipConfig(**{name: value})
    with pytest.raises(ValueError, match="`contrast` must"):
        ClipConfig(contrast=(-1, 1))
