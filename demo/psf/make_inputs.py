#!/usr/bin/env python3
"""Writes the photograph and the point-spread filter of the demo as .npy.

    make_inputs.py DIRECTORY    writes image.npy and psf.npy there

image.npy is the 512x512 grayscale photograph that ships inside the wheel of
scikit-image, as f32 integers 0..255. psf.npy is a 1023x1023 filter of
non-negative f32 integers that sum to 65,793: 255 * 65,793 = 2^24 - 1, so that
every partial sum is an integer that f32 holds exactly, in any order of adding.
"""

import hashlib
import importlib.metadata
import pathlib
import sys

import numpy as np
from PIL import Image

PHOTOGRAPH = "skimage/data/camera.png"
PHOTOGRAPH_SHA256 = (
    "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a")
EXTENT = 1023
PHOTONS = 65793

# How the light of a point is shared out; the shares add up to one.
APERTURE_SHARE = 0.50  # imaged by the lens: blur and diffraction
SPIKE_SHARE = 0.25     # scattered by the cross-screen filter in front of it
GLARE_SHARE = 0.25     # scattered by dust and haze, all over the picture


def photograph():
    """The picture, read out of the installed wheel: nothing is downloaded."""
    wheel = importlib.metadata.distribution("scikit-image")
    path = pathlib.Path(wheel.locate_file(PHOTOGRAPH))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != PHOTOGRAPH_SHA256:
        sys.exit(f"{path}: got sha256 {digest}, needed {PHOTOGRAPH_SHA256}")
    return np.asarray(Image.open(path).convert("L"), dtype=np.float32)


def polar():
    """Radius in pixels and angle of each tap, seen from the middle one."""
    offset = np.arange(EXTENT) - EXTENT // 2
    row, column = np.meshgrid(offset, offset, indexing="ij")
    return np.hypot(row, column), np.arctan2(row, column)


def aperture_share():
    """Diffraction at a five-bladed aperture, out of focus and with coma.

    The intensity is the squared magnitude of the Fourier transform of the
    pupil function, summed over the wavelengths of visible light. Coma makes
    it asymmetric, so that a filter applied the wrong way round would show.
    """
    radius, angle = polar()
    share = np.zeros((EXTENT, EXTENT))
    for wavelength in np.linspace(0.75, 1.25, 9):  # in units of the middle one
        pupil_radius = 0.12 * EXTENT / wavelength
        rho = radius / pupil_radius
        wedge = 2 * np.pi / 5
        blade = np.cos(wedge / 2) / np.cos((angle + 0.3) % wedge - wedge / 2)
        waves = (0.9 * rho**2 + 0.8 * rho**3 * np.cos(angle - 0.8)) / wavelength
        pupil = (rho <= blade) * np.exp(2j * np.pi * waves)
        field = np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(pupil)))
        share += np.abs(field) ** 2
    return share / share.sum()


def spike_share():
    """Six rays of a cross-screen filter, a pixel wide, fading as 1/r."""
    radius, angle = polar()
    share = np.zeros((EXTENT, EXTENT))
    for ray in np.arange(3) * np.pi / 3 + 0.2:
        distance = radius * np.sin(angle - ray)
        share += np.exp(-(distance / 1.2) ** 2) / (radius + 8)
    return share / share.sum()


def glare_share():
    """Veiling glare: the inverse-square law of disability glare."""
    radius, _ = polar()
    share = 1 / (radius**2 + 40.0**2)
    return share / share.sum()


def count_photons(density):
    """Shares PHOTONS whole photons out by `density`, which sums to one.

    Walks the taps in an order that leaps over the filter, and gives each the
    whole photons that have become due: the total is exact, every count is
    within one of its expected value, and the faint tail, worth far less than
    a photon per tap, becomes an even scatter of single ones.
    """
    stride = 646790  # about EXTENT**2 / golden ratio, and coprime to it
    order = np.arange(density.size, dtype=np.int64) * stride % density.size
    due = np.round(np.cumsum(density.ravel()[order]) * PHOTONS)
    counts = np.zeros(density.size)
    counts[order] = np.diff(due, prepend=0)
    return counts.reshape(density.shape).astype(np.float32)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_inputs.py DIRECTORY")
    directory = pathlib.Path(sys.argv[1])

    image = photograph()
    psf = count_photons(APERTURE_SHARE * aperture_share()
                        + SPIKE_SHARE * spike_share()
                        + GLARE_SHARE * glare_share())
    border = np.concatenate([psf[0], psf[-1], psf[:, 0], psf[:, -1]])
    assert image.shape == (512, 512)
    assert psf.sum(dtype=np.float64) == PHOTONS and psf.min() == 0
    assert border.any(), "the filter has to reach its own border"

    np.save(directory / "image.npy", image)
    np.save(directory / "psf.npy", psf)


if __name__ == "__main__":
    main()
