"""Inverses of many small matrices at once, whether or not their eigenvalues are asked."""

import numpy as np

from ipdma.model.batch_inference import inverse_kept


def scaled(matrices: np.ndarray) -> np.ndarray:
    """Matrices (d, d, B) with a unit diagonal, in size."""
    size = np.sqrt(np.abs(np.einsum("iin->in", matrices)))
    return matrices / (size[:, None] * size)


def test_definite_flat_and_falling_directions_beside_each_other() -> None:
    rng = np.random.default_rng(11)
    columns = rng.normal(size=(4, 6, 300))
    columns[3, :, 100:200] = columns[:2, :, 100:200].sum(axis=0) + 1e-7 * columns[3, :, 100:200]
    matrices = np.einsum("ikn,jkn->ijn", columns, columns)
    matrices[3, 3, 200:] *= 0.05  # no covariance: an eigenvalue below zero
    matrices = scaled(matrices)
    found = inverse_kept(matrices, 1e-8)
    for matrix, inverse in zip(np.moveaxis(matrices, -1, 0), np.moveaxis(found, -1, 0), strict=True):
        values, vectors = np.linalg.eigh(matrix)
        kept = values > 1e-8 * values[-1]
        expected = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
        np.testing.assert_allclose(inverse, expected, rtol=1e-8, atol=1e-9 * np.abs(expected).max())
    dropped = (np.linalg.eigvalsh(np.moveaxis(matrices, -1, 0)) <= 0).any(axis=1)
    assert dropped[200:].sum() > 50
