"""Sharpen the last heat maps of a trained SPNet: try factors on the validation images of LSP, keep the best.

A network trained with `--heatmaps` shows where a joint may be; where it is unsure of left and right, the soft-argmax of
its map is a point between the two. Multiplying the maps before the softmax decides for one of them, see
`deephar.models.sharpen_maps`. Test images are never read. The networks that ship read x and y inside of a window of
each map instead (`ModelConfig.xy_window`): it also decides for one place, keeps the fraction of a cell, and leaves the
weights, the depth and the confidence alone.

    python exp/lsp/sharpen_lsp_spnet.py runs/sharp --data FOLDER --weights runs/pose/weights_last.weights.h5
    python exp/lsp/sharpen_lsp_spnet.py runs/tiny --tiny

Expected: the table of PCK@0.2 by factor; runs/sharp/weights_sharp.weights.h5 with its config.json.
"""

import json
import pathlib

from deephar.config import DataConfig
from deephar.data import Lsp
from deephar.experiments import networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.models.cards import DEFAULT_MODEL
from deephar.utils import VALID_MODE
from deephar.utils.io import write_json

FACTORS = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0)


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/sharp", DEFAULT_MODEL)
    parser.add_argument("--factors", metavar="F", type=float, nargs="+", default=FACTORS)
    parser.add_argument("--limit", type=options.positive, help="so many validation people, evenly spaced")
    return options.parse(parser, argv)


def main():
    arguments = arguments_of()
    options.tiny_data(arguments, "LSP")
    folder = datasetpath("LSP", arguments.data)
    from deephar.evaluation.poses import eval_pck
    from deephar.experiments.validation import spread
    from deephar.models import sharpen_maps
    from deephar.models.signature import signature_of

    model, _ = networks.load(arguments)
    lsp = Lsp(folder, DataConfig.for_input(signature_of(model).frame))
    keys = spread(lsp.get_length(VALID_MODE), arguments.limit or lsp.get_length(VALID_MODE))
    scores, now = {}, 1.0
    for factor in arguments.factors:
        sharpen_maps(model, factor / now)
        now = factor
        scores[factor] = float(eval_pck(model, lsp, VALID_MODE, keys=keys, label=f"x {factor:g}").mean[-1])
        print(f"maps x {factor:g}: PCK@0.2 {100 * scores[factor]:.1f} on validation images")
    best = max(scores, key=scores.get)
    sharpen_maps(model, best / now)
    model.save_weights(arguments.out / "weights_sharp.weights.h5")
    beside = pathlib.Path(arguments.weights or "").parent / "config.json"  # of the run, for `deephar.load_model`
    if arguments.weights and beside.is_file():
        write_json(arguments.out / "config.json", json.loads(beside.read_text(encoding="utf-8")))
    write_json(arguments.out / "sharpen.json", {"factor": best, "pck@0.2": scores})
    print(f"best: maps x {best:g}; weights: {arguments.out / 'weights_sharp.weights.h5'}")


if __name__ == "__main__":
    options.run(main)
