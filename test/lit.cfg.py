"""The suite of MLIR files and shell tests; see test/README.md."""

import os
import shutil
import subprocess
import sys

import lit.formats

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lit_common

config.name = "dconv"
config.test_format = lit.formats.ShTest()
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.join(config.dconv_src_root, "test")
config.test_exec_root = os.path.join(config.dconv_obj_root, "test")

lit_common.setup(config, lit_config)
config.available_features |= lit_common.features(config)
if config.has_compiler:
    config.available_features.add("compiler")

# Our tools, then FileCheck, split-file and the other tools of this LLVM.
config.environment["PATH"] = os.pathsep.join(
    [
        os.path.join(config.dconv_obj_root, "bin"),
        config.llvm_bin_dir,
        config.environment["PATH"],
    ]
)
config.environment["FILECHECK_OPTS"] = (
    "--enable-var-scope --dump-input=fail --dump-input-filter=error"
)

# The project's virtual environment where there is one: it may have numpy.
python = os.path.join(config.dconv_src_root, ".venv", "bin", "python")
if not os.access(python, os.X_OK):
    python = sys.executable
config.python = python
numpy = subprocess.run([python, "-c", "import numpy"], stderr=subprocess.DEVNULL)
if numpy.returncode == 0:
    config.available_features.add("python-numpy")
if shutil.which("mlir-opt-22"):
    config.available_features.add("mlir-opt")

config.substitutions += [
    ("%python", python),
    ("%src_root", config.dconv_src_root),
    ("%plugin", os.path.join(config.dconv_obj_root, "lib", "DConvPlugin.so")),
]

# With DCONV_ROUNDTRIP=1 each dconv-opt also prints what it has read, reads that
# again and compares. Tests that break this on purpose say UNSUPPORTED: roundtrip.
if os.environ.get("DCONV_ROUNDTRIP") == "1":
    config.available_features.add("roundtrip")
    config.excludes += ["Integration", "Unit"]
    word = r"(?<![\w./-])dconv-opt(?![\w./-])"
    config.substitutions.append((word, "dconv-opt --verify-roundtrip"))
