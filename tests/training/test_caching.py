"""Features of a frozen network, kept on disk: equal to what it gives, resumed, refused where they do not belong."""

import numpy as np
import pytest

from deephar.config import ModelConfig
from deephar.models import split_at_action_part, spnet
from deephar.training.caching import CachedFeatures, cache_features
from deephar.training.recipes import Stage
from deephar.training.run import Run
from deephar.training.stages import train_stage

pytestmark = pytest.mark.usefixtures("untraced")

NUM_ACTIONS, ROWS = 5, 2


class Clips:
    """A loader of random clips, different in every pass, that says which batches were asked for."""

    epoch, asked = 0, ()

    def __len__(self):
        return 3

    def __getitem__(self, index):
        self.asked = (*self.asked, (self.epoch, index))
        rng = np.random.default_rng([self.epoch, index])
        clips = rng.uniform(-1, 1, (ROWS, 4, 32, 32, 3)).astype("float32")
        return (clips,), (np.eye(NUM_ACTIONS, dtype="float32")[rng.integers(NUM_ACTIONS, size=ROWS)],)


@pytest.fixture(scope="module")
def halves():
    """A tiny clip network and its two halves."""
    sizes = dict(num_pyramids=1, action_pyramids=[1], num_levels=2, growth=8, num_pose_features=16)
    config = ModelConfig((4, 32, 32, 3), "pa16j2d", [NUM_ACTIONS], num_visual_features=16, **sizes)
    model = spnet.build(config)
    return (model, *split_at_action_part(model))


def rows_of(cached):
    """All samples of a pass, one a row, in a fixed order."""
    batches = [cached[k] for k in range(len(cached))]
    rows = [np.concatenate([k.reshape(len(k), -1) for k in (*x, y[0])], axis=1) for x, y in batches]
    rows = np.concatenate(rows)
    return rows[np.lexsort(rows.T)]


def test_rows_are_what_the_body_gives(halves, tmp_path):
    _, body, _ = halves
    cache_features(body, Clips(), tmp_path, 6)
    cached = CachedFeatures(tmp_path, 6, batch_size=3, num_predictions=2)
    assert len(cached) == 2
    features, labels = cached[0]
    assert [x.shape for x in features] == [(3, *y.shape[1:]) for y in body.outputs]
    assert len(labels) == 2 and labels[0].shape == (3, NUM_ACTIONS)
    expected = []
    for k in range(3):
        (clips,), (label,) = Clips()[k]
        given = [np.asarray(y).reshape(ROWS, -1) for y in body.predict_on_batch(clips)]
        expected.append(np.concatenate([*given, label], axis=1))
    expected = np.concatenate(expected).astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(rows_of(cached), expected[np.lexsort(expected.T)])
    cached.epoch = 1  # the same samples in another order
    assert not np.array_equal(cached[0][0][0], features[0])
    np.testing.assert_array_equal(rows_of(cached), expected[np.lexsort(expected.T)])


def test_mixed_samples_lie_between_two(halves, tmp_path):
    _, body, _ = halves
    cache_features(body, Clips(), tmp_path, 6)
    plain, mixed = (CachedFeatures(tmp_path, 6, 6, mixup=a) for a in (0.0, 0.4))
    (rows, (label,)), (mixtures, (parts,)) = plain[0], mixed[0]
    np.testing.assert_allclose(parts.sum(axis=1), 1, atol=1e-5)
    assert not np.array_equal(parts, label) and np.array_equal(mixed[0][1][0], parts)
    flat, mixtures = (np.concatenate([x.reshape(6, -1) for x in k], axis=1) for k in (rows, mixtures))
    for row, own in zip(mixtures, flat, strict=True):
        shares = [np.dot(row - own, other - own) / max(np.dot(other - own, other - own), 1e-9) for other in flat]
        errors = [np.abs(own + share * (other - own) - row).max() for share, other in zip(shares, flat, strict=True)]
        best = int(np.argmin(errors))
        assert errors[best] < 1e-4 and -1e-5 <= shares[best] <= 1 + 1e-5


def test_what_is_there_is_not_computed_again(halves, tmp_path):
    _, body, _ = halves
    cache_features(body, Clips(), tmp_path / "whole", 8)
    cache_features(body, Clips(), tmp_path / "parts", 3)  # whole batches: 4
    assert len(list((tmp_path / "parts").glob("*.npy"))) == 2
    clips = Clips()
    cache_features(body, clips, tmp_path / "parts", 8, workers=0)
    assert clips.asked == ((0, 0), (0, 2), (1, 0))  # the first only for its shape; the fourth is of the next pass
    for file in sorted((tmp_path / "whole").glob("*.npy")):
        np.testing.assert_array_equal(np.load(tmp_path / "parts" / file.name), np.load(file))


def test_features_of_other_weights_or_samples_are_refused(halves, tmp_path):
    model, body, _ = halves
    cache_features(body, Clips(), tmp_path, 2, {"seed": 0})
    with pytest.raises(ValueError, match="differs in seed"):
        cache_features(body, Clips(), tmp_path, 2, {"seed": 1})
    weights = model.get_weights()
    try:
        model.set_weights([w + 1 for w in weights])
        with pytest.raises(ValueError, match="differs in weights: remove it"):
            cache_features(body, Clips(), tmp_path, 2, {"seed": 0})
    finally:
        model.set_weights(weights)
    with pytest.raises(ValueError, match="from `batch_size` to the 2 in"):
        CachedFeatures(tmp_path, 4, 2)


def test_the_head_is_trained_on_them_and_the_body_stays(halves, tmp_path):
    model, body, head = halves
    cache_features(body, Clips(), tmp_path / "features", 4)
    before = [np.array(w) for w in body.get_weights()]
    kept = [np.array(w) for w in head.get_weights()]
    loader = CachedFeatures(tmp_path / "features", 4, 2, len(head.outputs))
    stage = Stage("action", "action", epochs=1, steps_per_epoch=2, action_weight=1.0)
    rows = train_stage(head, loader, stage, Run(tmp_path / "run"), full_model=model, verbose=0)
    assert np.isfinite(rows[-1]["loss0"])
    for array, now in zip(before, body.get_weights(), strict=True):
        np.testing.assert_array_equal(now, array)
    assert any(np.abs(a - b).max() > 0 for a, b in zip(kept, head.get_weights(), strict=True))
