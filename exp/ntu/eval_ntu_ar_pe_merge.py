"""Actions of the merged network of CVPR 2018 on NTU RGB+D: single-clip and multi-clip accuracy of all nine outputs.

Paper (CVPR 2018; TPAMI 2020, table 3, "our previous work"): 85.5 % on the test videos, cross-subject, from images
alone. Clips of 20 frames, every 4th frame of the video (every 2nd of those that are kept).

    python exp/ntu/eval_ntu_ar_pe_merge.py runs/eval --data FOLDER --model merge-ntu --weights FILE
    python exp/ntu/eval_ntu_ar_pe_merge.py runs/tiny --tiny

FILE is the authors' weights_AR_merge_NTU_v2.h5. Expected: about 85.5 % of `m`, --boxes from predict_bboxes.py. Without
--boxes every clip is cropped around Kinect's joints, which the output states. p1 to p4 are the blocks that see poses,
v1 to v4 those that see appearance, m both.
"""

import functools

from deephar.data import Ntu
from deephar.experiments import merge_evaluation, ntu_sources, options
from deephar.experiments.datasetpath import datasetpath
from deephar.experiments.ntu_tools import NTU
from deephar.utils import pa20j3d


def main():
    parser = merge_evaluation.make_parser(__doc__, "runs/eval_ntu_merge", "merge-ntu")
    ntu_sources.add_split(parser)
    arguments = options.parse(parser)
    if arguments.tiny:
        options.tiny_data(arguments, "NTU")
        arguments.limit = arguments.limit or 2
    folder = datasetpath("NTU", arguments.data)
    reader = functools.partial(Ntu, folder, poselayout=pa20j3d, split=arguments.split)
    merge_evaluation.evaluate(arguments, NTU, ntu_sources.MERGE_NETWORK, reader, "eval_ntu_merge.json")


if __name__ == "__main__":
    options.run(main)
