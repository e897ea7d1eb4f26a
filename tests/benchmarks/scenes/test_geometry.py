"""What the camera sees, against rays that are followed in small steps."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from benchmarks.scenes.geometry import ASPECT, CAMERA, LENS, RADIUS, SENSOR, SHAPES, Solid, camera_axes, first_met
from benchmarks.scenes.geometry import in_picture as place

CAMERA = np.array(CAMERA)


def is_inside(solid, points):
    """Whether points (..., 3) are inside of an object, from its definition."""
    x, y, z = np.moveaxis(points - [solid.x, solid.y, 0], -1, 0)
    radius = RADIUS[solid.size]
    if solid.shape == "sphere":
        return x**2 + y**2 + (z - radius) ** 2 <= radius**2
    if solid.shape == "cylinder":
        return (x**2 + y**2 <= radius**2) & (z >= 0) & (z <= 2 * radius)
    edge, angle = radius * math.sqrt(2), math.radians(solid.rotation)
    along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    return (abs(along) <= edge / 2) & (abs(across) <= edge / 2) & (z >= 0) & (z <= edge)


def followed(solids, size):
    """Object that each ray meets first, at steps of a hundredth."""
    right, up, forward = camera_axes(CAMERA)
    found = np.full((size, size), -1)
    for row in range(size):
        for column in range(size):
            across = ((column + 0.5) / size - 0.5) * SENSOR / LENS
            down = ((row + 0.5) / size - 0.5) * SENSOR / LENS / ASPECT
            ray = forward + across * right - down * up
            points = CAMERA + np.arange(4, 20, 0.01)[:, None] * ray / np.linalg.norm(ray)
            met = np.array([is_inside(solid, points) for solid in solids])
            if met.any():
                found[row, column] = met[:, met.any(axis=0).argmax()].argmax()
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_rays_meet_what_steps_along_them_meet(shape):
    others = [Solid("sphere", "small", 1.2, -1.4, 0.0), Solid("cylinder", "small", -1.5, -1.8, 0.0)]
    solids = [Solid(shape, "large", 0.3, -0.4, 25.0), *others, Solid("cube", "small", 1.0, 1.6, 70.0)]
    found, slow = first_met(CAMERA, solids, 40), followed(solids, 40)
    assert set(np.unique(slow)) == {-1, 0, 1, 2, 3}
    assert (found != slow).sum() <= 4  # rays that graze an edge between two steps


def test_a_camera_inside_of_the_plane_of_a_side():
    """A ray parallel to two sides of a cube meets it if it runs between them."""
    cube = Solid("cube", "large", 0.0, 0.0, 0.0)
    camera = np.array([6.0, 0.0, 0.2])
    found = first_met(camera, [cube], 33)
    assert found[16, 16] == 0
    assert (found == found[:, ::-1]).all()


def test_the_camera_looks_at_the_origin():
    axes = camera_axes(CAMERA)
    assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert_allclose(place(CAMERA, np.zeros(3)), [0.5, 0.5, np.linalg.norm(CAMERA)])
    assert place(CAMERA, np.array([0, 0, 1.0]))[1] < 0.5, "up is up"
    assert place(CAMERA, np.array([1.0, 1.0, 0]))[0] > 0.5, "right is right"


def test_a_point_is_where_its_ray_is():
    """The small object's middle is in the middle of the pixels that show it."""
    solid = Solid("sphere", "small", 1.0, 0.5, 0.0)
    rows, columns = np.nonzero(first_met(CAMERA, [solid], 200) == 0)
    across, down, _ = place(CAMERA, solid.center)
    assert_allclose([(columns.mean() + 0.5) / 200, (rows.mean() + 0.5) / 200], [across, down], atol=2e-3)


def test_what_is_behind_the_camera_is_not_seen():
    assert (first_met(np.array([2.0, 0, 1]), [Solid("sphere", "large", 4.0, 0.0, 0.0)], 16) == -1).all()
