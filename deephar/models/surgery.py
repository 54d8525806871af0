"""Work on built models: trainable layers, copies of replicas, compiling many outputs, cutting after a block."""

import dataclasses
from collections.abc import Callable, Sequence

import keras

from deephar.layers import FoldFrames, UnfoldFrames
from deephar.layers.frames import stable_dtype
from deephar.models.base import PoseModel
from deephar.models.graph import operations_behind, tensors_into
from deephar.models.signature import InputSpec, OutputSpec, Signature, matches, signature_of

_REPLICA = "_replica"


def set_trainable_layers(
    model: keras.Model, keyword: str, pos_trainable: bool | None, neg_trainable: bool | None = None
) -> None:
    """Make layers trainable or frozen by their name.

    Args:
        model: keras.Model. The model; compile it afterwards for the change to take effect.
        keyword: str. Part of a layer's name.
        pos_trainable: bool or None. For layers with the keyword in their name: True, False, or None to leave them.
        neg_trainable: bool or None. For the others, likewise.
    """
    for layer in model.layers:
        flag = pos_trainable if keyword in layer.name else neg_trainable
        if flag is not None:
            layer.trainable = bool(flag)


def trainable_table(model: keras.Model) -> str:
    """Return a table as text, one line a layer with weights: trainable or frozen, name, kind, number of weights."""
    rows = [f"Model {model.name}: layers with weights"]
    for layer in model.layers:
        if layer.weights:
            state = "trainable" if layer.trainable and layer.trainable_weights else "frozen   "
            rows.append(f"{state} | {layer.name} | {type(layer).__name__} | {layer.count_params()}")
    return "\n".join(rows)


def copy_replica_layers(model: keras.Model, names: Sequence[str] | None = None) -> None:
    """Give every layer `X_replica` the weights of layer `X`; with `names` only those of them."""
    for layer in model.layers:
        if _REPLICA in layer.name and (names is None or layer.name in names):
            layer.set_weights(model.get_layer(layer.name.split(_REPLICA)[0]).get_weights())


def compile_model(
    model: keras.Model,
    loss: str | Callable | Sequence[str | Callable],
    optimizer: str | keras.optimizers.Optimizer,
    loss_weights: float | Sequence[float] | None = None,
) -> None:
    """Compile a model of many outputs.

    Args:
        loss: str, function or list of them. One for all outputs, or a list with one for each.
        loss_weights: float, list of float or None. One for all outputs, or a list with one for each; None: 1.

    Raises:
        ValueError: a list has another length than the model has outputs.
    """
    num_outputs = len(model.outputs)
    settings = {"loss": loss, "loss_weights": loss_weights}
    for name, value in settings.items():
        if isinstance(value, tuple):
            value = list(value)
        if value is not None and not isinstance(value, list):
            value = [value] * num_outputs
        if value is not None and len(value) != num_outputs:
            raise ValueError(f"`{name}` should have {num_outputs} entries, one an output. Received: {len(value)}")
        settings[name] = value
    model.compile(optimizer=optimizer, **settings)


def prediction_blocks(model: keras.Model) -> list[str]:
    """Return the names of the prediction blocks of poses, in order of computation.

    They are `dp1_pb1`, `dp1_pb2`, ... in an SPNet; `pb1`, `pb2`, ... in a ReceptionNet; `stack1`, ... in an hourglass.
    """
    signature = signature_of(model)
    return list(dict.fromkeys(signature.outputs[k].block for k in signature.pose_outputs))


def sharpen_maps(model: keras.Model, factor: float, block: int | str = -1) -> None:
    """Multiply the heat maps of a block, so that its probability maps follow their peak more than their spread.

    A soft-argmax is the mean of its probability map. A network that was taught its maps (`recipes.Stage`,
    `heatmap_weight`) shows two places where it cannot tell left from right, and the mean lies between them; sharper
    maps decide for one. Like `sam_alpha`, but in the weights and for one block: what the block hands on is divided
    again, so all other blocks' poses stay the same. Actions that read the block's maps change with them, and so does
    depth, which sharp maps make worse: for x and y alone, build the network with `ModelConfig.xy_window`.

    It is made for SPNet alone, whose layers `BLOCK_heatmaps_conv1` and `_conv2` it finds by name.

    Args:
        model: keras.Model. An SPNet of 2D poses, changed in place.
        factor: float. Above 0; above 1 sharpens.
        block: int or str. Name of the block, or its number as Python counts.

    Raises:
        ValueError: no such block, or `factor` not above 0.
    """
    layers = {layer.name: layer for layer in model.layers}
    blocks = [name for name in prediction_blocks(model) if f"{name}_heatmaps_conv1" in layers]
    name = block if block in blocks else blocks[block] if block in range(-len(blocks), len(blocks)) else None
    if name is None or not factor > 0:
        allowed = f"`block` should be a number or one of {', '.join(blocks)}, `factor` above 0"
        raise ValueError(f"{allowed}. Received: block={block!r}, factor={factor!r}")
    (maps,) = layers[f"{name}_heatmaps_conv1"].get_weights()  # (1, 1, C, J)
    layers[f"{name}_heatmaps_conv1"].set_weights([factor * maps])
    back = layers.get(f"{name}_heatmaps_conv2")
    if back is not None:
        (kernel,) = back.get_weights()  # (1, 1, 2 J, C): free maps, then the heat maps
        kernel[:, :, -maps.shape[-1] :] /= factor
        back.set_weights([kernel])


def _with_outputs(model, outputs, signature):
    """A model on the same layers and inputs with other outputs; of the same class where that is one of ours."""
    kind = type(model) if isinstance(model, PoseModel) else keras.Model
    other = kind(model.inputs if len(model.inputs) > 1 else model.inputs[0], outputs, name=model.name)
    other.signature = signature
    return other


def _joined(pose, confidence, name):
    """One tensor (B, [T,] J, D + 1) of a pose (B, [T,] J, D) and its confidence, time put back last where it is."""
    join = keras.layers.Concatenate(name=f"{name}_joined", dtype=stable_dtype())
    makers = [y._keras_history[0] for y in (pose, confidence)]
    if not all(isinstance(maker, UnfoldFrames) for maker in makers):
        return join([pose, confidence])
    return UnfoldFrames(pose.shape[1], name=f"{name}_joined_clip")(join([maker.input for maker in makers]))


def join_confidence(model: keras.Model) -> keras.Model:
    """Return the model with each pose (B, [T,] J, D) and the confidence (B, [T,] J, 1) of its block as one output.

    Args:
        model: keras.Model. Of any kind; one without such pairs is returned as it is, the others on the same layers, not
            compiled.
    """
    if not isinstance(model, keras.Model):
        return model
    signature = signature_of(model)
    confidences = {signature.outputs[k].block: k for k in signature.indices("confidence")}
    if not confidences:
        return model
    outputs, specs = [], []
    for name, y, spec in zip(model.output_names, model.outputs, signature.outputs, strict=True):
        if spec.kind == "pose" and spec.block in confidences:
            y = _joined(y, model.outputs[confidences[spec.block]], name)
            spec = dataclasses.replace(spec, has_confidence=True)
        if spec.kind != "confidence":
            outputs.append(y)
            specs.append(spec)
    return _with_outputs(model, outputs, dataclasses.replace(signature, outputs=specs))


def image_view(model: keras.Model, signature: Signature | None = None) -> keras.Model | None:
    """Return the pose part of a clip network as a network for single images, on the same weights.

    Args:
        model: keras.Model. A functional clip network that folds its frames into the batch right behind the input.
        signature: `Signature` or None. What replaces the model's own.

    Returns:
        A network (B, H, W, 3) with the pose outputs of `model`; the model itself where it takes images; None where it
        takes clips and is built in another way.
    """
    signature = signature or signature_of(model)
    if signature.num_frames is None:
        return model
    if not isinstance(model, keras.Model) or not any(isinstance(k, FoldFrames) for k in model.layers[1:2]):
        return None
    kept = signature.indices("pose", "confidence", "heatmaps")
    makers = {id(layer.output): layer for layer in model.layers if isinstance(layer, UnfoldFrames)}
    unfolds = [makers.get(id(model.outputs[k])) for k in kept]
    if None in unfolds or not unfolds:
        return None
    view = PoseModel(model.layers[1].output, [layer.input for layer in unfolds], name=f"{model.name}_images")
    view.signature = signature.select(kept).replace(num_frames=None)
    return view


def maps_view(model: keras.Model, block: int, signature: Signature | None = None) -> keras.Model | None:
    """Return the network for single images that gives the maps (B, H, W, J [+ 1]) which a pose is read from.

    Args:
        model: keras.Model. A network of images, or of clips that `image_view` takes; weights are shared.
        block: int. Index into `signature.pose_outputs`.
        signature: `Signature` or None. What replaces the model's own.

    Returns:
        keras.Model; None where the network does not say which maps these are.
    """
    signature = signature or signature_of(model)
    index = signature.pose_outputs[block]
    spec, view = signature.outputs[index], image_view(model, signature)
    if view is None or (spec.kind != "heatmaps" and spec.maps_layer is None):
        return None
    maps = model.outputs[index] if spec.kind == "heatmaps" else model.get_layer(spec.maps_layer).output
    return PoseModel(model.inputs if view is model else model.layers[1].output, maps, name=f"{model.name}_maps")


def _first_blocks(model, signature):
    """Return for each operation behind a pose the number, from 0, of the first block that needs it."""
    numbers = {}
    blocks = prediction_blocks(model)
    kinds = ("pose", "confidence", "heatmaps")
    for number, block in enumerate(blocks):
        own = [k for k in signature.indices(*kinds) if signature.outputs[k].block == block]
        for operation in operations_behind([model.outputs[k] for k in own]):
            numbers.setdefault(operation, number)
    return numbers


def cut_model(model: keras.Model, block: int | str) -> keras.Model:
    """Return the model up to a prediction block: the outputs that the whole model has up to there, for less work.

    The cut model is made of the very layers of `model`: weights are shared, not copied, so training one changes the
    other. Layers that no kept output needs are not in it. Kept are the poses of the first blocks, and all other outputs
    that need nothing of later blocks, in the order of the whole model.

    Args:
        model: keras.Model. A network of several prediction blocks; the cut one is not compiled.
        block: int or str. A block's name, like "up2_pb0" or "pb4", or how many blocks to keep, from 1.

    Raises:
        ValueError: the model has no such block.
    """
    blocks, signature = prediction_blocks(model), signature_of(model)
    if isinstance(block, str) and block in blocks:
        count = blocks.index(block) + 1
    elif isinstance(block, int) and not isinstance(block, bool) and 1 <= block <= len(blocks):
        count = block
    else:
        raise ValueError(f"`block` should be 1 to {len(blocks)} or one of {', '.join(blocks)}. Received: {block!r}")
    first = _first_blocks(model, signature)
    kept = [
        k
        for k, y in enumerate(model.outputs)
        if max(first.get(operation, 0) for operation in operations_behind([y])) < count
    ]
    return _with_outputs(model, [model.outputs[k] for k in kept], signature.select(kept))


def split_at_action_part(model: keras.Model) -> tuple[keras.Model, PoseModel]:
    """Split a network in front of its action part, which then can be trained on what the rest gives, computed once.

    Both halves are made of the very layers of `model`: weights are shared, not copied.

    Args:
        model: keras.Model. A network whose signature names an action part.

    Returns:
        (inputs -> all that the action part reads, outputs of kind "features"; that -> the action outputs, in order).

    Raises:
        ValueError: the model has no action part.

    Example:

        from deephar.config import ModelConfig
        from deephar.models import spnet, split_at_action_part

        config = ModelConfig((8, 64, 64, 3), "pa16j2d", num_actions=[15], num_pyramids=1, action_pyramids=[1], growth=8)
        body, head = split_at_action_part(spnet.build(config))
        print(len(body.outputs), len(head.outputs))  # poses, confidences and appearance for each of three blocks: 9 3
    """
    signature = signature_of(model)
    actions = signature.indices("action")
    outputs = [model.outputs[k] for k in actions]
    between = tensors_into(outputs, lambda name: matches(name, signature.action_part))
    if not between:
        raise ValueError(
            "`model` must have an action part, and layers in front of it. Received: "
            f"{model.name!r}, whose action part is {signature.action_part or 'nothing'}"
        )
    body = PoseModel(model.inputs if len(model.inputs) > 1 else model.inputs[0], between, name=f"{model.name}_body")
    features = [OutputSpec("features", x._keras_history[0].name) for x in between]
    body.signature = dataclasses.replace(signature, outputs=features, action_part=())
    head = PoseModel(between, outputs, name=f"{model.name}_head")
    reads = [_features_spec(x) for x in between]
    head.signature = dataclasses.replace(signature.select(actions), inputs=reads)
    return body, head


def _features_spec(tensor):
    """What a half of a network reads of the other half: (B, T, J, C), or any other shape without its last axis."""
    *size, channels = tensor.shape[1:]
    size = tuple(size) if len(size) == 2 else (None, None)
    return InputSpec(tensor._keras_history[0].name, size, channels, kind="features")
