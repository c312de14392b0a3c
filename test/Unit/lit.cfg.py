"""The suite of GoogleTest programs, cut into shards so that all cores work."""

import os
import sys

import lit.formats

sys.path.insert(0, os.path.join(config.dconv_src_root, "test"))
import lit_common

config.name = "dconv-unit"
config.test_source_root = os.path.join(config.dconv_obj_root, "unittests")
config.test_exec_root = config.test_source_root
lit_common.setup(config, lit_config)
config.available_features |= lit_common.features(config)

# What CMake lists, so that a program of yesterday in the folder does not count.
config.test_format = lit.formats.GoogleTest(".", "")
config.test_format.test_suffixes = set(config.unittests)
