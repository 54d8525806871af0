"""Runs the stages of a recipe: compile, train, validate, save, go on after a kill.

    Stage -> compile_for_stage -> MultiModelTrainer -> after each epoch: validation, log, weights, state -> next stage

Source: TPAMI 2020, sections 4.2.3 and 3.3.4.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from deephar.checkpoints.loading import copy_weights
from deephar.models.base import PoseModel
from deephar.models.signature import matches, signature_of
from deephar.models.surgery import copy_replica_layers
from deephar.training.feeder import Loader
from deephar.training.objectives import objectives_of, with_maps_loss
from deephar.training.optimizers import averaged, make_optimizer, take_averages
from deephar.training.recipes import Recipe, Stage
from deephar.training.run import Run
from deephar.training.trainer import MultiModelTrainer, unwrap
from deephar.training.validated import write_validation
from deephar.utils.io import printnl, warning
from deephar.utils.progress import clock


def set_precision(model: keras.Model, precision: str) -> None:
    """Set the number format of a built model's layers for a stage, those of models inside of it included.

    Convolutions, normalisation and what lies between follow `precision`; layers of this package, the signature's
    `float32_part` and the layers of the outputs, whose results are positions, maps and probabilities, stay in float32;
    so do 3D convolutions larger than what they are laid on, of which TensorFlow computes wrong gradients in bfloat16.
    """
    last = {y._keras_history[0] for y in getattr(model, "outputs", None) or ()}
    _set_precision(model, precision, signature_of(model).float32_part, last, "")


def _set_precision(model, precision, float32_part, last, inside):
    for layer in model.layers:
        name = f"{inside}{layer.name}"
        if isinstance(layer, keras.Model):
            _set_precision(layer, precision, float32_part, set(), f"{name}/")
            continue
        ours = type(layer).__module__.split(".")[0] == "deephar"
        exact = ours or not layer.weights or layer in last or matches(name, float32_part) or _overhangs(layer)
        layer.dtype_policy = "float32" if exact and not _between_convolutions(layer) else precision


def _overhangs(layer):
    """Return whether the kernel of a 3D convolution is larger than what it is laid on, where that is known.

    On processors with bfloat16 oneDNN leaves parts of the kernel's gradient unset then.
    """
    sizes = layer.input.shape[1:-1] if isinstance(layer, keras.layers.Conv3D) else ()
    return any(n is not None and k > n for k, n in zip(getattr(layer, "kernel_size", ()), sizes, strict=False))


def _between_convolutions(layer):
    """Return whether a layer without weights may follow the format of the convolutions around it."""
    kinds = (keras.layers.ReLU, keras.layers.Add, keras.layers.MaxPooling2D, keras.layers.UpSampling2D)
    relu = isinstance(layer, keras.layers.Activation) and getattr(layer.activation, "__name__", "") == "relu"
    return relu or isinstance(layer, kinds)


def compile_for_stage(models: Sequence[keras.Model], stage: Stage, full_model: keras.Model | None = None) -> None:
    """Compile models for a stage: every output gets the objective of its kind and its weight.

    In an action stage only the layers of the signature's `action_part` are trainable; batch normalisation of the others
    then uses its moving statistics. `stage.frozen` freezes more layers, in every stage.

    Raises:
        ValueError: nothing would be trained; or `stage.recompute` for a model that is not a `PoseModel`.
    """
    whole = full_model or models[0]
    freeze_for_stage(whole, stage)
    for model in models:
        if stage.recompute and not isinstance(model, PoseModel):
            raise ValueError(
                "`stage.recompute` needs networks of deephar.models. "
                f"Received: {model.name!r}, a {type(model).__name__}"
            )
        model.recompute = stage.recompute
        if not model.trainable_variables:
            raise ValueError(
                f"`stage` {stage.name!r} of task {stage.task!r} must leave trainable weights in {model.name!r}. "
                f"Received: action part {signature_of(whole).action_part}, frozen {stage.frozen}"
            )
        loss, weights = objectives_of(model, stage)
        model.compile(
            make_optimizer(stage, model.trainable_variables),
            loss=unwrap(loss),
            loss_weights=unwrap(weights),
            jit_compile="auto" if keras.backend.backend() == "jax" else stage.jit_compile,
        )
        model.optimizer.build(model.trainable_variables)


def freeze_for_stage(model: keras.Model, stage: Stage) -> None:
    """Make the layers of a whole model trainable or frozen, as a stage asks for."""
    action_part = signature_of(model).action_part
    for layer in model.layers:
        frozen = matches(layer.name, stage.frozen)
        frozen |= stage.task == "action" and not matches(layer.name, action_part)
        layer.trainable = not frozen


class _StageRun:
    """What happens around the epochs of one stage: rates, validation, saving."""

    def __init__(self, trainer, model, stage, run, validation, time_limit_s, verbose):
        self.trainer, self.model, self.stage, self.run, self.verbose = trainer, model, stage, run, verbose
        self.validation, self.time_limit_s, self.start = validation, time_limit_s, time.monotonic()
        self.first, self.rate = run.epochs_done(stage.name), stage.rate(0)
        self.used_s = seconds_used(run, stage)  # by the sessions before
        self.closing_s = 0.0  # that validating and saving take
        best = run.meta.get("best") if run.meta.get("stage") == stage.name else None
        self.best = best if best is not None and math.isfinite(best) else None

    def _share(self):
        """How much of the time for training is over, 1 at its end; None where there is no limit."""
        if self.stage.minutes is None:
            return None
        seconds = self.used_s + time.monotonic() - self.start
        return min(1.0, seconds / max(1e-9, 60 * self.stage.minutes - self.closing_s))

    def before_step(self, step):
        """Set the rate of a step; False where time is over, though every epoch has its first step."""
        share = self._share()
        if share == 1.0 and step % self.stage.steps_per_epoch:
            return False
        self.rate = self.stage.rate(step, share)
        for model in self.trainer.models:
            model.optimizer.learning_rate = self.rate
        return True

    def _is_best(self, scores, epoch, last):
        """Return whether an epoch is the best of its stage so far, which no score is that is not finite."""
        if scores:
            name = self._decides(scores)
            if name not in scores:
                raise ValueError(f"`monitor` must be one of the scores {', '.join(scores)}. Received: {name!r}")
            value, larger = scores[name], self.stage.monitor_mode == "max"
        else:
            name, larger = "loss", False
            value = sum(self.trainer.logs[f"loss{i}"] for i in range(len(self.trainer.models)))
        finite = math.isfinite(value)
        if not finite:
            warning(f"`{name}` of {self.stage.name}, epoch {epoch + 1}, is {value}: not saved as best weights")
        better = finite and (self.best is None or bool(value > self.best if larger else value < self.best))
        self.best = float(value) if better else self.best
        if self.best is None and last:
            warning(f"no epoch of {self.stage.name} had a finite `{name}`: it has no best weights, only its last ones")
        return better

    def _decides(self, scores):
        """The name of the score that decides about the best weights."""
        return self.stage.monitor or next(iter(scores))

    def end_of_epoch(self, epoch):
        begin = time.monotonic()
        with averaged(self.trainer.models):
            scores = dict(self.validation(epoch) or {}) if self.validation is not None else {}
        seconds = time.monotonic() - self.start
        row = {"stage": self.stage.name, "epoch": epoch + 1, "seconds": round(seconds, 1), "learning_rate": self.rate}
        row["wait_share"] = round(self.trainer.wait_share, 4)
        self.run.log({**row, **self.trainer.logs, **scores})
        share = self._share()
        last = epoch + 1 == self.stage.epochs if share is None else share == 1.0
        best = self._is_best(scores, epoch, last)
        if best and scores:
            name = self._decides(scores)
            write_validation(self.run, self.stage, epoch, name, scores[name])
        finished = [name for name in self.run.meta.get("finished", []) if name != self.stage.name]
        finished += [self.stage.name] if last else []
        optimizers = [m.optimizer for m in self.trainer.models]
        state = dict(stage=self.stage.name, epoch=epoch + 1, finished=finished, best=self.best)
        state.update(minutes=self.stage.minutes, seconds_used=self.used_s + seconds)
        self.run.save(self.model, optimizers, best, averaged(self.trainer.models), **state)
        self.closing_s = max(self.closing_s, time.monotonic() - begin)
        if self.verbose:
            self._print(epoch, scores, seconds, best)
        return not last and (self.time_limit_s is None or seconds <= self.time_limit_s)

    def _print(self, epoch, scores, seconds, best):
        totals = {k: v for k, v in self.trainer.logs.items() if k in ("loss0", "loss1", "samples_per_s")}
        shown = "  ".join(f"{k} {v:.4g}" for k, v in {**totals, **scores}.items())
        if self.stage.minutes is None:
            left, number = seconds / (epoch + 1 - self.first) * (self.stage.epochs - epoch - 1), f"/{self.stage.epochs}"
        else:
            left, number = max(0.0, 60 * self.stage.minutes - self.used_s - seconds), ""
        times = f"{clock(seconds)}, {clock(left)} left  waiting {100 * self.trainer.wait_share:.0f} %"
        printnl(f"{self.stage.name} {epoch + 1}{number}  {shown}  {times}" + "  best" * best)


def seconds_used(run: Run, stage: Stage) -> float:
    """Return the seconds that earlier sessions of a run trained a stage."""
    return run.meta.get("seconds_used", 0.0) if run.meta.get("stage") == stage.name else 0.0


def goes_on(run: Run, stage: Stage) -> bool:
    """Return whether a stage that was finished, and no other one has begun, has more epochs or minutes now."""
    done = run.epochs_done(stage.name)
    if stage.minutes is None:
        return 0 < done < stage.epochs
    return done > 0 and stage.minutes > (run.meta.get("minutes") or 0)


def train_stage(
    models: keras.Model | Sequence[keras.Model],
    loaders: Loader | Sequence[Loader],
    stage: Stage,
    run: Run,
    validation: Callable[[int], Mapping[str, float]] | None = None,
    full_model: keras.Model | None = None,
    workers: int | Sequence[int] = 1,
    use_multiprocessing: bool = False,
    max_queue_size: int = 10,
    uint8: bool = False,
    time_limit_s: float | None = None,
    print_full_losses: bool = True,
    verbose: int = 1,
    make_trainer: Callable[..., MultiModelTrainer] = MultiModelTrainer,
) -> list[dict]:
    """Train one stage in a run folder, from its start or from where the folder says it was interrupted.

    Args:
        models: Model, whose outputs are all trained, or list of Model ([pose model, action model]) trained in turn.
        loaders: `BatchLoader` or whatever else `BatchFeeder` takes, or a list with one for each model.
        stage: `Stage`. Where it was finished, and no other one has begun, more `epochs` or `minutes` go on with it.
        run: `Run`.
        validation: function (epoch: int, from 0) -> dict of str to float, called after every epoch; decides about the
            best weights. A score that is not finite is never best. Without it the smallest loss does. A `Score` among
            them tells more, which is kept in the run folder (`deephar.training.validated`).
        full_model: Model that is saved; by default the first one.
        workers: int or list of int. Threads or processes that load ahead; 0: none.
        use_multiprocessing: bool. Load in processes.
        max_queue_size: int. Batches that are loaded ahead at most.
        uint8: bool. Batches of RGB images travel as uint8: a quarter of the bytes, and a rounding of colours, see
            `deephar.training.packing`.
        time_limit_s: float or None. Stop after the epoch in which this many seconds have passed.
        print_full_losses: bool. Log the loss of every output.
        verbose: int. 0 shows nothing, 1 a progress bar.
        make_trainer: `MultiModelTrainer`, or a function with its arguments that makes another one, such as
            `deephar.training.on_device.OnDeviceTrainer`.

    Returns:
        list of the run's log rows.

    Raises:
        NonFiniteError: a loss or weight is not finite; what was saved before is untouched.
        ValueError: an output cannot be trained, or nothing would be.

    Example:

        import numpy as np
        from deephar.models import hourglass
        from deephar.training.recipes import Stage
        from deephar.training.run import Run
        from deephar.training.stages import train_stage

        class Batches:  # a `BatchLoader` of a data set takes its place
            def __len__(self):
                return 1

            def __getitem__(self, index):
                images = np.zeros((2, 64, 64, 3), "float32")
                poses = np.full((2, 16, 3), 0.5, "float32")  # x, y, normalised to the crop; confidence
                return (images,), (poses,)

        model = hourglass.build((64, 64, 3), num_stacks=1, filters=8)
        stage = Stage("pose", epochs=1, steps_per_epoch=2)
        rows = train_stage(model, Batches(), stage, Run("runs/poses"))
        print(rows[-1]["loss0"])
    """
    models = list(models) if isinstance(models, (list, tuple)) else [models]
    loaders = list(loaders) if isinstance(loaders, (list, tuple)) else [loaders]
    model = full_model or models[0]
    done = run.epochs_done(stage.name)
    over = run.finished(stage.name) and not goes_on(run, stage)
    if over and not done:
        trained = sum(row.get("stage") == stage.name for row in run.rows)
        if trained < stage.epochs and stage.minutes is None:
            warning(f"{stage.name} was finished after {trained} epochs and another stage has begun: it gets no more")
        return run.rows
    if over and stage.ema_decay is None:
        run.restore(model)
        return run.rows
    run.describe(model)
    set_precision(model, stage.precision)
    if stage.heatmap_weight:
        has_poses = [bool(signature_of(m).pose_outputs) for m in models]
        weight = stage.heatmap_weight
        models = [with_maps_loss(m, weight) if poses else m for m, poses in zip(models, has_poses, strict=True)]
    compile_for_stage(models, stage, model)
    if done:
        run.restore(model, [m.optimizer for m in models])
    if not over:
        trainer = make_trainer(
            models,
            loaders,
            workers=workers,
            max_queue_size=max_queue_size,
            print_full_losses=print_full_losses,
            seed=stage.seed,
            use_multiprocessing=use_multiprocessing,
            uint8=uint8,
        )
        around = _StageRun(trainer, model, stage, run, validation, time_limit_s, verbose)
        trainer.before_step = around.before_step
        epochs = stage.epochs if stage.minutes is None else None
        trainer.train(epochs, stage.steps_per_epoch, done, around.end_of_epoch, verbose)
    if run.finished(stage.name):
        take_averages(models)  # what the next stage begins with
    return run.rows


def run_recipe(
    recipe: Recipe,
    build: Callable[[bool], tuple[keras.Model, keras.Model, keras.Model | None]],
    loaders: Mapping[str, Loader],
    run: Run,
    validations: Mapping[str, Callable[[keras.Model, int], Mapping[str, float]]] | None = None,
    **options: Any,
) -> keras.Model:
    """Train all stages of a recipe, going on where the run folder stopped.

    Args:
        recipe: a `Recipe`.
        build: function (pose_replica) -> (full model, pose model, action model or None). It is called again where a
            stage asks for decoupled poses: the new model takes the weights of the old one, the replicas copy theirs.
        loaders: dict with the loaders of `pose` and `action`.
        run: a `Run`.
        validations: dict of functions (full model, epoch) -> scores, by name of the stage or by task.
        options: of `train_stage`; `time_limit_s` holds for all stages together.

    Returns:
        The full model after the last stage, or after the one in which the time was up.
    """
    full, replica, start = None, None, time.monotonic()
    limit = options.pop("time_limit_s", None)
    for stage in recipe.stages:
        if full is None or stage.pose_replica != replica:
            old, replica = full, stage.pose_replica
            full, pose, action = build(replica)
            if old is not None and not run.epochs_done(stage.name):
                copy_weights(old, full, ignore="*_replica")
                copy_replica_layers(full)
        models = {"pose": [pose], "action": [action], "joint": [pose, action]}[stage.task]
        keys = {"pose": ["pose"], "action": ["action"], "joint": ["pose", "action"]}[stage.task]
        check = (validations or {}).get(stage.name, (validations or {}).get(stage.task))
        train_stage(
            models,
            [loaders[k] for k in keys],
            stage,
            run,
            validation=None if check is None else (lambda epoch, f=check, m=full: f(m, epoch)),
            full_model=full,
            time_limit_s=None if limit is None else limit - (time.monotonic() - start),
            **options,
        )
        if not run.finished(stage.name):
            break
    return full
