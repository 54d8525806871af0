"""How networks that name what happens in a clip, R3D50-G and S3D-G, were trained, and the same for smaller batches.

Li et al., "PERF-Net: Pose Empowered RGB-Flow Net", WACV 2022, section 4.

    Kinetics, random weights     SGD 0.9, 2,000 steps up to 1.6, cosine over 20,000, batches of 2,048
    UCF101, HMDB51               30 epochs from the weights above, cross entropy alone, mean over three splits
"""

import dataclasses
import math

from deephar.training.recipes import Recipe, Stage

PUBLISHED_BATCH = 2048  # 8 clips on each of 256 cores
NUM_SPLITS = 3  # of UCF101 and HMDB51, whose scores `deephar.metrics.actions.mean_over_splits` averages

# Keras takes the decay beside the gradient, so that momentum does not add it up: it pulls a tenth as much as a decay of
# the same size in the loss. That biases and normalisation are spared is ours; the paper does not speak of it.
_SGD = dict(
    optimizer="sgd",
    momentum=0.9,
    nesterov=False,
    weight_decay=1e-4,
    no_decay=("bias", "gamma", "beta"),
    schedule="cosine",
    action_weight=1.0,
)

PERFNET_RECIPE = Recipe(
    "perfnet",
    (Stage("action", "action", epochs=22, steps_per_epoch=1000, learning_rate=1.6, warmup_steps=2000, **_SGD),),
    "WACV 2022, section 4, in batches of 2,048, there in bfloat16 (`precision`). The paper states steps: an epoch of "
    "1,000 is ours",
)

# An epoch is the 9,537 training videos of the first split of UCF101.
FINETUNE_RECIPE = Recipe(
    "perfnet-finetune",
    (Stage("finetune", "action", epochs=30, steps_per_epoch=5, learning_rate=0.16, **_SGD),),
    "WACV 2022, section 4: cross entropy alone, 30 epochs, the mean over three splits. The rate, a tenth of that from "
    "random weights, its cosine and the batch are ours: the paper does not state them",
)


def recipe_for_batch(
    recipe: Recipe, batch_size: int, num_clips: int | None = None, accumulation_steps: int = 1
) -> Recipe:
    """Return a recipe of this module for other batches: rate in proportion to the clips that a change of weights sees.

    Source of the rule: Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 2.1; there, too, the number of
    epochs stays. The warm-up keeps its share of all steps.

    Args:
        recipe: `Recipe` for batches of PUBLISHED_BATCH.
        batch_size: int. Clips in a batch.
        num_clips: int or None. Clips in an epoch, all of the training set's; None: as many as in the recipe's own.
        accumulation_steps: int. Batches for one change of the weights, see `Stage`.

    Raises:
        ValueError: a number below 1.

    Example:
        >>> from deephar.training.recipes_clips import PERFNET_RECIPE, recipe_for_batch
        >>> (stage,) = recipe_for_batch(PERFNET_RECIPE, batch_size=8, accumulation_steps=32).stages
        >>> stage.learning_rate, stage.epochs, stage.steps_per_epoch, stage.warmup_steps
        (0.2, 22, 256000, 512000)
    """
    numbers = {"batch_size": batch_size, "num_clips": num_clips, "accumulation_steps": accumulation_steps}
    for name, value in numbers.items():
        if value is not None and (not isinstance(value, int) or value < 1):
            raise ValueError(f"`{name}` must be a whole number, 1 or above. Received: {value!r}")

    def scaled(stage):
        clips = stage.steps_per_epoch * PUBLISHED_BATCH if num_clips is None else num_clips
        steps = math.ceil(clips / batch_size)
        return stage.replace(
            steps_per_epoch=steps,
            learning_rate=stage.learning_rate * batch_size * accumulation_steps / PUBLISHED_BATCH,
            warmup_steps=round(stage.warmup_steps * steps / stage.steps_per_epoch),
            accumulation_steps=accumulation_steps,
        )

    return dataclasses.replace(recipe, stages=tuple(scaled(stage) for stage in recipe.stages))
