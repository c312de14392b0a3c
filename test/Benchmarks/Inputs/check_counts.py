"""Checks what the harness counts itself, against numbers worked out by hand."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "benchmarks" / "peers"))
import hlo_bytes  # noqa: E402
import shares  # noqa: E402

# Device 0 receives nothing of the first; a group is two devices in the others.
PROGRAM = """
  %cp = f32[2,3]{1,0} collective-permute(f32[2,3]{1,0} %x), channel_id=1, source_target_pairs={{0,1},{1,2},{2,3}}
  %ag.1 = bf16[8]{0} all-gather(bf16[4]{0} %y), replica_groups={{0,1},{2,3}}, dimensions={0}
  ROOT %ar = (f32[4]{0}, s32[]) all-reduce(%a, %b), replica_groups=[2,2]<=[4], to_apply=%add
  %rs = f32[10]{0} reduce-scatter(%c), replica_groups=mesh['a'=2,'b'=2] {'a'}, dimensions={0}
  %aa = s8[12]{0} all-to-all(%d), dimensions={0}
  %start = f32[2]{0} all-reduce-start(%e), replica_groups={{0,1,2,3}}
  %done = f32[2]{0} all-reduce-done(%start)
  %dot = f32[100]{0} add(%all-gather, %f)
"""
rest = 16 / 2 + 2 * 20 / 2 + 40 + 12 * 3 / 4 + 2 * 8 * 3 / 4
assert hlo_bytes.received_bytes(PROGRAM, 4) == [rest] + [rest + 24] * 3
try:
    hlo_bytes.received_bytes("%x = c64[2] all-gather(%y)", 4)
    raise AssertionError("a type of unknown size was counted")
except ValueError as error:
    assert "c64" in str(error), error

# 10 rows over four devices are 3, 3, 2, 2.
assert abs(shares.least_share("o0=4", {"o0": 10}, 4) - 0.8) < 1e-12
assert abs(shares.least_share("o0=[7,1]", {"o0": 8}, 2) - 0.25) < 1e-12
# Six shards on four devices: 2, 1, 2, 1 of them.
assert abs(shares.least_share("n=2,oc=3", {"n": 2, "oc": 6}, 4) - 4 / 6) < 1e-12
# Undivided, three devices are idle.
assert shares.least_share("", {}, 4) == 0
assert shares.least_share("", {}, 1) == 1
print("counts agree")
