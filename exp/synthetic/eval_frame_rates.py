"""Whether the action of a video is right without a box, and the same at another frame rate.

The synthetic world performs Penn Action's fifteen actions, one video each of its test split; every video is rendered at
several rates of frames, the motion as fast at each, and predicted as `deephar predict` does: people found, followed,
seen clip by clip. The answer is the action of the person of whom most clips were seen.

    python exp/synthetic/eval_frame_rates.py runs/rates
    python exp/synthetic/eval_frame_rates.py runs/rates --fps 25 --detector none
    python exp/synthetic/eval_frame_rates.py runs/rates --boxes          # the true box in the first frame
    python exp/synthetic/eval_frame_rates.py runs/tiny --tiny

Prints the right answers of each rate, and how many videos have the same answer as at the first rate; writes
frame_rates.json. README.md beside this file has the numbers of the networks that ship.
"""

from deephar.experiments import networks, options
from deephar.inference.actions import actions_of
from deephar.models.cards import DEFAULT_MODEL
from deephar.synthetic.world import clip_action, clip_length, render_clip
from deephar.utils.io import write_json
from deephar.utils.labels import PENN_LABELS
from deephar.utils.progress import progress
from deephar.utils.tables import table

SIZE = (480, 270)
AT_ONCE = 16  # frames that are rendered together


class RenderedVideo:
    """A video of the world that is rendered as it is asked for, as `Predictor.steps` takes it.

    Args:
        index: int. Number of the video, which decides the action.
        fps: float. Frames a second.
        size: (W, H) px.
        seed: int. Of the world.
    """

    def __init__(self, index, fps, size, seed):
        self.index, self.fps, self._size, self.seed, self.time_s = index, fps, size, seed, 0.0
        self.num_frames = clip_length("test", index, seed, fps=fps)

    def part(self, numbers):
        """Some frames, and what is known about them."""
        return render_clip("test", self.index, None, self._size, self.seed, frame_list=numbers, fps=self.fps)

    def __iter__(self):
        for first in range(0, self.num_frames, AT_ONCE):
            for k, frame in enumerate(self.part(list(range(first, min(first + AT_ONCE, self.num_frames))))["frames"]):
                self.time_s = (first + k) / self.fps
                yield frame


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/frame_rates", DEFAULT_MODEL)
    parser.add_argument("--fps", type=float, nargs="+", default=[6.0, 25.0, 100.0], help="frames a second")
    parser.add_argument("--detector", default="auto", help="as of deephar predict")
    parser.add_argument("--boxes", action="store_true", help="give the true box in the first frame")
    parser.add_argument("--videos", type=options.positive, default=15, help="the first so many")
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        vars(arguments).update(fps=[4.0, 8.0], videos=1, detector="none")
    return arguments


def answer_of(predictor, video, with_box):
    """The action of the person of whom most clips were seen, with its probability; (None, 0.0) where nobody is."""
    box, clips = tuple(video.part([0])["box"][0].tolist()) if with_box else None, []
    for _, _, new in predictor.steps(video, box):
        clips += new
    best = max(actions_of(clips), key=lambda action: len(action.clips), default=None)
    return (None, 0.0) if best is None else (best.name, best.probability)


def main():
    arguments = arguments_of()
    from deephar.inference.predictor import Predictor

    model, about = networks.load(arguments, lambda: networks.build_tiny(networks.NUM_FRAMES))
    predictor = Predictor(model, detector=arguments.detector)
    jobs = [(fps, index) for fps in arguments.fps for index in range(arguments.videos)]
    found = {}
    for fps, index in progress(jobs, len(jobs), "videos"):
        found[fps, index] = answer_of(predictor, RenderedVideo(index, fps, SIZE, arguments.seed), arguments.boxes)
    true = [PENN_LABELS[clip_action(index)] for index in range(arguments.videos)]
    rows = []
    for fps in arguments.fps:
        names = [found[fps, index][0] for index in range(arguments.videos)]
        right = sum(a == b for a, b in zip(names, true, strict=True))
        same = sum(names[k] == found[arguments.fps[0], k][0] for k in range(arguments.videos))
        rows.append([f"{fps:g}", f"{right} of {len(true)}", f"{same} of {len(true)}", str(names.count(None))])
    how = "true box in the first frame" if arguments.boxes else f"detector {arguments.detector}"
    print(table(["frames/s", "right", f"as at {arguments.fps[0]:g}", "nobody found"], rows))
    print(f"{SIZE[0]} x {SIZE[1]} px, {how}")
    answers = [
        {"fps": fps, "action": true[k], "answer": name, "probability": p} for (fps, k), (name, p) in found.items()
    ]
    write_json(arguments.out / "frame_rates.json", {**about, "how": how, "videos": answers})


if __name__ == "__main__":
    options.run(main)
