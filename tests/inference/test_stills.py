"""Image files that are read ahead, predicted together, and come with their pixels or their error."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from deephar.inference import stills
from deephar.inference.stills import TOGETHER, predict_files


class Network:
    """Notes what is predicted together."""

    def __init__(self):
        self.batches = []

    def __call__(self, images, boxes):
        self.batches.append((len(images), boxes))
        return [SimpleNamespace(of_source=lambda path, k=k: (path, int(k.max()))) for k in images]


@pytest.fixture
def paths(tmp_path):
    made = [tmp_path / f"{k}.png" for k in range(TOGETHER + 3)]
    for k, path in enumerate(made):
        Image.fromarray(np.full((4, 6, 3), k, np.uint8)).save(path)
    return made


def test_all_files_come_in_order_with_their_pixels(paths):
    network = Network()
    found = list(predict_files(network, paths, None))
    assert [result for result, _ in found] == [(str(path), k) for k, path in enumerate(paths)]
    assert [int(pixels.max()) for _, pixels in found] == list(range(len(paths)))
    assert network.batches == [(TOGETHER, None), (3, None)]


def test_what_cannot_be_read_has_its_error_in_its_place(paths):
    paths[1].write_text("no image")
    boxes = [[(0, 0, 5, 4)] for _ in paths]
    boxes[2] = [(5, 0, 1, 4)]
    network = Network()
    found = list(predict_files(network, paths, boxes))
    errors = {k: str(result) for k, (result, _) in enumerate(found) if isinstance(result, Exception)}
    assert sorted(errors) == [1, 2] and "1.png" in errors[1] and "box" in errors[2]
    assert [pixels is None for _, pixels in found] == [k in errors for k in range(len(paths))]
    assert network.batches[0] == (TOGETHER - 2, [boxes[k] for k in range(TOGETHER) if k not in errors])


def test_nothing_is_predicted_where_no_file_can_be_read(tmp_path):
    network = Network()
    ((error, pixels),) = predict_files(network, [tmp_path / "gone.png"], None)
    assert isinstance(error, FileNotFoundError) and pixels is None and network.batches == []


def test_the_next_images_are_read_while_some_are_predicted(paths, monkeypatch):
    read, enough, plain = [], threading.Event(), stills.read_image

    def reading(path):
        read.append(path)
        if len(read) > TOGETHER:
            enough.set()
        return plain(path)

    def predict(images, boxes):
        assert enough.wait(10)
        return Network()(images, boxes)

    monkeypatch.setattr(stills, "read_image", reading)
    assert len(list(predict_files(predict, paths, None))) == len(paths) == len(read)


def test_a_fault_of_the_program_is_not_taken_for_a_bad_image(paths, monkeypatch):
    monkeypatch.setattr(stills, "read_image", lambda path: np.zeros(3).reshape(2, 2))
    with pytest.raises(ValueError, match="cannot reshape"):
        next(predict_files(Network(), paths, None))
