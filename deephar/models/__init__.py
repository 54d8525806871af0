"""Network architectures: one file each, their signatures, and what can be done to a built model."""

from deephar.lazy import lazy_attributes

_NAMES = {
    "deephar.models.export": "export_model",
    "deephar.models.inflation": "inflate",
    "deephar.models.signature": "InputSpec OutputSpec Signature infer_signature signature_of",
    "deephar.models.spnet": "compile_split_models get_num_predictions split_model",
    "deephar.models.surgery": "compile_model copy_replica_layers cut_model image_view join_confidence maps_view "
    "prediction_blocks set_trainable_layers sharpen_maps split_at_action_part trainable_table",
    "deephar.models.transfer": "reestimate_batch_norm transfer_weights",
    "deephar.models.zoo": "build_model load_model",
}
__getattr__, __dir__, __all__ = lazy_attributes(
    __name__, {name: module for module, names in _NAMES.items() for name in names.split()}
)
__all__ += ["spnet"]
