#!/usr/bin/env python3
"""Compares every pixel of the blurred photograph with an independent result.

    verify.py IMAGE.npy PSF.npy BLURRED.npy

The reference is a correlation by FFT in f64. All its exact values are integers
below 2^24 and its error is far below a half, so that rounding makes it exact
and the comparison is for equality. Exits with 1 if a pixel differs.
"""

import sys

import numpy as np


def correlate(image, psf):
    """out[i, j] = sum over a, b of padded[i + a, j + b] * psf[a, b]."""
    extent = [i + p - 1 for i, p in zip(image.shape, psf.shape)]
    spectrum = np.fft.rfft2(image, extent) * np.fft.rfft2(psf[::-1, ::-1],
                                                          extent)
    full = np.fft.irfft2(spectrum, extent)
    rows, columns = ((p // 2, p // 2 + i)
                     for i, p in zip(image.shape, psf.shape))
    return full[slice(*rows), slice(*columns)]


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: verify.py IMAGE.npy PSF.npy BLURRED.npy")
    image, psf, blurred = (np.load(path).astype(np.float64)
                           for path in sys.argv[1:])
    reference = correlate(image, psf)
    exact = np.round(reference)
    assert np.abs(reference - exact).max() < 0.01
    if blurred.shape != exact.shape:
        sys.exit(f"got shape {blurred.shape}, needed {exact.shape}")
    wrong = np.count_nonzero(blurred != exact)
    if wrong:
        sys.exit(f"{wrong} of {exact.size} pixels differ from the reference")
    print(f"all {exact.size} pixels equal the reference")


if __name__ == "__main__":
    main()
