"""The loss of the CVPR'18 networks on plain poses, a sum; its means over annotated coordinates are in `losses`."""

from keras import ops

from deephar.utils.pose import VALID_ABOVE


def elasticnet_loss_on_valid_joints(y_true, y_pred):
    """Return the elastic net |e| + e^2, summed over the coordinates above -1e6.

    `deephar.losses` has a function of the same name that divides the sum by the number of these coordinates: with this
    one a network wants a learning rate that is smaller by as much.

    Args:
        y_true: (..., J, D), coordinates that are not annotated -1e9.
        y_pred: (..., J, D).

    Returns:
        (...,).
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(y_true, y_pred.dtype)
    error = ops.where(y_true > VALID_ABOVE, y_pred - y_true, ops.zeros_like(y_pred))
    return ops.sum(ops.abs(error) + ops.square(error), axis=(-2, -1))
