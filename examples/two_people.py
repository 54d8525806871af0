"""A video of several people: who is who, who does what when, and the video with them drawn on it.

    python examples/two_people.py VIDEO
    python examples/two_people.py               a rendered video of two people

results/NAME_prediction.json holds everyone in every frame (docs/results.md), results/NAME_overlay.mp4 shows it.
"""

import argparse

import numpy as np

import deephar
from deephar.inference import VideoWriter, output_folder
from deephar.inference.export import save_video
from deephar.synthetic import world


def render(path, left=21, right=57):
    """Two people side by side, each with an action of their own, of which the shorter one decides the length."""
    clips = [world.render_clip("test", index, size=(256, 256)) for index in (left, right)]
    with VideoWriter(path, clips[0]["fps"]) as writer:
        for pair in zip(*(clip["frames"] for clip in clips), strict=False):
            writer.add(np.concatenate(pair, axis=1))
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", nargs="?")
    video = parser.parse_args().video or render("match.mp4")

    predictor = deephar.Predictor("spnet-2d")
    result = predictor.predict_video(video)
    for action in result.actions:
        seen = [frame.time_s for frame in result.frames if action.id in [person.id for person in frame.people]]
        print(f"person {action.id}, seen from {seen[0]:.1f} to {seen[-1]:.1f} s:", *action.segments)
    print(f"{len(result.frames)} frames; see", *save_video(result, output_folder("results"), predictor.layout))


if __name__ == "__main__":
    main()
