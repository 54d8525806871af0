"""Validations tell which samples were best and worst, and show the truth beside the answer."""

import numpy as np

from deephar.experiments.seen import KEPT, SIDE_PX, Thumbnails, sample_name
from deephar.experiments.validation import ActionValidation, PoseValidation
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.utils import VALID_MODE
from deephar.utils.pose import pa16j2d

NUM, HEAD_PX = 6, 20.0
ERROR = [3, 0, 5, 1, 4, 2]  # px of every joint of each person, but for those below
HEADLESS, JOINTLESS = 2, 5
LABELS = ("wave", None, "jump")
TRUE, SAID = [0, 0, 2, 2], [[0.9, 0, 0.1], [0.2, 0, 0.8], [0.5, 0, 0.5], [0.3, 0, 0.7]]


class People:
    """People in crops of 100 px that carry their number in their first pixel; one lacks a head size, one all joints."""

    def __init__(self):
        self.loaded = []

    def get_length(self, mode):
        return NUM if mode == VALID_MODE else 0

    def get_data(self, key, mode):
        self.loaded.append(key)
        frame = np.full((8, 8, 3), -1, np.float32)
        frame[0, 0] = key / 10
        pose = np.concatenate([np.random.default_rng(key).uniform(0.2, 0.8, (16, 2)), np.ones((16, 1))], axis=1)
        pose[9] = -1e9, -1e9, 0
        pose = np.full_like(pose, -1e9) if key == JOINTLESS else pose
        size = np.nan if key == HEADLESS else HEAD_PX
        return {"frame": frame, "pose": pose, "afmat": np.diag([0.01, 0.01, 1]), "headsize": np.array([size])}


class KnowsPeople:
    """Answers with the truth moved to the right by `ERROR` px."""

    signature = Signature([InputSpec.for_shape((8, 8, 3))], [OutputSpec("pose", "b1", pa16j2d, has_confidence=True)])
    input_shape, inputs, outputs = (None, 8, 8, 3), [None], [None]

    def predict_on_batch(self, x):
        keys = np.rint(10 * x[:, 0, 0, 0]).astype(int)
        poses = [np.random.default_rng(key).uniform(0.2, 0.8, (16, 2)) + [ERROR[key] / 100, 0] for key in keys]
        return np.concatenate([poses, np.ones((len(x), 16, 1))], axis=-1)


def test_people_are_ranked_by_their_mean_error_and_shown_beside_the_truth():
    people = People()
    validation = PoseValidation(KnowsPeople(), {"mpii": people}, NUM)
    score = validation(0)["pckh_mpii"]
    assert score == 1 and score.unit == "share of joints" and score.confusion is None
    samples = score.samples
    expected = [np.nan if key in (HEADLESS, JOINTLESS) else ERROR[key] / HEAD_PX for key in range(NUM)]
    np.testing.assert_allclose(samples.scores, expected)
    assert samples.ranked() == [1, 3, 0, 4] and samples.unit.startswith("head sizes")
    people.loaded.clear()
    image, lines = samples.show(1)
    assert image.shape == (SIDE_PX, 2 * SIDE_PX, 3) and lines == ["left: true, right: predicted"]
    left, right = image[:, :SIDE_PX], image[:, SIDE_PX:]
    assert left.max() > 200 and (left != right).any()  # the answer has a joint more, which nobody annotated
    wrong, _ = samples.show(4)
    assert (wrong[:, :SIDE_PX] != wrong[:, SIDE_PX:]).sum() > (left != right).sum()
    samples.show(1)
    validation(1)["pckh_mpii"].samples.show(1)
    assert people.loaded.count(1) == 2  # for the sheets once, and once for the score


class Clips:
    """Clips whose middle frame is white in [0, 1], and which carry their number in the last pixel of all frames."""

    class dataconf:
        value_range = (0.0, 1.0)

    videos = {VALID_MODE: [type("Video", (), {"name": f"video {k}"}) for k in range(len(TRUE))]}

    def get_length(self, mode):
        return len(TRUE)

    def get_data(self, key, mode):
        frame = np.zeros((3, 8, 8, 3), np.float32)
        frame[1] = 1
        frame[:, -1, -1] = key / 10
        return {"frame": frame, "action": np.eye(3)[TRUE[key]]}


class KnowsClips:
    signature = Signature([InputSpec.for_shape((3, 8, 8, 3))], [OutputSpec("action", "b1", labels=LABELS)])

    def predict_on_batch(self, x):
        return np.array([SAID[key] for key in np.rint(10 * x[:, 0, -1, -1, 0]).astype(int)])


def test_clips_are_ranked_by_the_probability_of_their_action():
    scores = ActionValidation(KnowsClips(), Clips(), 10, label_key="action")(0)
    score = scores["single_clip"]
    assert score == 0.5 and score.samples is scores["log_loss"].samples and scores["log_loss"].unit == "nats"
    np.testing.assert_allclose(scores["log_loss"], -np.log([0.9, 0.2, 0.5, 0.7]).mean())
    labels, counts = score.confusion
    assert labels == ["wave", "action_1", "jump"] and counts.tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 1]]
    samples = score.samples
    assert samples.ranked() == [0, 3, 2, 1] and samples.names[3] == "video 3"
    image, lines = samples.show(1)
    assert lines == ["true: wave", "predicted: jump 80 %"] and image.shape == (SIDE_PX, SIDE_PX, 3)
    assert (image[: SIDE_PX // 2] == 255).all()


def test_thumbnails_are_few():
    load = Thumbnails(Clips()).load
    assert load.cache_info().maxsize == KEPT and load(0) is load(0)
    assert load(0)["image"].dtype == np.uint8


def test_flow_is_shown_in_two_channels():
    class Flow(Clips):
        def get_data(self, key, mode):
            return {"flow": np.full((3, 8, 8, 2), (0.0, 1.0), np.float32)}

    assert Thumbnails(Flow(), "flow").load(0)["image"][0, 0].tolist() == [0, 255, 128]


def test_samples_have_the_names_of_their_videos():
    class Sequences:
        topology = "sequences"
        sequences = {VALID_MODE: [type("Sequence", (), {"name": "0012"})]}

    assert sample_name(Clips(), 2) == "video 2" and sample_name(Sequences(), 0) == "0012"
    assert sample_name(People(), 4) == "4"
