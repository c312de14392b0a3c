#!/usr/bin/env python3
"""Turns a picture in .npy into a grayscale PNG.

    to_png.py PICTURE.npy PICTURE.png [PSF.npy]

With a filter the values are divided by its sum, so that the picture keeps the
brightness it had before; black is 0 and white is 255.
"""

import sys

import numpy as np
from PIL import Image


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: to_png.py PICTURE.npy PICTURE.png [PSF.npy]")
    picture = np.load(sys.argv[1]).astype(np.float64)
    if len(sys.argv) == 4:
        picture /= np.load(sys.argv[3]).sum(dtype=np.float64)
    pixels = np.clip(np.round(picture), 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(sys.argv[2])


if __name__ == "__main__":
    main()
