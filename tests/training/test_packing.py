"""Images that travel as uint8: exact for pixels of files, half a level off at most for others, floats on the device."""

import keras
import numpy as np
import pytest

from deephar.data.frames import normalise
from deephar.models import hourglass
from deephar.models.signature import Signature
from deephar.models.specs import InputSpec
from deephar.training.feeder import BatchFeeder
from deephar.training.packing import LEVELS, PackedLoader, pack, packed_ranges, unpack
from deephar.training.recipes import Stage
from deephar.training.stages import compile_for_stage
from deephar.training.trainer import MultiModelTrainer

RANGES = [(-1.0, 1.0), (0.0, 1.0), (0.0, 255.0), (-0.5, 0.5)]


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("value_range", RANGES)
def test_pixels_of_a_file_arrive_as_they_were(value_range):
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=-1)
    frames = normalise(levels, value_range=value_range)
    packed = pack(frames, value_range)
    np.testing.assert_array_equal(packed, levels)
    arrived = keras.ops.convert_to_numpy(unpack(packed, [value_range]))
    assert arrived.dtype == np.float32
    np.testing.assert_allclose(arrived, frames, rtol=0, atol=2e-7 * (value_range[1] - value_range[0]))


@pytest.mark.parametrize("value_range", RANGES)
def test_augmented_colours_are_half_a_level_off_at_most(value_range):
    low, high = value_range
    frames = normalise(pixels(2, 8, 8, 3), (0.7, 1.0, 1.4), (1, 2, 5, 6), value_range)
    arrived = keras.ops.convert_to_numpy(unpack(pack(frames, value_range), [value_range]))
    assert np.abs(arrived - frames).max() <= 0.5001 * (high - low) / LEVELS


@pytest.mark.parametrize(
    "x, value_range",
    [
        (np.full((1, 2, 2, 3), 1.5, np.float32), (-1.0, 1.0)),
        (np.full((1, 2, 2, 3), -1.5, np.float32), (-1.0, 1.0)),
        (np.full((1, 2, 2, 3), np.nan, np.float32), (-1.0, 1.0)),
        (np.zeros((1, 2, 2, 3), np.float32), None),
        (np.zeros((1, 2, 2, 3), np.float64), (-1.0, 1.0)),
        (pixels(1, 2, 2, 3), (-1.0, 1.0)),
    ],
    ids=["above", "below", "nan", "no image", "float64", "uint8"],
)
def test_what_is_no_image_in_its_range_is_left_as_it_is(x, value_range):
    assert pack(x, value_range) is x


def test_only_rgb_images_are_packed():
    inputs = [
        InputSpec("frame", (8, 8), value_range=(0.0, 1.0)),
        InputSpec("flow", (8, 8), 2),
        InputSpec.center_map((8, 8), 1.0),
        InputSpec("pose", (4, 16), 3, kind="features"),
    ]
    signature = Signature(inputs, hourglass.build((64, 64, 3), num_stacks=1, filters=8).signature.outputs)
    assert packed_ranges(signature) == [(0.0, 1.0), None, None, None]


class Batches:
    """Three batches of frames and labels."""

    def __init__(self):
        self.epoch = 0

    def __len__(self):
        return 3

    def __getitem__(self, index):
        frames = normalise(pixels(2, 64, 64, 3, seed=index), value_range=(0.0, 1.0))
        return (frames,), (np.full((2, 16, 3), 0.25 + 0.1 * self.epoch, np.float32),)


@pytest.mark.parametrize("feeding", [{"workers": 0}, {"workers": 1}, {"workers": 2, "use_multiprocessing": True}])
def test_a_packed_loader_is_the_loader_with_its_epochs(feeding):
    loader = PackedLoader(Batches(), [(0.0, 1.0)])
    with BatchFeeder(loader, shuffle=False, **feeding) as feeder:
        batches = [next(feeder) for _ in range(4)]
    assert len(loader) == 3 and loader.epoch == 1
    for index, ((frames,), (pose,)) in enumerate(batches):
        np.testing.assert_array_equal(frames, pixels(2, 64, 64, 3, seed=index % 3))
        np.testing.assert_allclose(pose, 0.25 + 0.1 * (index // 3))


def test_a_loader_without_epochs_still_has_none():
    assert not hasattr(PackedLoader([], []), "epoch")


class Arrived(Batches):
    """The same, as they arrive on the device."""

    def __getitem__(self, index):
        (frames,), labels = super().__getitem__(index)
        return (keras.ops.convert_to_numpy(unpack(pack(frames, (0.0, 1.0)), [(0.0, 1.0)])),), labels


def losses_and_weights(loader, uint8):
    keras.utils.set_random_seed(0)
    model = hourglass.build((64, 64, 3), num_stacks=1, filters=8)
    model.signature = model.signature.replace(value_range=(0.0, 1.0))
    compile_for_stage([model], Stage("pose", optimizer="sgd", learning_rate=0.01))
    (logs,) = MultiModelTrainer([model], [loader], workers=0, uint8=uint8).train(1, 3, verbose=0)
    return logs["loss0"], model.get_weights()


def test_training_is_that_on_what_arrives(untraced):
    (plain, before), (packed, after) = losses_and_weights(Arrived(), False), losses_and_weights(Batches(), True)
    assert packed == plain
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


def test_inputs_that_the_signature_does_not_know_travel_as_they_are():
    frames, flow = normalise(pixels(2, 4, 4, 3)), np.full((2, 4, 4, 2), 0.3, np.float32)
    ranges = [(-1.0, 1.0)]
    ((first, second), _) = PackedLoader([((frames, flow), ())], ranges)[0]
    assert first.dtype == np.uint8 and second is flow
    arrived = [keras.ops.convert_to_numpy(x) for x in unpack((first, second), ranges)]
    np.testing.assert_allclose(arrived[0], frames, atol=1e-6)
    np.testing.assert_array_equal(arrived[1], flow)
    assert len({type(x) for x in unpack((first, second), ranges)}) == 1  # no mixture, which Keras refuses
