"""Writes a vector as a file of NumPy, without NumPy.

usage: write_npy.py FILE TYPE LENGTH ELEMENT...

TYPE is one of '<f2', '<f4', '<f8', '|i1', '<i2', '<i4', '<i8'.
"""

import struct
import sys

FORMATS = {
    "<f2": "e", "<f4": "f", "<f8": "d", "|i1": "b", "<i2": "h", "<i4": "i", "<i8": "q"
}

path, kind, length, *elements = sys.argv[1:]
header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({length},), }}"
header += " " * (63 - (10 + len(header)) % 64) + "\n"
number = float if kind[1] == "f" else int
with open(path, "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
    file.write(
        struct.pack("<" + FORMATS[kind] * int(length), *map(number, elements))
    )
