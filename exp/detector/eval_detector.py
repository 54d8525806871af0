"""How well a detector finds people: test photographs on larger canvases, rendered scenes, empty places.

    photographs   each test image of LSP extended at random on another one, enlarged to 2 or 4 times its sides: the
                  canvas is 4 or 16 times as large. Recall of the annotated person alone: others in the images count
                  neither way
    rendered      scenes of the synthetic world's test split with one to four people: recall, precision, average
                  precision
    empty         scenes of its test split without anybody: the share in which somebody is found

    python exp/detector/eval_detector.py runs/eval --data FOLDER --weights runs/people
    python exp/detector/eval_detector.py runs/eval --data FOLDER --detector dfine
    python exp/detector/eval_detector.py runs/tiny --tiny

A person is found by a box with an intersection over union of at least 0.5 with the box around the annotated joints, at
the score from which `deephar predict` takes somebody for a person.
"""

import itertools

import numpy as np

from deephar.data.scenes import LEAST_SEEN, on_larger_canvases, photographs
from deephar.experiments import networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.inference.detector import FREE_SIZE, LEAST_SCORE, PersonDetector, named_detector
from deephar.synthetic.crowd import render_crowd
from deephar.utils import TEST_MODE
from deephar.utils.io import write_json
from deephar.utils.tables import table

FACTORS = (2.0, 4.0)  # sides of the canvas over those of the photograph
SIZE = (480, 360)  # px of rendered scenes


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/eval_detector")
    parser.add_argument("--detector", metavar="NAME", help="another detector than one of ours, such as dfine")
    parser.add_argument("--limit", type=options.positive, default=1000, help="photographs")
    parser.add_argument("--scenes", type=options.positive, default=300, help="rendered scenes, and as many empty ones")
    parser.add_argument("--side", type=options.positive, default=FREE_SIZE[0], help="of the network's input, px")
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        options.tiny_data(arguments, "LSP")
        vars(arguments).update(limit=2, scenes=2, side=64)
    return arguments


def build_tiny():
    from deephar.models import detector

    return detector.build((None, None, 3), filters=8)


def detector_of(arguments):
    """The detector to score, with predictions of low scores where it is one of ours; and what it is."""
    if arguments.detector:
        return named_detector(arguments.detector).function, {"detector": arguments.detector}
    from deephar.evaluation.people import LOW_SCORE

    model, about = networks.load(arguments, build_tiny)
    return PersonDetector(model, LOW_SCORE, size=(arguments.side, arguments.side)), about


def rendered(number, people, seed):
    """Scenes (frame, boxes) of the test split, with one to four people or nobody."""
    for key in range(number):
        drawn = render_crowd("test", key, 1 + key % 4 if people else 0, SIZE, seed)
        boxes = drawn["boxes"].reshape(-1, 4)
        if people:
            boxes = boxes[drawn["visible"].mean(axis=1) >= LEAST_SEEN]
        yield drawn["frame"], np.clip(boxes, 0, np.tile(SIZE, 2))


def main():
    arguments = arguments_of()
    from deephar.evaluation.people import score_people
    from deephar.experiments.validation import spread

    detect, about = detector_of(arguments)
    photos = photographs(datasetpath("LSP", arguments.data), TEST_MODE)
    photos = [photos[k] for k in spread(len(photos), arguments.limit)]
    sets = {f"photographs, canvas x {f:g}": (on_larger_canvases(photos, f), len(photos)) for f in FACTORS}
    sets["rendered, 1 to 4 people"] = (rendered(arguments.scenes, True, arguments.seed), arguments.scenes)
    sets["rendered, empty"] = (rendered(arguments.scenes, False, arguments.seed), arguments.scenes)
    rows, report = [], {**about, "score": LEAST_SCORE}
    for name, (scenes, number) in sets.items():
        scores = score_people(detect, itertools.islice(scenes, number), number, LEAST_SCORE)
        all_known = not name.startswith("photo")  # people of the canvas are not annotated
        found = {
            "recall": scores.recall,
            "precision": scores.precision if all_known else np.nan,
            "average precision": scores.average_precision if all_known else np.nan,
            "with anybody": scores.disturbed_share,
        }
        rows.append([name, number, *("" if np.isnan(v) else f"{100 * v:.1f}" for v in found.values())])
        report[name] = {"images": number, **{k: v for k, v in found.items() if not np.isnan(v)}}
    print(table(["", "images", "recall %", "precision %", "AP %", "with anybody %"], rows, left=(0,)))
    print(f"intersection over union at least 0.5; score at least {LEAST_SCORE}")
    write_json(arguments.out / "eval_detector.json", report)


if __name__ == "__main__":
    options.run(main)
