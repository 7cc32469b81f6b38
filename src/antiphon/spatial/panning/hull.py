"""The polyhedron that the loudspeakers span (BS.2127, section 6.1.3.1)."""

import numpy as np
from scipy.spatial import ConvexHull

from antiphon.spatial.geometry import Vector

__all__ = ["facets", "neighbours"]

_SAME_PLANE = 1e-5


def facets(points: Vector) -> list[list[int]]:
    """Return the faces of the convex hull of ``points`` (n, 3) as lists of corners.

    Triangles in one plane are one face, so a face may have four corners or more.
    """
    hull = ConvexHull(points)
    planes: list[Vector] = []
    faces: list[set[int]] = []
    for triangle, plane in zip(hull.simplices, hull.equations, strict=True):
        corners = {int(corner) for corner in triangle}
        for known, face in zip(planes, faces, strict=True):
            if float(np.linalg.norm(known - plane)) < _SAME_PLANE:
                face.update(corners)
                break
        else:
            planes.append(plane)
            faces.append(corners)
    return [sorted(face) for face in faces]


def neighbours(faces: list[list[int]], vertex: int) -> list[int]:
    """Return the corners that share a face with ``vertex``."""
    shared: set[int] = set()
    for face in faces:
        if vertex in face:
            shared.update(face)
    return sorted(shared - {vertex})
