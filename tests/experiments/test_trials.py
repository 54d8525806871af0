"""Trainings under one budget: every seed from fresh weights and the same again, results kept and never mixed."""

import numpy as np
import pytest

from deephar.data.samples import people_labels
from deephar.experiments import options, trials
from deephar.experiments.trials import Trainee, Trial, Trials

CPM = dict(network="cpm", input_shape=(32, 32, 3), num_joints=4, num_stages=2, filters=4, center_map=False)


class People:
    """Images with random joints."""

    def get_length(self, mode):
        return 8

    def get_shape(self, dictkey):
        return {"frame": (32, 32, 3), "pose": (4, 3), "people": (8, 4, 3)}[dictkey]

    def get_data(self, key, mode, rng=None):
        rng = np.random.default_rng(key)
        pose = np.concatenate([rng.uniform(0.2, 0.8, (4, 2)), np.ones((4, 1))], axis=1)
        return {"frame": rng.uniform(-1, 1, (32, 32, 3)), "pose": pose, "people": people_labels([pose])}


@pytest.fixture(scope="module")
def trainee():
    return Trainee(Trial("cpm last only", CPM, last_only=True))


def test_a_seed_gives_the_same_training_again(trainee):
    loader, weights = trainee.loader(People(), 4, 0), []
    for seed in (0, 1, 0):
        trainee.start(seed)
        assert trainee.train(loader, 3, seed, verbose=0, workers=0) > 0
        weights.append(trainee.model.get_weights())
    for first, again in zip(weights[0], weights[2], strict=True):
        np.testing.assert_array_equal(first, again)
    assert not np.array_equal(weights[0][0], weights[1][0])


def test_only_what_is_supervised_is_trained(trainee):
    trainee.start(0)
    before = dict(zip((w.path for w in trainee.model.weights), trainee.model.get_weights(), strict=True))
    trainee.train(trainee.loader(People(), 4, 0), 2, 0, verbose=0, workers=0)
    assert len(trainee.model.outputs) == 2 and len(trainee.trained.outputs) == 1
    changed = {w.path for w in trainee.model.trainable_weights if not np.array_equal(w, before[w.path])}
    assert "stage2_maps/kernel" in changed and "stage1_maps/kernel" in changed  # through the stage behind it
    assert trainee.stage.heatmap_loss == "sum"  # CPM's own


def test_results_are_kept_and_not_mixed(tmp_path):
    settings = {"minutes": 1.0, "sizes": (1, 2)}
    folder = Trials(tmp_path, settings)
    assert folder.steps("cpm", lambda: 7) == folder.steps("cpm", lambda: 8) == 7
    folder.keep("cpm last only", 1, {"pckh": 0.5})
    with pytest.raises(FileExistsError, match="`resume`"):
        Trials(tmp_path, settings)
    again = Trials(tmp_path, settings, resume=True)
    assert again.missing("cpm last only", range(3)) == [0, 2] and again.steps("cpm", lambda: 8) == 7
    assert again.scores("cpm last only", "pckh", range(3)) == [0.5] and again.scores("cpm", "pckh", range(3)) == []
    with pytest.raises(ValueError, match="other settings"):
        Trials(tmp_path, {**settings, "minutes": 2.0}, resume=True)


def test_words():
    assert trials.mean_and_spread([]) == "-" and trials.mean_and_spread([0.5]) == "50.0"
    assert trials.mean_and_spread([0.4, 0.5, 0.6]) == "50.0 +- 10.0"
    parser = options.make_parser("What it does.", "out")
    assert trials.chosen(parser, ["b"], ["a", "b"]) == ["b"] and trials.chosen(parser, None, ["a"]) == ["a"]
    with pytest.raises(SystemExit):
        trials.chosen(parser, ["c"], ["a"])
