"""Groups of related body parts, as data: which joints a branch of a part-based network predicts together.

Tang and Wu, "Does learning specific features for related parts help human pose estimation?", CVPR 2019, section 3.1.
Numbers are those of MPII's joints: 0 to 5 right ankle, knee, hip, left hip, knee, ankle; 6 pelvis, 7 thorax, 8 neck,
9 head top; 10 to 15 right wrist, elbow, shoulder, left shoulder, elbow, wrist.

    "statistical"  five groups of parts with much mutual information, as the paper found them in annotations
    "body"         six made by hand: head and neck, arms, lower legs, hips
"""

from collections.abc import Sequence

GROUPS = {
    "statistical": ((9, 8, 7, 13, 12), (14, 15), (11, 10), (3, 2, 6), (4, 1, 5, 0)),
    "body": ((9, 8, 7), (15, 14, 13), (10, 11, 12), (4, 5), (1, 0), (3, 2, 6)),
}


def check_groups(groups: Sequence[Sequence[int]], num_joints: int) -> tuple[tuple[int, ...], ...]:
    """Return groups as tuples of int.

    Args:
        groups: lists of joint numbers. A joint may be in several of them.
        num_joints: J.

    Raises:
        ValueError: a group is empty or names a joint twice, a number is no joint's, or a joint is in no group.
    """
    found = tuple(tuple(int(joint) for joint in group) for group in groups)
    for group in found:
        if not group or len(set(group)) < len(group):
            raise ValueError(f"`groups` must name a joint at most once in each group, none empty. Received: {group}")
    named = {joint for group in found for joint in group}
    strange, missing = sorted(named - set(range(num_joints))), sorted(set(range(num_joints)) - named)
    if strange:
        raise ValueError(f"`groups` must hold joints from 0 to {num_joints - 1}. Received: {strange}")
    if missing:
        raise ValueError(f"`groups` must name every joint. Received: groups without {missing}")
    return found
