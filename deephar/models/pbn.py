"""The part-based branching network (PBN): an hourglass trunk, and a small branch of its own for each group of parts.

Tang and Wu, "Does learning specific features for related parts help human pose estimation?", CVPR 2019, sections 3.2,
4.1 and figure 3. Stacks are those of `deephar.models.hourglass`; the 1x1 convolution behind each stack's residual and
the one that brings features to the next stack are not in the text, but both parameter counts of the paper need them;
so do normalisation and ReLU in front of each branch's last convolution.

    image -- stem --> x --+-- hourglass -- residual -- 1x1 --> shared features --+--> branch of group 1 --+
                          |                                                      +--> branch of group 2 --+--> maps
                          |                                                      +--> ...               --+     |
                          +---------------------- add <-- 1x1 -- features <------+                         1x1 -+
                                                   +--> x of the next stack

    branch: 1x1 to 64 channels -- residual 64 -- normalisation, ReLU -- 1x1 to the maps of the group's parts

Groups of related parts are data: `deephar.data.part_groups` has those of the paper and finds others.
"""

from collections.abc import Sequence

from keras import layers

from deephar.layers import relu
from deephar.layers.maps import JoinGroups
from deephar.models import hourglass
from deephar.models.arguments import check_counts, check_shape
from deephar.models.base import PoseModel
from deephar.models.hourglass import batch_norm, conv, heatmap_head, next_input, pool, residual, stack_features
from deephar.utils.parts import GROUPS, check_groups
from deephar.utils.pose import mpii16j2d

HEADS = ("branches", "deep", "plain")
FUSIONS = ("shared", "specific")
NUM_JOINTS = mpii16j2d.num_joints


def stem(x, filters, name="stem"):
    """Images (B, H, W, 3) to features (B, H / 4, W / 4, filters), by convolutions of 3 x 3."""
    for number in (1, 2, 3):
        x = relu(batch_norm(conv(x, 64, 3, f"{name}_conv{number}"), f"{name}_bn{number}"), name=f"{name}_relu{number}")
        x = pool(x, f"{name}_pool1") if number == 1 else x
    return hourglass.entry_residuals(x, filters, name)


def regressor(x, num_maps, name):
    """Normalisation, ReLU and the last 1x1 convolution: features to maps."""
    return heatmap_head(relu(batch_norm(x, f"{name}_bn"), name=f"{name}_relu"), num_maps, f"{name}_maps")


def branch(features, num_maps, filters, num_residuals, name):
    """Features and maps of one group of parts, from the shared features."""
    x = conv(features, filters, 1, f"{name}_reduce")
    for number in range(1, num_residuals + 1):
        x = residual(x, filters, f"{name}_res{number}")
    return x, regressor(x, num_maps, name)


def predict(features, groups, head, branch_filters, branch_residuals, name):
    """Maps (B, H, W, 16) in MPII's order of one stack, and the features they were made of, a list of tensors."""
    if head == "plain":
        return heatmap_head(features, NUM_JOINTS, f"{name}_maps"), [features]
    if head == "deep":
        x = residual(features, features.shape[-1], f"{name}_deep_res")
        x_maps = relu(batch_norm(x, f"{name}_deep_bn"), name=f"{name}_deep_relu")
        return heatmap_head(x_maps, NUM_JOINTS, f"{name}_maps"), [x]
    found = [
        branch(features, len(group), branch_filters, branch_residuals, f"{name}_group{number}")
        for number, group in enumerate(groups, 1)
    ]
    maps = JoinGroups(groups, NUM_JOINTS, name=f"{name}_maps")([maps for _, maps in found])
    return maps, [x for x, _ in found]


def build(
    input_shape: tuple[int, ...] = (256, 256, 3),
    groups: str | Sequence[Sequence[int]] = "statistical",
    num_stacks: int = 8,
    head: str = "branches",
    branch_filters: int = 64,
    branch_residuals: int = 1,
    fusion: str = "shared",
    filters: int = 256,
    sigma_px: float | None = None,
) -> PoseModel:
    """Build a part-based branching network with fresh weights, not compiled.

    Args:
        input_shape: (H, W, C) of the images, H and W multiples of 64, or None for any size.
        groups: "statistical", the five groups that the paper found in annotations; "body", its six made by hand; or a
            list of lists of MPII joint numbers that together name every joint. A joint may be in several groups: the
            mean of its maps counts then.
        num_stacks: 8 in the paper.
        head: "branches"; or a baseline of the paper: "deep", one residual for all parts, of about as many weights as
            the branches together, or "plain", a convolution of 1x1 alone.
        branch_filters, branch_residuals: channels of a branch, even, and its residuals; 64 and 1 in the paper.
        fusion: what the next stack gets besides the maps: "shared", the features that all branches read, or "specific",
            those that the branches made, put together.
        filters: channels of the trunk, even; 256 in the paper.
        sigma_px: width in cells of the Gaussian that maps are trained for; None: the 7 x 7 patch of 1.75 cells of Torch
            that the hourglass has, which the losses in the paper speak for; 1.0 is what its text says.

    Returns:
        A `PoseModel`. Outputs: a list of heatmaps (B, H / 4, W / 4, 16) in MPII's order, one a stack, named
        `stack1_maps`, `stack2_maps`, ...

    Raises:
        ValueError: an argument out of its range, or groups that leave a joint out or name one twice.

    Example:
        >>> from deephar.models import pbn
        >>> pbn.build((64, 64, 3), num_stacks=1, filters=16, branch_filters=8).output_shape
        (None, 16, 16, 16)
    """
    check_shape(input_shape, hourglass.IMAGE_DIV)
    check_counts(num_stacks=num_stacks, branch_residuals=branch_residuals)
    check_counts(even=True, filters=filters, branch_filters=branch_filters)
    for name, value, allowed in (("head", head, HEADS), ("fusion", fusion, FUSIONS)):
        if value not in allowed:
            raise ValueError(f"`{name}` should be one of {', '.join(allowed)}. Received: {value!r}")
    if isinstance(groups, str) and groups not in GROUPS:
        raise ValueError(f"`groups` should be one of {', '.join(GROUPS)}, or lists of joints. Received: {groups!r}")
    groups = check_groups(GROUPS[groups] if isinstance(groups, str) else groups, NUM_JOINTS)
    inputs = layers.Input(tuple(input_shape), name="frame")
    x, outputs = stem(inputs, filters), []
    for number in range(1, num_stacks + 1):
        name = f"stack{number}"
        features, _ = stack_features(x, name)
        maps, own = predict(features, groups, head, branch_filters, branch_residuals, name)
        outputs.append(maps)
        if number < num_stacks:
            if fusion == "specific":
                features = layers.Concatenate(name=f"{name}_own")(own) if len(own) > 1 else own[0]
            x = next_input(x, features, maps, name)
    model = PoseModel(inputs, outputs, name="PBN")
    target = hourglass.TARGET if sigma_px is None else {"sigma_px": sigma_px}
    blocks = [(f"stack{k + 1}", 1) for k in range(num_stacks)]
    model.signature = hourglass.signature_for(input_shape, NUM_JOINTS, blocks, mpii16j2d, target)
    return model
