"""Your own actions: folders of videos, a folder a class -> a trained network -> the name of a new video.

    python examples/own_actions.py FOLDER VIDEO
    python examples/own_actions.py              three rendered classes; 20 minutes on two cores
    python examples/own_actions.py --tiny       the same in a minute, to see that it runs: its answer means nothing

runs/own is the network from then on: `deephar predict VIDEO --model runs/own --out results`. A stopped run goes on.
"""

import argparse
import pathlib
import subprocess
import sys

import deephar
from deephar.synthetic.writers_videos import write_videos

TRAIN = pathlib.Path(__file__).resolve().parents[1] / "exp" / "own" / "train_actions.py"
CLASSES = {"wave_hello": "hand waving", "leap": "jump up", "dig": "pick up"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", help="with a folder of videos for every class")
    parser.add_argument("video", nargs="?", help="to be named")
    parser.add_argument("--tiny", action="store_true")
    given = parser.parse_args()
    few = dict(train=2, test=1, sizes=[(64, 48)], fps=8) if given.tiny else dict(train=20, test=10, fps=25)
    folder = given.folder or write_videos("data", actions="ntu", classes=CLASSES, **few)
    video = given.video or min(pathlib.Path(folder).glob("test/leap/*.mp4"))  # of somebody who is in no other video

    options = ["--data", folder, "--resume", *(["--tiny"] if given.tiny else ["--init", "spnet-2d"])]
    if subprocess.run([sys.executable, TRAIN, "runs/own", *options]).returncode:
        sys.exit("nothing was trained")  # the script has said why
    action = deephar.Predictor("runs/own").predict_video(video).action
    print(f"{video}: {action.name}, {action.probability:.2f}" if action else f"nobody was seen in {video}")


if __name__ == "__main__":
    main()
