"""The names that code of old imports from `deephar.utils`."""

import deephar.utils

NAMES = """
TEST_MODE TRAIN_MODE VALID_MODE T AffineTransform transform_2d_points transform_pose_sequence
normalize_channels PoseBBox get_valid_bbox get_valid_bbox_array get_objpos_winsize compute_grid_bboxes
bbox_to_objposwin objposwin_to_bbox get_gt_bbox get_crop_params Camera camera_deserialize
project_pred_to_camera HeatMaps2D pose_heatmaps normalpdf2d linspace_2d clustering_grid pa16j2d pa16j3d
pa17j2d pa17j3d pa20j3d pa21j3d ntu25j3d coco17j get_visible_joints get_valid_joints convert_pa17j3d_to_pa16j
write_poselist draw show printcn printnl warning mkdir appstr HEADER OKBLUE OKGREEN WARNING FAIL ENDC
""".split()


def test_star_import_gives_every_name():
    space = {}
    exec("from deephar.utils import *", space)
    assert not [name for name in NAMES if name not in space]
    assert not [name for name in deephar.utils.__all__ if not hasattr(deephar.utils, name)]
    assert (space["TEST_MODE"], space["TRAIN_MODE"], space["VALID_MODE"]) == (0, 1, 2)
