"""Invented digits, as the grader draws them: every seed gives another alphabet to practise on."""

import numpy as np

SIDE, PEN, GAP = 8, 0.075, 2.2
T = np.linspace(0, 1, 9)[:, None]
BEZIER = np.hstack([(1 - T) ** 2, 2 * T * (1 - T), T**2])  # nine points along a quadratic curve
CENTRES = (np.arange(SIDE) + 0.5) / SIDE
PIXELS = np.stack([np.tile(CENTRES, SIDE), np.repeat(CENTRES, SIDE)], axis=1)  # x, y


def raster(points):
    """Images (N, 64) of strokes through points (N, K, 2): a pen of Gaussian darkness."""
    square = ((points[:, :, None] - PIXELS) ** 2).sum(axis=-1).min(axis=1)
    return np.exp(-square / (2 * PEN**2))


def strokes(glyphs):
    """Points (N, 18, 2) of glyphs (N, 2, 3, 2): two strokes of three control points."""
    return (BEZIER @ glyphs).reshape(len(glyphs), -1, 2)


def alphabet(rng):
    """Ten glyphs whose clean images lie apart."""
    glyphs, images = [], []
    while len(glyphs) < 10:
        glyph = rng.uniform(0.08, 0.92, (1, 2, 3, 2))
        image = raster(strokes(glyph))[0]
        if all(np.linalg.norm(image - other) > GAP for other in images):
            glyphs.append(glyph[0])
            images.append(image)
    return np.array(glyphs)


def samples(rng, glyphs, count, noise=0.10, polarity=True, strength=1.0):
    """Images (count, 64) float32 and their classes (count,): jittered, turned, noisy, half inverted if
    ``polarity``; ``strength`` scales jitter, turns, scales and shifts."""
    y = rng.integers(0, len(glyphs), count)
    points = strokes(glyphs[y] + 0.05 * strength * rng.standard_normal((count, 2, 3, 2))) - 0.5
    angle = np.deg2rad(rng.uniform(-12, 12, count)) * strength
    scale = np.exp(rng.uniform(-0.1, 0.1, count) * strength)
    c, s = (np.cos(angle) * scale)[:, None], (np.sin(angle) * scale)[:, None]
    x_axis = c * points[..., 0] - s * points[..., 1]
    y_axis = s * points[..., 0] + c * points[..., 1]
    shift = rng.uniform(-0.07, 0.07, (count, 1, 2)) * strength
    points = np.stack([x_axis, y_axis], axis=-1) + 0.5 + shift
    X = np.clip(raster(points) + noise * rng.standard_normal((count, 64)), 0, 1)
    if polarity:
        inverted = rng.random(count) < 0.5
        X[inverted] = 1 - X[inverted]
    return X.astype(np.float32), y.astype(np.int64)


def network(rng, *sizes, gain=2.0):
    """Fresh ``[W0, b0, W1, b1, ...]`` of a network of these sizes: W of variance gain / inputs, b = 0."""
    params = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        params += [rng.standard_normal((inputs, outputs)) * np.sqrt(gain / inputs), np.zeros(outputs)]
    return params
