"""Training schedules as plain data: what a stage trains, for how long and how fast.

Source: Luvizon, Picard and Tabia, TPAMI 2020, section 4.2.3 and, for the decoupled poses, 3.3.4.

    pose        pose estimation alone                          RMSprop 0.001, about 32,000 steps of 32 images
    action      action recognition, everything of pose frozen  2 epochs on Penn Action, 50 on NTU
    joint       one batch of poses, one batch of actions       x 0.1 after epochs 15 and 25 (NTU: 50 and 55)
    decoupled   joint, the action part on copies of the last   "a few more epochs"
                pose layers
"""

import dataclasses
import math
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

TASKS = ("pose", "action", "joint")
OPTIMIZERS = ("rmsprop", "sgd", "adam", "adamw")
SCHEDULES = ("step", "cosine")
HEATMAP_LOSSES = ("mean", "cells", "sum")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage of training.

    Attributes:
        name: str. Unique in its recipe; part of a file's name.
        task: str. 'pose' trains pose outputs, 'action' action outputs with all pose layers frozen, 'joint' both in
            turn.
        epochs: int. Number of epochs; after each one the run is saved.
        steps_per_epoch: int. Steps of an epoch; a step is one batch of each model.
        optimizer: str. 'rmsprop' (paper, 2D), 'sgd' with Nesterov momentum (paper, NTU), 'adam' or 'adamw'.
        learning_rate: float. At the start; paper: 0.001 for RMSprop, 0.01 for SGD.
        momentum, nesterov: float and bool. Of SGD; paper: 0.9, Nesterov's.
        rho, rms_momentum: float. Of RMSprop: decay of the mean square, and momentum.
        epsilon: float or None. Of RMSprop and Adam; None: Keras' own.
        weight_decay: float or None. Of every optimizer; None: none (AdamW: Keras' own). It goes with the learning rate
            of the stage, without `rate_factors`.
        no_decay: tuple of str. Patterns (`fnmatch`) of names or paths of weights without weight decay: `bias`,
            `*_bn1/gamma`.
        rate_factors: tuple of (str, float). The learning rate of weights whose path, such as "conv1/kernel", fits the
            pattern is multiplied by the factor; by all of them where several fit.
        frozen: tuple of str. Patterns of names of layers that are not trained in this stage.
        schedule: str. 'step' (paper) multiplies by `decay_factor` after each of `decay_epochs`; 'cosine' falls to zero.
        decay_epochs: tuple of int. Finished epochs after which the rate falls; paper: 15 and 25.
        decay_factor: float. Paper: 0.1.
        warmup_steps: int. Steps of linear rise at the start; paper: none.
        clipnorm: float or None. Upper limit of the gradient's norm over all weights; None (paper): no limit.
        accumulation_steps: int. Batches whose mean gradient makes one change of the weights, for batches that do not
            fit a card. A step is one batch all the same: in the schedule, in `warmup_steps`, and in the statistics of
            batch normalisation. Gradients of an incomplete last group are not used.
        pose_loss: str. See `deephar.layers.losses.pose_regression_loss`.
        confidence_weight: float. Of the confidence's cross entropy; paper: 0.01.
        action_weight: float. Of each action output's cross entropy; paper: 0.01.
        class_weights: tuple of float or None. Of each action's samples in that cross entropy, for actions of unequal
            number, see `deephar.training.objectives.balanced_weights`; None (paper): all the same.
        heatmap_weight: float. Of an additional cross entropy on every probability map
            (`losses.heatmap_crossentropy`), with which a small network is trained in fewer steps; paper: none.
        heatmap_loss: str. How the squares of heat maps' errors are summed: "mean" (hourglass, PBN), "cells" (MSS-Net)
            or "sum" (CPM), see `deephar.layers.losses.HeatmapLoss`.
        pose_replica: bool. The action part reads copies of the last pose layers, made when the stage begins.
        precision: str. 'float32', or 'mixed_bfloat16' or 'mixed_float16' for an accelerator. Weights, logits and losses
            are float32 in each; 'mixed_float16' also scales the loss, so that small gradients are not lost.
        jit_compile: bool. Hand the step to XLA; only read on the TensorFlow backend.
        recompute: bool. Gradient checkpointing: keep a part of what a step computes and compute the rest again for the
            gradient, which stays the same. Less memory, about a fifth slower.
        monitor: str or None. Name of the validation metric that decides which weights are best; None: the first one.
        monitor_mode: str. 'max' or 'min'.
        seed: int. Of the order of batches.
        minutes: float or None. The stage ends by the clock instead of by `epochs`: its schedule is stretched or shrunk
            to this time, which begins before anything is compiled and holds the validations, too; the last epoch is cut
            short. Warm-up goes by steps all the same. None: by epochs.
        ema_decay: float or None. What is validated and saved are moving averages of the weights, of which every step
            keeps this share, such as 0.999; statistics of batch normalisation are those of the training. None: the
            weights themselves.

    Example:

        from deephar.training.recipes import Stage

        stage = Stage("pose", epochs=30, steps_per_epoch=500, optimizer="adam", decay_epochs=(20,))
        print(stage.rate(0), stage.rate(20 * 500))  # 0.001 0.0001
        optimizer_rate = stage.keras_schedule()  # the same for `model.compile`
    """

    name: str
    task: str = "pose"
    epochs: int = 40
    steps_per_epoch: int = 800
    optimizer: str = "rmsprop"
    learning_rate: float = 1e-3
    momentum: float = 0.9
    nesterov: bool = True
    rho: float = 0.9
    rms_momentum: float = 0.0
    epsilon: float | None = None
    weight_decay: float | None = None
    no_decay: tuple[str, ...] = ()
    rate_factors: tuple[tuple[str, float], ...] = ()
    frozen: tuple[str, ...] = ()
    schedule: str = "step"
    decay_epochs: tuple[int, ...] = (15, 25)
    decay_factor: float = 0.1
    warmup_steps: int = 0
    clipnorm: float | None = None
    accumulation_steps: int = 1
    pose_loss: str = "l1l2bincross"
    confidence_weight: float = 0.01
    action_weight: float = 0.01
    class_weights: tuple[float, ...] | None = None
    heatmap_weight: float = 0.0
    heatmap_loss: str = "mean"
    pose_replica: bool = False
    precision: str = "float32"
    jit_compile: bool = False
    recompute: bool = False
    monitor: str | None = None
    monitor_mode: str = "max"
    seed: int = 0
    minutes: float | None = None
    ema_decay: float | None = None

    def __post_init__(self):
        allowed = {
            "task": TASKS,
            "optimizer": OPTIMIZERS,
            "schedule": SCHEDULES,
            "precision": PRECISIONS,
            "heatmap_loss": HEATMAP_LOSSES,
            "monitor_mode": ("max", "min"),
        }
        for field, values in allowed.items():
            if getattr(self, field) not in values:
                raise ValueError(f"`{field}` must be one of {', '.join(values)}. Received: {getattr(self, field)!r}")
        if not self.name or set(self.name) & set("/\\"):
            raise ValueError(f"`name` must be part of a file's name, without slashes. Received: {self.name!r}")
        for field in ("epochs", "steps_per_epoch", "learning_rate"):
            if not getattr(self, field) > 0:
                raise ValueError(f"`{field}` must be above zero. Received: {getattr(self, field)!r}")
        if not isinstance(self.accumulation_steps, int) or self.accumulation_steps < 1:
            raise ValueError(f"`accumulation_steps` must be 1, 2, ... Received: {self.accumulation_steps!r}")
        if self.minutes is not None and not 0 < self.minutes < math.inf:
            raise ValueError(f"`minutes` must be above zero, or None. Received: {self.minutes!r}")
        if self.ema_decay is not None and not 0 < self.ema_decay < 1:
            raise ValueError(f"`ema_decay` must be between 0 and 1, or None. Received: {self.ema_decay!r}")
        if self.class_weights is not None:
            object.__setattr__(self, "class_weights", tuple(map(float, self.class_weights)))
            if not all(0 <= weight < math.inf for weight in self.class_weights) or not any(self.class_weights):
                raise ValueError(f"`class_weights` must be 0 or above, not all 0. Received: {self.class_weights}")
        for field in ("decay_epochs", "no_decay", "frozen"):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        object.__setattr__(self, "rate_factors", tuple(map(tuple, self.rate_factors)))

    def replace(self, **changes: Any) -> "Stage":
        """Return a copy with some fields changed: fewer steps, another rate."""
        return dataclasses.replace(self, **changes)

    def rate(self, step: int, share: float | None = None) -> float:
        """Return the learning rate, a float, of a step, counted from 0 over the whole stage.

        Args:
            step: int.
            share: float or None. Of the stage's `minutes`, how much is over, 0 to 1; None: the schedule goes by steps.
        """
        return float(self.rate_by(np, step, share))

    def rate_by(self, ops: ModuleType, step: Any, share: float | None = None) -> Any:
        """Return the learning rate of a step, computed by `numpy` or by `keras.ops`."""
        rate, steps = self.learning_rate, self.epochs * self.steps_per_epoch
        place = step if share is None else share * steps  # in the schedule
        if self.schedule == "cosine":
            done = ops.divide(ops.maximum(0, place - self.warmup_steps), max(1, steps - self.warmup_steps))
            rate = 0.5 * rate * (1 + ops.cos(math.pi * ops.minimum(1.0, done)))
        for epoch in self.decay_epochs if self.schedule == "step" else ():
            rate = rate * ops.where(place // self.steps_per_epoch >= epoch, self.decay_factor, 1.0)
        return rate * ops.minimum(1.0, ops.divide(step + 1, self.warmup_steps)) if self.warmup_steps else rate

    def keras_schedule(self) -> "keras.optimizers.schedules.LearningRateSchedule":
        """Return `rate` by steps as a `keras.optimizers.schedules.LearningRateSchedule`, for an own optimizer."""
        from deephar.training.optimizers import StageSchedule

        return StageSchedule(self)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Stages in order.

    Attributes:
        name: str. Name of the recipe.
        stages: tuple of `Stage`, names unique.
        source: str. Where the schedule comes from.
    """

    name: str
    stages: tuple[Stage, ...]
    source: str = ""

    def __post_init__(self):
        names = [s.name for s in self.stages]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"`stages` must have one stage or more, with different names. Received: {names}")

    def replace_all(self, **changes: Any) -> "Recipe":
        """Return a copy with the same fields changed in every stage."""
        return dataclasses.replace(self, stages=tuple(s.replace(**changes) for s in self.stages))


PENN_RECIPE = Recipe(
    "spnet-penn",
    (
        Stage("pose", "pose", epochs=40, steps_per_epoch=800, decay_epochs=()),
        Stage("action", "action", epochs=2, steps_per_epoch=800, decay_epochs=()),
        Stage("joint", "joint", epochs=30, steps_per_epoch=800, decay_epochs=(15, 25)),
        Stage("decoupled", "joint", epochs=4, learning_rate=1e-5, decay_epochs=(), pose_replica=True),
    ),
    "TPAMI 2020, section 4.2.3; the length of the last stage is ours: the paper says a few more epochs",
)

# An epoch of NTU is its 40,320 cross-subject training clips, 4 a step.
_NTU_SGD = dict(steps_per_epoch=10080, optimizer="sgd", momentum=0.9)

NTU_RECIPE = Recipe(
    "spnet-ntu",
    (
        Stage("pose", "pose", epochs=40, steps_per_epoch=800, decay_epochs=()),
        Stage("action", "action", epochs=50, learning_rate=1e-2, decay_epochs=(), **_NTU_SGD),
        Stage("joint", "joint", epochs=60, learning_rate=1e-2, decay_epochs=(50, 55), **_NTU_SGD),
        Stage("decoupled", "joint", epochs=4, learning_rate=1e-4, decay_epochs=(), pose_replica=True, **_NTU_SGD),
    ),
    "TPAMI 2020, section 4.2.3, which leaves open from where epochs 50 and 55 count: here from the start of the joint "
    "stage, as for Penn Action; the length of the last stage is ours, its rate the last of the stage before",
)

# An epoch of Penn Action is its 1,258 training videos, 2 a step.
_MERGE_SGD = dict(steps_per_epoch=629, optimizer="sgd", momentum=0.98, action_weight=1.0, pose_loss="l1l2")

MERGE_RECIPE = Recipe(
    "merge-cvpr18",
    (
        Stage("pose", "pose", 120, 800, decay_epochs=(60, 90, 110), decay_factor=0.2, pose_loss="l1l2"),
        Stage("action", "action", 70, learning_rate=2e-4, decay_epochs=(40, 60), decay_factor=0.2, **_MERGE_SGD),
        Stage("finetune", "joint", 5, learning_rate=8e-7, decay_epochs=(), **_MERGE_SGD),
    ),
    "CVPR 2018, section 5: poses first; actions on frozen poses by SGD with Nesterov momentum 0.98 at 0.0002 and a "
    "fifth of it where validation stands still, 2 clips a step; everything for 5 epochs at a tenth of the last rate. "
    "How many epochs the first two stages take, when the rate falls, and that poses go on learning beside the actions "
    "in the last stage is ours",
)

# Shares of the images that poses are trained on; section 4.4.
PENN_IMAGES = {"mpii": 0.8, "penn": 0.2}
NTU_IMAGES = {"h36m": 0.5, "mpii": 0.375, "ntu": 0.125}

# How the networks of heat maps were trained on MPII, by family. 1,700 steps of 16 are about all of its training people.
HEATMAP_STAGES = {
    # Newell et al., ECCV 2016, section 3.1, and the authors' code: batches of 6, a constant rate.
    "hourglass": Stage(
        *("pose", "pose", 100, 8000),
        learning_rate=2.5e-4,
        rho=0.99,
        epsilon=1e-8,
        decay_epochs=(),
    ),
    # Wei et al., CVPR 2016, the authors' solver: 600,000 steps of 16, the rate a third after each 136,106; stage 1 five
    # times as fast, biases twice as fast and without weight decay, which Caffe puts into the gradient and Keras beside
    # it. An epoch here is an eighth of such a step.
    "cpm": Stage(
        *("pose", "pose", 35, 17013),
        optimizer="sgd",
        learning_rate=8e-5,
        momentum=0.9,
        nesterov=False,
        weight_decay=5e-4,
        no_decay=("bias",),
        rate_factors=(("stage1_*", 5.0), ("*/bias", 2.0)),
        decay_epochs=(8, 16, 24, 32),
        decay_factor=0.333,
        heatmap_loss="sum",
    ),
    # Ke et al., ICIP 2018, section 3: Adam at 5e-4 "with decay", 100 epochs; of the decay nothing is said, here it is
    # a cosine. Batches of 16 are ours, too.
    "mssnet": Stage(
        *("pose", "pose", 100, 1700),
        optimizer="adam",
        learning_rate=5e-4,
        schedule="cosine",
        heatmap_loss="cells",
    ),
    # Tang and Wu, CVPR 2019, section 4.1: RMSprop at 2.5e-4, a tenth after epochs 170 and 220 of 250, batches of 16.
    "pbn": Stage(
        *("pose", "pose", 250, 1700),
        learning_rate=2.5e-4,
        rho=0.99,
        epsilon=1e-8,
        decay_epochs=(170, 220),
    ),
}
