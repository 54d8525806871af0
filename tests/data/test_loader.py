"""BatchLoader: full batches, seeded samples for any number of workers, mixing, nesting, errors that name the file."""

import inspect
import textwrap

import keras
import numpy as np
import pytest

from deephar.data import BatchLoader
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE


class Counter:
    """A data set whose sample is its key and one random number."""

    def __init__(self, length, tag=0, fail_at=None):
        self.length, self.tag, self.fail_at = length, tag, fail_at

    def get_data(self, key, mode, rng=None):
        if key == self.fail_at:
            raise FileNotFoundError(f"Image not found: '/data/{key}.jpg'")
        return {"frame": np.full((2, 2), key), "pose": np.array([key, self.tag]), "draw": rng.random(3)}

    def get_length(self, mode):
        return self.length if mode != TEST_MODE else 0

    def get_shape(self, dictkey):
        return {"frame": (2, 2), "pose": (2,), "draw": (3,)}[dictkey]


def loader_of(dataset, **options):
    options = {"batch_size": 4, "seed": 7, **options}
    return BatchLoader(dataset, ["frame"], ["pose", "draw"], TRAIN_MODE, **options)


def keys_of(loader):
    return np.concatenate([loader[i][1][0][:, 0] for i in range(len(loader))]).astype(int).tolist()


def test_order_without_shuffle_wraps_around():
    loader = loader_of(Counter(10), shuffle=False)
    assert len(loader) == 3 and keys_of(loader) == [*range(10), 0, 1]
    (frame,), (pose, draw) = loader[0]
    assert frame.shape == (4, 2, 2) and pose.shape == (4, 2) and draw.shape == (4, 3)
    assert {a.dtype for a in (frame, pose, draw)} == {np.dtype("float32")}


def test_shuffled_epoch_visits_every_sample_once_and_changes():
    loader = loader_of(Counter(12))
    first = keys_of(loader)
    assert sorted(first) == list(range(12)) and first != list(range(12)) and keys_of(loader) == first
    draws = loader[0][1][1]
    loader.on_epoch_end()
    assert loader.epoch == 1 and sorted(keys_of(loader)) == list(range(12)) and keys_of(loader) != first
    assert not np.array_equal(loader[0][1][1], draws)
    loader.epoch = 0
    assert keys_of(loader) == first and np.array_equal(loader[0][1][1], draws)


def test_seed_decides():
    assert keys_of(loader_of(Counter(50))) == keys_of(loader_of(Counter(50)))
    assert keys_of(loader_of(Counter(50), seed=8)) != keys_of(loader_of(Counter(50)))
    unseeded = loader_of(Counter(50), seed=None)
    assert keys_of(loader_of(Counter(50), seed=unseeded.seed)) == keys_of(unseeded)
    assert loader_of(Counter(50), seed=None).seed != unseeded.seed


def test_mixture_repeats_the_shorter_data_set_in_new_orders():
    loader = loader_of([Counter(20, 1), Counter(6, 2)], batch_size=[2, 3])
    poses = np.stack([loader[i][1][0] for i in range(len(loader))])  # (batches, 5, 2)
    assert len(loader) == 10 and loader.get_batch_size() == 5 and loader.num_datasets == 2
    assert (poses[:, :2, 1] == 1).all() and (poses[:, 2:, 1] == 2).all()
    assert sorted(poses[:, :2, 0].ravel()) == list(range(20))
    rounds = poses[:, 2:, 0].reshape(5, 6)
    assert all(sorted(r) == list(range(6)) for r in rounds) and len({tuple(r) for r in rounds}) > 1


def test_samples_of_a_batch_draw_differently():
    draws = loader_of([Counter(8, 1), Counter(8, 2)]).get_data(0, TRAIN_MODE)["draw"]
    assert len({tuple(d) for d in draws}) == 8


def test_labels_repeat_for_each_prediction_and_the_callers_lists_stay():
    x_keys, y_keys, sizes = ["frame"], ["pose"], [3]
    dummy = [("action", (3, 15), 0.5)]
    loader = BatchLoader([Counter(9)], x_keys, y_keys, TRAIN_MODE, sizes, num_predictions=2, custom_dummy_dictkey=dummy)
    _, labels = loader[0]
    assert (x_keys, y_keys, sizes) == (["frame"], ["pose"], [3])
    assert [label.shape for label in labels] == [(3, 2), (3, 2), (3, 15), (3, 15)] and (labels[2] == 0.5).all()
    assert loader.get_shape("action") == (3, 15) and loader.get_shape("pose") == (3, 2)


def test_labels_come_key_by_key_each_as_often_as_asked():
    _, labels = loader_of(Counter(9), num_predictions=2)[0]
    assert [label.shape[1] for label in labels] == [2, 2, 3, 3]
    loader = loader_of(Counter(9), num_predictions=[1, 3])
    assert [label.shape[1] for label in loader[0][1]] == [2, 3, 3, 3]
    np.testing.assert_array_equal(loader[0][1][1], loader[0][1][3])


def test_the_example_of_the_docstring_prints_what_it_says(capsys):
    text = inspect.getdoc(BatchLoader)
    code = textwrap.dedent(text[text.index("    import numpy as np") : text.index("Raises:")])
    exec(code, {})
    assert f"# {capsys.readouterr().out.strip()}" in code


def test_loaders_nest():
    inner = BatchLoader(Counter(40), ["frame"], ["pose", "draw"], TRAIN_MODE, batch_size=8)
    outer = loader_of(inner, batch_size=2)
    (frame,), (pose, draw) = outer[0]
    assert frame.shape == (2, 8, 2, 2) and pose.shape == (2, 8, 2) and len(outer) == 3
    assert len({tuple(d) for d in draw.reshape(-1, 3)}) == 16
    again = loader_of(BatchLoader(Counter(40), ["frame"], ["pose", "draw"], TRAIN_MODE, batch_size=8), batch_size=2)
    np.testing.assert_array_equal(again[0][1][1], draw)
    epoch = np.concatenate([outer[i][1][0][..., 0].ravel() for i in range(len(outer))])[:40]
    assert sorted(epoch) == list(range(40))


def test_data_sets_without_rng_still_work():
    class Old(Counter):
        def get_data(self, key, mode):
            return super().get_data(key, mode, np.random.default_rng())

    assert sorted(keys_of(loader_of(Old(8)))) == list(range(8))


class Sums(keras.callbacks.Callback):
    """Collects the loss of every epoch."""

    def __init__(self):
        super().__init__()
        self.losses = []

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(logs["loss"])


def losses_with(**options):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((2, 2))
    flat = keras.layers.Flatten()(inputs)
    model = keras.Model([inputs], [keras.layers.Dense(2, name="p")(flat), keras.layers.Dense(3, name="d")(flat)])
    model.compile(keras.optimizers.SGD(1e-4), loss=["mse", "mse"])
    sums = Sums()
    model.fit(loader_of(Counter(30), **options), epochs=2, verbose=0, shuffle=False, callbacks=[sums])
    return sums.losses


def test_training_is_the_same_for_any_number_of_workers():
    alone = losses_with()
    assert alone[0] != alone[1]
    assert losses_with(workers=3) == alone


@pytest.mark.slow
def test_training_is_the_same_in_other_processes():
    assert losses_with(workers=2, use_multiprocessing=True) == losses_with()


@pytest.mark.parametrize("workers", [1, 2])
def test_failing_sample_stops_training_with_its_path(workers):
    model = keras.Sequential([keras.Input((2, 2)), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    data = Counter(30, fail_at=11)
    loader = BatchLoader(data, ["frame"], ["pose"], TRAIN_MODE, batch_size=4, workers=workers, seed=0)
    with pytest.raises(Exception, match="/data/11.jpg"):
        model.fit(loader, epochs=1, verbose=0)
    with pytest.raises(FileNotFoundError, match="/data/11.jpg"):
        keys_of(loader)


def test_iteration_ends():
    assert len(list(loader_of(Counter(10)))) == 3
    with pytest.raises(IndexError, match="`idx`.*Received: 3"):
        loader_of(Counter(10))[3]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"batch_size": [4, 4]}, "`batch_size`"),
        ({"batch_size": 0}, "`batch_size`"),
        ({"num_predictions": 0}, "`num_predictions`"),
        ({"num_predictions": 1.5}, "`num_predictions`"),
        ({"num_predictions": [1, True]}, "`num_predictions`"),
        ({"num_predictions": [1, 0]}, r"`num_predictions`.*2 labels \['pose', 'draw'\].*Received: \[1, 0\]"),
        ({"num_predictions": [2]}, r"`num_predictions`.*one for each of the 2 labels.*Received: \[2\]"),
        ({"seed": -1}, "`seed`"),
        ({"custom_dummy_dictkey": [("pose", (4, 2), 0)]}, "`custom_dummy_dictkey`"),
        ({"dataset": []}, "`dataset`"),
        ({"dataset": Counter(0)}, "`dataset` 0"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    options = {"dataset": Counter(10), **arguments}
    with pytest.raises(ValueError, match=message):
        loader_of(**options)


def test_shapes_and_modes_must_agree():
    class Other(Counter):
        def get_shape(self, dictkey):
            return (5, 5) if dictkey == "frame" else super().get_shape(dictkey)

    with pytest.raises(ValueError, match="'frame'.*2, 2.*5, 5"):
        loader_of([Counter(3), Other(3)])
    with pytest.raises(ValueError, match="`mode`"):
        loader_of(Counter(3)).get_data(0, VALID_MODE)
