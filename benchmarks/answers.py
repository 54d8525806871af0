"""What an engine changes in the answers of the networks that ship: how far joints move, and which actions differ.

    python benchmarks/answers.py                                        # OpenVINO in bfloat16, some minutes
    python benchmarks/answers.py spnet-2d --engines onnx openvino openvino-bfloat16
    python benchmarks/answers.py --data FOLDER                          # also photographs of LSP, not of the test

Against Keras in float32. Images are of people of the synthetic world, test split, and with --data photographs of LSP,
validation images, cropped around their joints. A joint is sure where its confidence, not calibrated,
is at least 0.5. Moves are in % of the crop's side. Clips are one of each test video of the synthetic world.
"""

import argparse

import numpy as np

from deephar.inference.quiet import quiet_keras
from deephar.utils.progress import progress
from deephar.utils.tables import table

NAMES, BATCH, SURE, NEAR = ("spnet-2d", "spnet-3d"), 16, 0.5, 0.005
JOINTS = ["network", "images", "engine", "joints", "mean %", "95th %", "largest %", "within 0.5 %", "of the sure ones"]
ACTIONS = ["network", "clips", "engine", "same action", "right by Keras", "right by it"]


def images_of(model, data):
    """{name: reader} of images for a network."""
    from deephar.config import DataConfig
    from deephar.experiments.sources import make_images

    conf, layout = DataConfig.for_input(model.signature.frame), model.signature.layout
    synthetic = "synthetic_h36m" if layout.dim == 3 else "synthetic"
    found = {"synthetic-v1": make_images(synthetic, None, conf, split="test", layout=layout)}
    return found | ({"LSP": make_images("lsp", data, conf, layout=layout)} if data else {})


def moves(model, reader, engine, number):
    """(how far each joint moves in shares of the crop, its confidence), float (N, J) each."""
    from deephar.evaluation.batches import sample_batches
    from deephar.experiments.validation import spread
    from deephar.inference.decode import decode
    from deephar.inference.engines import forward, open_engine
    from deephar.models.surgery import image_view
    from deephar.utils import VALID_MODE

    view, found = image_view(model), []
    engines = open_engine(view, "keras"), open_engine(view, engine)
    keys = spread(reader.get_length(VALID_MODE), number)
    for batch in sample_batches(reader, VALID_MODE, keys, BATCH, True, f"images, {engine}"):
        frames = np.stack([sample["frame"] for sample in batch])
        (exact, confidence), (other, _) = (decode(forward(e, frames, BATCH), view.signature) for e in engines)
        found.append((np.linalg.norm((other - exact)[..., :2], axis=-1), confidence))
    return map(np.concatenate, zip(*found, strict=True))


def actions(model, engine, number):
    """(share of clips of the same action, accuracy of Keras, of the engine)."""
    from deephar.config import DataConfig
    from deephar.data.synthetic import SyntheticClips
    from deephar.evaluation.actions import eval_single_clip
    from deephar.experiments.validation import spread
    from deephar.inference.engines import open_engine
    from deephar.utils import TEST_MODE

    signature = model.signature
    conf = DataConfig.for_input(signature.frame, fixed_subsampling=signature.frame.frame_step)
    kind = "ntu" if signature.layout.dim == 3 else "penn"
    clips = SyntheticClips(conf, signature.layout, signature.num_frames, "test", actions=kind)
    keys = spread(clips.get_length(TEST_MODE), number)
    scores = []
    for name in ("keras", engine):
        runs = Named(open_engine(model, name), signature)
        scores.append(eval_single_clip(runs, clips, TEST_MODE, keys, label_key=clips.action_key))
    answers = [k.scores[-1].argmax(axis=-1) for k in scores]
    return float((answers[0] == answers[1]).mean()), *(float(k.accuracy[-1]) for k in scores)


class Named:
    """An engine with the signature of its network, as evaluation asks for."""

    def __init__(self, engine, signature):
        self.predict_on_batch, self.signature = engine.predict_on_batch, signature


def percent(value, digits=2):
    return f"{100 * value:.{digits}f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", default=list(NAMES), help=f"default: {' '.join(NAMES)}")
    parser.add_argument("--engines", nargs="+", default=["openvino-bfloat16"])
    parser.add_argument("--images", type=int, default=160)
    parser.add_argument("--clips", type=int, default=150)
    parser.add_argument("--data", metavar="FOLDER", help="of LSP, or one that holds it")
    arguments = parser.parse_args()
    quiet_keras()
    from deephar import load_model

    joints, clips = [], []
    pairs = [(name, engine) for name in arguments.names for engine in arguments.engines]
    for name, engine in progress(pairs, label="networks"):
        model = load_model(name)
        for images, reader in images_of(model, arguments.data).items():
            moved, confidence = moves(model, reader, engine, arguments.images)
            sure = moved[confidence >= SURE]
            values = moved.mean(), np.percentile(moved, 95), moved.max()
            shares = percent((moved <= NEAR).mean(), 1), percent((sure <= NEAR).mean(), 2)
            joints.append([name, images, engine, moved.size, *(percent(v, 3) for v in values), *shares])
        if model.signature.indices("action"):
            found = actions(model, engine, arguments.clips)
            clips.append([name, arguments.clips, engine, *(percent(v, 1) for v in found)])
    print(table(JOINTS, joints, left=(0, 1, 2)), table(ACTIONS, clips, left=(0, 2)), sep="\n\n")


if __name__ == "__main__":
    main()
