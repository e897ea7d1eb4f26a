"""Scenes through Blender as a Python module: a picture, and a mask with a colour for each object.

CLEVR's models, materials and lights come as files of Blender, which are not used here: shapes and materials are written
down as its paper and pictures show them.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Vector

from benchmarks.scenes.drawing import COLORS, Drawn, Lamp
from benchmarks.scenes.geometry import ASPECT, LENS, SENSOR, Solid
from benchmarks.scenes.layout import MASK_BACKGROUND, MASK_COLORS, to_linear

SAMPLES = 12
"""Rays of light per pixel, before noise is taken away. Twice as many look the same at 128 × 128."""

BOUNCES = 4
"""Of light, at most; CLEVR takes 8, which look the same."""

FLOOR = 0.6
"""Reflected share of light, from which the floor is CLEVR's light gray."""

SKY = 0.18
"""Light from everywhere, which leaves shadows gray."""

EDGE = 0.06
"""Radius of the round edges of cubes and cylinders, relative to half their height."""

MATERIALS = {
    "rubber": {"Metallic": 0.0, "Roughness": 0.7, "IOR": 1.25},
    "metal": {"Metallic": 1.0, "Roughness": 0.2, "IOR": 2.5},
}


def prepare(size: int, threads: int) -> None:
    """Begin with an empty scene, and set what all renderings have in common.

    Parameters
    ----------
    size : int
        Pixels along each side.
    threads : int
    """
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.max_bounces = BOUNCES
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.denoiser = "OPENIMAGEDENOISE"
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.render.pixel_aspect_x = ASPECT
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
    scene.render.dither_intensity = 0
    for note in [name for name in dir(scene.render) if name.startswith("use_stamp_")]:
        setattr(scene.render, note, False)  # of the hour and the machine
    scene.view_settings.view_transform = "Standard"
    scene.world = bpy.data.worlds.new("world")
    scene.world.use_nodes = True


def render(drawn: Drawn, image: Path, mask: Path) -> None:
    """Render a scene and its mask.

    Parameters
    ----------
    drawn : Drawn
    image, mask : Path
        Files to write; their names end with ``.png``.
    """
    scene = bpy.context.scene
    kept = list(bpy.data.objects)
    try:
        _add_camera(drawn.camera)
        others = [_add_floor(), *(_add_lamp(lamp) for lamp in drawn.lamps)]
        solids = [_add_solid(solid) for solid in drawn.solids]
        for solid, color, material in zip(solids, drawn.colors, drawn.materials, strict=True):
            _cover(solid, _surface(np.array(COLORS[color]) / 255, **MATERIALS[material]))
        _set_sky((1.0, 1.0, 1.0), SKY)
        scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.filter_width = SAMPLES, True, 1.5
        _write(image)
        for thing in others:
            thing.hide_render = True
        for solid, color in zip(solids, MASK_COLORS, strict=False):
            _cover(solid, _glow(to_linear(color)))
        _set_sky(to_linear(MASK_BACKGROUND), 1.0)
        # The middle of each pixel alone, so that no pixel is a mixture of colours.
        scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.filter_width = 1, False, 0.01
        _write(mask)
    finally:
        _remove_all_but(kept)


def _write(path: Path) -> None:
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def _link(name: str, data: Any) -> Any:
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def _look_at_origin(thing: Any, place: Any) -> None:
    thing.location = place
    thing.rotation_euler = (-Vector(place)).to_track_quat("-Z", "Y").to_euler()


def _add_camera(place: np.ndarray) -> None:
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width, data.sensor_fit = LENS, SENSOR, "HORIZONTAL"
    bpy.context.scene.camera = _link("camera", data)
    _look_at_origin(bpy.context.scene.camera, place.tolist())


def _add_lamp(lamp: Lamp) -> Any:
    data = bpy.data.lights.new("lamp", "AREA")
    data.energy, data.color, data.size = lamp.power, lamp.color, 1.0
    thing = _link("lamp", data)
    _look_at_origin(thing, lamp.place)
    return thing


def _add_floor() -> Any:
    bpy.ops.mesh.primitive_plane_add(size=200)
    floor = bpy.context.object
    _cover(floor, _surface(np.full(3, FLOOR), Metallic=0.0, Roughness=1.0, IOR=1.0))
    return floor


def _add_solid(solid: Solid) -> Any:
    place, turned = solid.center.tolist(), (0.0, 0.0, math.radians(solid.rotation))
    if solid.shape == "sphere":
        bpy.ops.mesh.primitive_uv_sphere_add(segments=64, ring_count=32, radius=solid.half, location=place)
    elif solid.shape == "cube":
        bpy.ops.mesh.primitive_cube_add(size=2 * solid.half, location=place, rotation=turned)
    else:
        bpy.ops.mesh.primitive_cylinder_add(vertices=64, radius=solid.half, depth=2 * solid.half, location=place)
    thing = bpy.context.object
    if solid.shape != "sphere":
        edges = thing.modifiers.new("edges", "BEVEL")
        edges.width, edges.segments, edges.limit_method = EDGE * solid.half, 4, "ANGLE"
        edges.angle_limit = math.radians(45)
        edges.harden_normals = True
    thing.data.polygons.foreach_set("use_smooth", [True] * len(thing.data.polygons))
    return thing


def _surface(color: np.ndarray, **settings: float) -> Any:
    """Material of a colour, and what it reflects like."""
    material = bpy.data.materials.new("surface")
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*color.tolist(), 1.0)
    for name, value in settings.items():
        shader.inputs[name].default_value = value
    return material


def _glow(color: np.ndarray) -> Any:
    """Material of one colour, whatever the light."""
    material = bpy.data.materials.new("glow")
    material.use_nodes = True
    nodes = material.node_tree.nodes
    shader = nodes.new("ShaderNodeEmission")
    shader.inputs["Color"].default_value = (*color.tolist(), 1.0)
    material.node_tree.links.new(shader.outputs[0], nodes["Material Output"].inputs["Surface"])
    return material


def _cover(thing: Any, material: Any) -> None:
    thing.data.materials.clear()
    thing.data.materials.append(material)


def _set_sky(color: Any, strength: float) -> None:
    inputs = bpy.context.scene.world.node_tree.nodes["Background"].inputs
    inputs["Color"].default_value = (*color, 1.0)
    inputs["Strength"].default_value = strength


def _remove_all_but(kept: list[Any]) -> None:
    """Remove what a scene has added, so that the next one is drawn into the same emptiness."""
    for thing in [thing for thing in bpy.data.objects if thing not in kept]:
        bpy.data.objects.remove(thing)
    for kind in (bpy.data.meshes, bpy.data.lights, bpy.data.cameras, bpy.data.materials):
        for block in list(kind):
            kind.remove(block)
