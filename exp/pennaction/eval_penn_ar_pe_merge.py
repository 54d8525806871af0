"""Actions of the merged network of CVPR 2018 on Penn Action: single-clip and multi-clip accuracy of all nine outputs.

Paper (CVPR 2018; TPAMI 2020, table 2, "our previous work"): 97.4 % on the test videos from images alone, with
estimated poses; 98.6 % with annotated poses. Clips of 16 frames, every 2nd frame.

    python exp/pennaction/eval_penn_ar_pe_merge.py runs/eval --data FOLDER --model merge-penn --weights FILE
    python exp/pennaction/eval_penn_ar_pe_merge.py runs/tiny --tiny

FILE is the authors' weights_AR_merge_ep074_26-10-17.h5. Expected: about 97.4 % of `m`, --boxes from predict_bboxes.py.
Without --boxes every clip is cropped around its annotated joints, which the output states. p1 to p4 are the blocks that
see poses, v1 to v4 those that see appearance, m both.
"""

import functools

from deephar.data import PennAction
from deephar.experiments import merge_evaluation, options
from deephar.experiments.datasetpath import datasetpath
from deephar.experiments.merge_training import PENN_NETWORK
from deephar.experiments.penn_tools import PENN_ACTION


def main():
    arguments = options.parse(merge_evaluation.make_parser(__doc__, "runs/eval_penn_merge", "merge-penn"))
    if arguments.tiny:
        options.tiny_data(arguments, "PennAction")
        arguments.limit = arguments.limit or 2
    folder = datasetpath("PennAction", arguments.data)
    reader = functools.partial(PennAction, folder)
    merge_evaluation.evaluate(arguments, PENN_ACTION, PENN_NETWORK, reader, "eval_penn_merge.json")


if __name__ == "__main__":
    options.run(main)
