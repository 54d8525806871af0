"""Rays against solids in closed form, depth order, lens, silhouettes and determinism of the renderer."""

from types import SimpleNamespace

import numpy as np
import pytest

from deephar.synthetic import shadow
from deephar.synthetic.environment import draw_surroundings
from deephar.synthetic.rasterise import NEAR_MM, cull, intersect_box, intersect_round, nearest, pack
from deephar.synthetic.rays import Grid, grid_of, undistort
from deephar.synthetic.render import render
from deephar.synthetic.scene import Camera, Scene, SolidsBuilder, Surroundings

H36M = {"k": (-0.207, 0.248, -0.003), "p": (-0.0009, -0.0014)}
SIZE = (96, 80)


def look_at(position, target, focal=120.0, size=SIZE, **lens):
    """A camera at `position` that looks at `target`, upright."""
    position, target = np.asarray(position, float), np.asarray(target, float)
    z = (target - position) / np.linalg.norm(target - position)
    x = np.cross(z, [0.0, 0.0, 1.0])
    x /= np.linalg.norm(x)
    return Camera(
        np.stack([x, np.cross(z, x), z]), position, (focal, focal), (size[0] / 2, size[1] / 2), size=size, **lens
    )


def project(camera, points):
    """Pixels (N, 2) and depth (N,) of world points, written out from the lens model."""
    local = (np.asarray(points, float) - camera.position) @ camera.R.T
    x, y = local[:, 0] / local[:, 2], local[:, 1] / local[:, 2]
    r2, (k1, k2, k3), (p1, p2) = x * x + y * y, camera.k, camera.p
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3 + 2 * (p1 * y + p2 * x)
    px = np.stack([x * radial + p2 * r2, y * radial + p1 * r2], axis=1)
    return px * camera.f + camera.c, local[:, 2]


def room():
    """A grey room that holds every camera of these tests."""
    grey = np.full((256, 256, 3), 128, np.uint8)
    return Surroundings(floor=grey, wall=grey, bounds=(-9000.0, 9000.0, -9000.0, 9000.0, 6000.0))


def scene_of(builder, camera):
    return Scene(camera, builder.build(), room())


def hit(builder, direction):
    """Distance along one ray from the origin (camera at the world's origin, axes of the world), inf where it misses."""
    camera = Camera(np.eye(3), np.zeros(3), (100.0, 100.0), (50.0, 50.0), size=(100, 100))
    packed = pack(builder.build(), camera)
    ray = np.asarray(direction, float) / direction[2]
    rays = np.zeros((3, 1, 3), np.float32)  # all rays of one tile are the same
    rays[:, 0, 2] = ray
    grid = Grid((8, 8), (1, 1), rays, np.zeros(1, np.float32))
    kind = intersect_round if packed.num_round else intersect_box
    with np.errstate(all="ignore"):
        depth = float(kind(packed, grid, np.array([0]), np.array([0]))[0, 0])
    return depth * np.linalg.norm(ray) if depth > 0 else np.inf


def test_sphere_distance():
    builder = SolidsBuilder()
    builder.ellipsoid((0, 0, 2000.0), np.eye(3) * 300.0, builder.material(), 0)
    assert hit(builder, (0, 0, 1)) == pytest.approx(1700.0, abs=0.5)
    sine = 299.0 / 2000.0
    assert np.isfinite(hit(builder, (sine, 0, np.sqrt(1 - sine**2))))
    sine = 301.0 / 2000.0
    assert np.isinf(hit(builder, (sine, 0, np.sqrt(1 - sine**2))))


def test_ellipsoid_distance():
    builder = SolidsBuilder()
    builder.ellipsoid((0, 0, 2000.0), np.diag([100.0, 200.0, 400.0]), builder.material(), 0)
    assert hit(builder, (0, 0, 1)) == pytest.approx(1600.0, abs=0.5)
    builder = SolidsBuilder()
    builder.ellipsoid((0, 0, 2000.0), np.array([[0, 0, 400.0], [0, 200.0, 0], [100.0, 0, 0]]), builder.material(), 0)
    assert hit(builder, (0, 0, 1)) == pytest.approx(1900.0, abs=0.5)


def test_capsule_side_and_cap():
    builder = SolidsBuilder()
    builder.capsule((-500.0, 0, 2000.0), (500.0, 0, 2000.0), 80.0, 80.0, builder.material(), 0)
    assert hit(builder, (0, 0, 1)) == pytest.approx(1920.0, abs=0.5)
    builder = SolidsBuilder()
    builder.capsule((0, 0, 2000.0), (0, 0, 3000.0), 80.0, 80.0, builder.material(), 0)
    assert hit(builder, (0, 0, 1)) == pytest.approx(1920.0, abs=0.5)


def test_flat_capsule_is_scaled_along_its_front():
    builder = SolidsBuilder()
    builder.capsule((-500.0, 0, 2000.0), (500.0, 0, 2000.0), 100.0, 100.0, builder.material(), 0, (0, 0, 1.0), 0.5)
    assert hit(builder, (0, 0, 1)) == pytest.approx(1950.0, abs=0.5)


def test_box_distance():
    builder = SolidsBuilder()
    builder.box((0, 0, 2000.0), np.eye(3), (100.0, 100.0, 250.0), builder.material(), 0)
    assert hit(builder, (0, 0, 1)) == pytest.approx(1750.0, abs=0.5)
    assert np.isinf(hit(builder, (0.2, 0, 1)))


@pytest.mark.parametrize("ends", [(120.0, 40.0), (40.0, 120.0), (90.0, 90.0)])
def test_round_cone_is_the_hull_of_its_spheres(ends):
    """Distances equal the least over many spheres along the axis."""
    a, b = np.array([-250.0, 60.0, 2100.0]), np.array([320.0, -90.0, 1900.0])
    builder = SolidsBuilder()
    builder.capsule(a, b, *ends, builder.material(), 0)
    rng = np.random.default_rng(0)
    share = np.linspace(0, 1, 2001)
    centres, radii = a + share[:, None] * (b - a), ends[0] + share * (ends[1] - ends[0])
    checked = 0
    for _ in range(150):
        ray = np.array([*rng.uniform(-0.2, 0.2, 2), 1.0])
        ray /= np.linalg.norm(ray)
        along = centres @ ray
        inside = radii**2 - (centres**2).sum(1) + along**2
        if np.abs(inside.max()) < 400.0:
            continue  # grazing
        want = (along - np.sqrt(np.maximum(inside, 0)))[inside > 0].min() if inside.max() > 0 else np.inf
        got = hit(builder, ray)
        assert got == want if np.isinf(want) else got == pytest.approx(want, abs=1.5)
        checked += np.isfinite(want)
    assert checked > 10


def test_nearer_solid_wins_whatever_the_order():
    camera = look_at((4000.0, 0, 1000.0), (0, 0, 1000.0))
    parts = []
    for order in ((0, 1), (1, 0)):
        builder = SolidsBuilder()
        grey = builder.material()
        for index in order:
            if index == 0:
                builder.ellipsoid((1000.0, 0, 1000.0), np.eye(3) * 150.0, grey, 1)
            else:
                builder.box((-500.0, 0, 1000.0), np.eye(3), (100.0, 900.0, 900.0), grey, 2)
        parts.append(render(scene_of(builder, camera)))
    np.testing.assert_array_equal(parts[0].part, parts[1].part)
    np.testing.assert_array_equal(parts[0].frame, parts[1].frame)
    assert parts[0].part[40, 48] == 1
    assert parts[0].part[40, 58] == 2
    assert parts[0].depth[40, 48] == pytest.approx(2850.0, abs=3)
    assert parts[0].depth[40, 58] == pytest.approx(4400.0, abs=3)


@pytest.mark.parametrize("lens", [{}, H36M])
def test_small_spheres_appear_where_their_centres_project(lens):
    camera = look_at((3000.0, 500.0, 1600.0), (0, 0, 1000.0), **lens)
    rng = np.random.default_rng(1)
    centres = rng.uniform((-400, -900, 300), (400, 900, 1700), (40, 3))
    builder = SolidsBuilder()
    grey = builder.material()
    for index, centre in enumerate(centres):
        builder.ellipsoid(centre, np.eye(3) * 45.0, grey, index)
    out = render(scene_of(builder, camera))
    px, depth = project(camera, centres)
    seen = 0
    for index, (place, far) in enumerate(zip(px, depth, strict=True)):
        rows, columns = np.nonzero(out.part == index)
        full = np.pi * (45.0 * 120.0 / far) ** 2
        if 0.85 * full < len(rows) < 1.3 * full:
            middle = np.array([columns.mean(), rows.mean()]) + 0.5
            np.testing.assert_allclose(middle, place, atol=0.45)
            assert out.depth[rows, columns].min() == pytest.approx(far - 45.0, abs=6.0)
            seen += 1
    assert seen > 15


def test_lens_is_undone_exactly_enough():
    x, y = np.meshgrid(np.linspace(-0.45, 0.45, 21), np.linspace(-0.45, 0.45, 21))
    straight_x, straight_y = undistort(x, y, H36M["k"], H36M["p"])
    camera = Camera(np.eye(3), np.zeros(3), (1.0, 1.0), (0.0, 0.0), **H36M)
    back, _ = project(camera, np.stack([straight_x, straight_y, np.ones_like(x)], axis=-1).reshape(-1, 3))
    np.testing.assert_allclose(back, np.stack([x, y], axis=-1).reshape(-1, 2), atol=3e-4)


def test_floor_and_walls_are_where_they_should_be():
    camera = look_at((3000.0, 0, 1500.0), (0, 0, 1500.0))
    out = render(Scene(camera, SolidsBuilder().build(), room()))
    assert (out.part == -1).all()
    assert out.depth[40, 48] == pytest.approx(12000.0, rel=1e-3)
    down = (79.5 - 40.0) / 120.0
    assert out.depth[79, 48] == pytest.approx(1500.0 / down, rel=1e-3)


def test_sky_has_no_depth_and_images_fill_the_frame():
    camera = look_at((3000.0, 0, 1500.0), (0, 0, 1500.0))
    grey = np.full((256, 256, 3), 100, np.uint8)
    out = render(Scene(camera, SolidsBuilder().build(), Surroundings(kind="outdoor", floor=grey, wall=grey)))
    assert np.isinf(out.depth[:30]).all() and np.isfinite(out.depth[60:]).all()
    image = np.random.default_rng(0).integers(0, 255, (*SIZE[::-1], 3)).astype(np.uint8)
    out = render(Scene(camera, SolidsBuilder().build(), Surroundings(kind="image", image=image)))
    np.testing.assert_array_equal(out.frame, image)


def test_culling_loses_no_pixel():
    """All tiles against all solids gives the same image as the culled pairs."""
    camera = look_at((1500.0, 200.0, 900.0), (0, 0, 900.0), **H36M)
    rng = np.random.default_rng(2)
    builder = SolidsBuilder()
    grey = builder.material()
    for index in range(25):
        a = rng.uniform((-700, -700, 100), (1700, 700, 1700))
        radii = rng.uniform(10, 160, 2)
        builder.capsule(a, a + rng.normal(0, 250, 3), *radii, grey, index, rng.normal(size=3), rng.uniform(0.4, 1))
        turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        builder.ellipsoid(a + 100, turn * rng.uniform(20, 200, 3), grey, 100 + index)
    solids, grid = builder.build(), grid_of(camera, SIZE)
    packed = pack(solids, camera)
    distance, _ = nearest(packed, grid)
    tile, solid = (v.reshape(-1) for v in np.meshgrid(np.arange(grid.reach.size), np.arange(50), indexing="ij"))
    with np.errstate(all="ignore"):
        every = intersect_round(packed, grid, tile, solid).reshape(64, grid.reach.size, 50)
        hit = (every > NEAR_MM).any(axis=2).T
    np.testing.assert_array_equal(np.isfinite(distance), hit)
    assert len(cull(packed, grid)[0]) < len(tile) / 2


@pytest.mark.parametrize("size", [(96, 80), (50, 37), (8, 8)])
def test_any_size_and_same_bytes_twice(size):
    camera = look_at((3000.0, 0, 1500.0), (0, 0, 1000.0))
    builder = SolidsBuilder()
    builder.capsule((0, 0, 500.0), (0, 0, 1500.0), 200.0, 100.0, builder.material(pattern="checks"), 3)
    first, second = (render(scene_of(builder, camera), size) for _ in range(2))
    assert first.frame.shape == (size[1], size[0], 3) and first.frame.dtype == np.uint8
    assert first.depth.shape == first.part.shape == (size[1], size[0])
    assert first.depth.dtype == np.float32 and first.part.dtype == np.int16
    assert (first.part == 3).any()
    np.testing.assert_array_equal(first.frame, second.frame)
    np.testing.assert_array_equal(first.depth, second.depth)


def test_light_comes_from_the_lit_side_and_a_shadow_falls_away_from_it():
    from deephar.synthetic.scene import Light

    camera = look_at((3500.0, 0, 2500.0), (0, 0, 500.0))
    builder = SolidsBuilder()
    builder.ellipsoid((0, 0, 700.0), np.eye(3) * 400.0, builder.material(), 0)
    light = Light((0.0, 0.7, 0.7), (0.8, 0.8, 0.8))  # from the person's left, the right of the image
    scene = Scene(camera, builder.build(), room(), (light,))
    out, bare = render(scene), draw_surroundings(scene, grid_of(camera, SIZE))
    ball = out.part == 0
    columns = np.nonzero(ball)[1]
    middle = int(columns.mean())
    bright = out.frame.mean(axis=2)
    right, left = ball.copy(), ball.copy()
    right[:, :middle], left[:, middle:] = False, False
    assert bright[right].mean() > bright[left].mean() + 20
    before = bare.grid.untile(bare.planes[:3].mean(axis=0))
    dark = (before - bright > 10) & ~ball
    assert dark.sum() > 50 and np.nonzero(dark)[1].mean() < middle


def test_unknown_surroundings_are_named():
    with pytest.raises(ValueError, match="`kind`.*'room', 'outdoor' or 'image'.*Received: 'moon'"):
        render(Scene(look_at((1000.0, 0, 1000.0), (0, 0, 900.0)), SolidsBuilder().build(), Surroundings(kind="moon")))


def test_things_that_are_far_apart_with_nothing_in_their_middle_cast_no_shadow_there():
    ends = np.array([[[x, y, 0.0], [x, y, 900.0]] for x, y in ((-2e4, 0), (0, 2e4), (2e4, -2e4))], np.float32)
    scene = SimpleNamespace(lights=[SimpleNamespace(direction=(0.0, 0.0, 1.0))])
    dark, origin = shadow._shadow_map(scene, ends, np.full(3, 100, np.float32))
    assert not dark.any() and dark.shape == (shadow.SHADOW_CELLS,) * 2 and np.isfinite(origin).all()
    near, _ = shadow._shadow_map(scene, ends * 0.01, np.full(3, 100, np.float32))
    assert near.max() > 0.5
