"""Converts rows of extents between polar and Cartesian with `ear`: ``python convert.py ROWS.npz``.

``polar`` (n, 6): azimuth, elevation, distance, width, height, depth; ``cartesian`` (n, 6): x, y, z
and the sizes along them. Prints both converted, as JSON.
"""

import json
import sys

import numpy as np
from ear.core.objectbased.conversion import extent_cart_to_polar, extent_polar_to_cart

rows = np.load(sys.argv[1])
print(
    json.dumps(
        {
            "cartesian": [list(map(float, extent_polar_to_cart(*row))) for row in rows["polar"]],
            "polar": [list(map(float, extent_cart_to_polar(*row))) for row in rows["cartesian"]],
        }
    )
)
