"""What is known about a trained network, as plain data: `Score`, `ModelCard`."""

import dataclasses
from dataclasses import dataclass

from deephar.models.builders import NETWORKS
from deephar.utils.calibration import check_calibration

MEASURED = "measured on the shipped file"
AUTHORS = "stated by the authors for this file"


@dataclass(frozen=True)
class Score:
    """One measured or published value.

    Attributes:
        metric: str, such as "PCKh@0.5".
        value: float, with the digits that were printed.
        unit: str, "%" or "mm".
        data: str, which images or videos were scored.
        protocol: str, how: which output, crop and view; "" where none was stated.
        command: str, what prints the value. FILE is the weight file, FOLDER that of the data sets, OUT the results'.
        source: str, `MEASURED`, `AUTHORS`, or the table of a paper.
    """

    metric: str
    value: float
    unit: str
    data: str
    protocol: str
    command: str
    source: str = MEASURED

    def __post_init__(self):
        for name in ("metric", "unit", "data", "command", "source"):
            if not getattr(self, name):
                raise ValueError(f"`{name}` must not be empty. Received: {getattr(self, name)!r}")

    def __str__(self):
        return f"{self.metric} {self.value} {self.unit}"

    @property
    def measured(self) -> bool:
        """Whether the command printed the value on the file that ships."""
        return self.source == MEASURED


@dataclass(frozen=True)
class ModelCard:
    """What is known about one trained network.

    Attributes:
        name: str, by which `load_model` knows it.
        config: dict, what `deephar.models.builders.build_network` takes.
        file: str, name of the weight file.
        where: str, how a user gets the file.
        trained_on: str, the data sets.
        scores: tuple of `Score`, the most telling one first.
        paper: str, which describes the network.
        licence: str, of the weights.
        num_parameters: int, frozen ones included.
        sha256, md5: str, of the file; None where unknown, and then not checked.
        recipe: tuple of str, commands that trained it, in order, or words after "# "; the logs of a file that ships lie
            beside it.
        labels: tuple of str, names of the actions in the order of the output, None for one that was never trained and
            is never an answer; empty without or with unnamed actions.
        frame_step: int, step between the frames of a clip, in frames of the data set that it was trained on.
        fps: float, frames a second of that data set; None for images, and where the set does not tell.
        ships: bool, whether the file comes with the package.
        calibration: tuple of pairs (raw, calibrated), which make the confidence of the answer's joints the probability
            that the joint is right, see `deephar.utils.calibration`; empty: confidences stay as the network gives them.
    """

    name: str
    config: dict = dataclasses.field(hash=False)
    file: str
    where: str
    trained_on: str
    scores: tuple[Score, ...]
    paper: str
    licence: str
    num_parameters: int
    sha256: str | None = None
    md5: str | None = None
    recipe: tuple[str, ...] = ()
    labels: tuple[str | None, ...] = ()
    frame_step: int = 1
    fps: float | None = None
    ships: bool = False
    calibration: tuple[tuple[float, float], ...] = ()

    def __post_init__(self):
        if self.network not in NETWORKS:
            raise ValueError(f"`config` must name one of {', '.join(NETWORKS)}. Received: {self.network!r}")
        object.__setattr__(self, "calibration", check_calibration(self.calibration))

    @property
    def network(self) -> str:
        """Name of the family, one of `deephar.models.builders.NETWORKS`."""
        return self.config.get("network", "spnet")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(H, W, C), or (T, H, W, C) for clips."""
        if "pose" in self.config:
            return (self.config["num_frames"], *self.config["pose"]["input_shape"])
        return tuple(self.config["input_shape"])

    @property
    def num_frames(self) -> int | None:
        """T of a clip; None for images."""
        return self.input_shape[0] if len(self.input_shape) == 4 else None

    @property
    def clip_step_s(self) -> float | None:
        """Seconds between two frames of a clip; None for images, and where the frame rate is not known."""
        return self.frame_step / self.fps if self.num_frames and self.fps else None

    @property
    def num_actions(self) -> tuple[int, ...]:
        """How many actions each kind of action output tells apart; empty without actions."""
        found = self.config.get("num_actions", ())
        return (found,) if isinstance(found, int) else tuple(found)

    def to_dict(self) -> dict:
        """Return all of it for JSON, what follows from the fields too."""
        derived = ("network", "input_shape", "num_frames", "clip_step_s", "num_actions")
        return {**dataclasses.asdict(self), **{name: getattr(self, name) for name in derived}}
