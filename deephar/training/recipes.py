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

TASKS = ("pose", "action", "joint")
OPTIMIZERS = ("rmsprop", "sgd", "adam", "adamw")
SCHEDULES = ("step", "cosine")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage of training.

    Attributes:
        name: of the stage, unique in its recipe.
        task: 'pose' trains pose outputs, 'action' action outputs with all pose layers frozen, 'joint' both in turn.
        epochs: number of epochs; after each one the run is saved.
        steps_per_epoch: steps of an epoch; a step is one batch of each model.
        optimizer: 'rmsprop' (paper, 2D), 'sgd' with Nesterov momentum (paper, NTU), 'adam' or 'adamw'.
        learning_rate: at the start; paper: 0.001 for RMSprop, 0.01 for SGD.
        momentum, nesterov: of SGD; paper: 0.9, Nesterov's.
        rho, rms_momentum: of RMSprop: decay of the mean square, and momentum.
        epsilon: of RMSprop and Adam; None: Keras' own.
        weight_decay: of every optimizer; None: none (AdamW: Keras' own). `no_decay` are names of weights without it.
        rate_factors: ((pattern, factor), ...): the learning rate of weights whose path fits the pattern is multiplied.
        frozen: patterns (`fnmatch`) of layers that are not trained in this stage.
        schedule: 'step' (paper) multiplies by `decay_factor` after each of `decay_epochs`; 'cosine' falls to zero.
        decay_epochs: finished epochs after which the rate falls; paper: 15 and 25.
        decay_factor: paper: 0.1.
        warmup_steps: steps of linear rise at the start; paper: none.
        clipnorm: upper limit of the gradient's norm over all weights; None (paper): no limit.
        pose_loss: see `deephar.layers.losses.pose_regression_loss`.
        confidence_weight: of the confidence's cross entropy; paper: 0.01.
        action_weight: of each action output's cross entropy; paper: 0.01.
        heatmap_weight: of an additional cross entropy on every probability map (`losses.heatmap_crossentropy`), which
            makes a small network learn faster; paper: none.
        pose_replica: the action part reads copies of the last pose layers, made when the stage begins.
        precision: 'float32', or 'mixed_bfloat16' or 'mixed_float16' for an accelerator.
        jit_compile: hand the step to XLA; only read on the TensorFlow backend.
        monitor: name of the validation metric that decides which weights are best; None: the first one.
        monitor_mode: 'max' or 'min'.
        seed: of the order of batches.
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
    no_decay: tuple = ()
    rate_factors: tuple = ()
    frozen: tuple = ()
    schedule: str = "step"
    decay_epochs: tuple = (15, 25)
    decay_factor: float = 0.1
    warmup_steps: int = 0
    clipnorm: float | None = None
    pose_loss: str = "l1l2bincross"
    confidence_weight: float = 0.01
    action_weight: float = 0.01
    heatmap_weight: float = 0.0
    pose_replica: bool = False
    precision: str = "float32"
    jit_compile: bool = False
    monitor: str | None = None
    monitor_mode: str = "max"
    seed: int = 0

    def __post_init__(self):
        allowed = {
            "task": TASKS,
            "optimizer": OPTIMIZERS,
            "schedule": SCHEDULES,
            "precision": PRECISIONS,
            "monitor_mode": ("max", "min"),
        }
        for field, values in allowed.items():
            if getattr(self, field) not in values:
                raise ValueError(f"`{field}` must be one of {', '.join(values)}. Received: {getattr(self, field)!r}")
        for field in ("epochs", "steps_per_epoch", "learning_rate"):
            if not getattr(self, field) > 0:
                raise ValueError(f"`{field}` must be above zero. Received: {getattr(self, field)!r}")
        for field in ("decay_epochs", "no_decay", "frozen"):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        object.__setattr__(self, "rate_factors", tuple(map(tuple, self.rate_factors)))

    def replace(self, **changes):
        """Return a copy with some fields changed: fewer steps, another rate."""
        return dataclasses.replace(self, **changes)

    def rate(self, step):
        """Return the learning rate of a step, counted from 0 over the whole stage."""
        epoch, last = step // self.steps_per_epoch, self.epochs * self.steps_per_epoch
        if self.schedule == "cosine":
            done = max(0, step - self.warmup_steps) / max(1, last - self.warmup_steps)
            rate = 0.5 * self.learning_rate * (1 + math.cos(math.pi * min(1.0, done)))
        else:
            rate = self.learning_rate * self.decay_factor ** sum(epoch >= e for e in self.decay_epochs)
        return rate * min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else rate


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Stages in order.

    Attributes:
        name: of the recipe.
        stages: tuple of `Stage`, names unique.
        source: where the schedule comes from.
    """

    name: str
    stages: tuple
    source: str = ""

    def __post_init__(self):
        names = [s.name for s in self.stages]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"`stages` must have one stage or more, with different names. Received: {names}")

    def replace_all(self, **changes):
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
