"""What code in the pages, the examples and the notebook finds: small networks under the shipped names, and inputs."""

import functools
import shutil

import numpy as np
import pytest
from PIL import Image

from deephar.inference.detector import PersonDetector
from deephar.models import zoo
from deephar.models.builders import build_network
from deephar.models.cards import MODELS

SMALL = dict(input_shape=(8, 64, 64, 3), image_div=4, num_levels=2, num_pyramids=1, action_pyramids=[1], growth=8)
SMALL |= dict(num_pose_features=16, num_visual_features=16)
LOAD = zoo.load_model


@functools.cache
def network_once(name, levels=2):
    """A registered network for smaller images: the detector with its weights, those of poses with fresh ones."""
    card = MODELS[name]
    if not card.num_actions:
        model = build_network({**card.config, "input_shape": (192, 192, 3)})
        model.load_weights(zoo.find_weights(card))
        return model
    model = build_network({**card.config, **SMALL, "num_levels": levels})
    model.signature = model.signature.replace(labels=card.labels, frame_step=card.frame_step, fps=card.fps)
    return model


@pytest.fixture
def small_networks(monkeypatch, untraced, request):
    """Registered networks are small, and are made once; on the page about cuts they have several blocks."""
    levels = 4 if "cut.md" in request.node.name else 2

    def load(name_or_path, weights=None):
        is_small = name_or_path in MODELS and not weights
        return network_once(name_or_path, levels) if is_small else LOAD(name_or_path, weights)

    monkeypatch.setattr(zoo, "load_model", load)
    fewer = functools.partialmethod(PersonDetector.__init__, batch_size=2)  # which it fills up
    monkeypatch.setattr(PersonDetector, "__init__", fewer)


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    """A folder with a photo of two people, a video of two people, and boxes of theirs."""
    from deephar.inference import VideoWriter
    from deephar.synthetic.crowd import render_crowd
    from deephar.synthetic.world import render_clip

    folder = tmp_path_factory.mktemp("rendered")
    Image.fromarray(render_crowd("test", 11, 2, (256, 192))["frame"]).save(folder / "photo.jpg")
    left, right = (render_clip("test", index, 6, (128, 128))["frames"] for index in (7, 3))
    with VideoWriter(folder / "match.mp4", 12) as writer:
        for pair in zip(left, right, strict=True):
            writer.add(np.concatenate(pair, axis=1))
    lines = [f"{k},{x},8,{x + 100},120,{n}" for k in range(6) for n, x in enumerate((10, 140))]
    (folder / "boxes.csv").write_text("frame,x1,y1,x2,y2,id\n" + "\n".join(lines))
    (folder / "folder").mkdir()
    shutil.copy(folder / "photo.jpg", folder / "folder" / "a.jpg")
    return folder


@pytest.fixture
def inputs(rendered, tmp_path, monkeypatch):
    """An own copy of `rendered`, with an empty folder `results`, in which the test runs."""
    folder = shutil.copytree(rendered, tmp_path / "here")
    (folder / "results").mkdir()
    monkeypatch.chdir(folder)
    return folder
