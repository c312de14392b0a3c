// Filters lie as the kernels of this host like it, whatever that is.
// RUN: dconv-opt %s -split-input-file --dconv-partition --dconv-schedule --dconv-lay-out-buffers | FileCheck %s
// RUN: dconv-opt %s -split-input-file --dconv-partition --dconv-schedule --dconv-lay-out-buffers --verify-roundtrip -o /dev/null

// Both shards' kernels, of 5 and of 4 rows, read the filter from its stripe.
// CHECK:       #[[PACKED:.*]] = #dconv.layout<{{.*}}>
// CHECK:       @rows_0_kernel0(%arg0: memref<1x7x10x64xf32>, %arg1: memref<3x3x64x96xf32, #[[PACKED]]>, %arg2: memref<1x5x8x96xf32>
// CHECK:         linalg.generic {{.*}} ins(%arg0, %arg1 : memref<1x7x10x64xf32>, memref<3x3x64x96xf32, #[[PACKED]]>)
// CHECK:       @rows_0_kernel1({{.*}}, %arg1: memref<3x3x64x96xf32, #[[PACKED]]>
// CHECK:       dconv.device 0
// CHECK:         %[[W:.*]], %{{.*}} = dconv.alloc {{.*}} tensor 1 shard 0 {{.*}} : memref<3x3x64x96xf32, #[[PACKED]]>
// CHECK-NEXT:    dconv.scatter 1 into %[[W]] {{.*}} : memref<3x3x64x96xf32, #[[PACKED]]>
// CHECK:         dconv.launch @rows_0_kernel0(%{{.*}}, %[[W]]) {{.*}} : (memref<1x7x10x64xf32>, memref<3x3x64x96xf32, #[[PACKED]]>), memref<1x5x8x96xf32>
// CHECK:       dconv.device 1
// CHECK:         dconv.launch @rows_0_kernel1({{.*}}memref<3x3x64x96xf32, #[[PACKED]]>)
func.func @rows(%x: tensor<1x11x10x64xf32>, %w: tensor<3x3x64x96xf32>,
                %y: tensor<1x9x8x96xf32>) -> tensor<1x9x8x96xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf
      {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%x, %w : tensor<1x11x10x64xf32>, tensor<3x3x64x96xf32>)
      outs(%y : tensor<1x9x8x96xf32>) -> tensor<1x9x8x96xf32>
  return %0 : tensor<1x9x8x96xf32>
}

// -----

// A filter that is gathered: each piece lies in its place among what arrives,
// laid out, and is sent from there; messages are row-major of themselves. Bytes
// are the same.
// CHECK:       #[[PACKED:.*]] = #dconv.layout<{{.*}}>
// CHECK:       dconv.program @gathered_0
// CHECK:         %[[W:.*]], %{{.*}} = dconv.alloc {{.*}} tensor 1 shard 0 {{.*}} : memref<3x3x64x96xf32, #[[PACKED]]>
// CHECK-NEXT:    dconv.scatter 1 into %[[W]] [0, 0, 0, 0][3, 3, 32, 96]
// CHECK:         dconv.send %[[W]] [0, 0, 0, 0][3, 3, 32, 96]
// CHECK:         dconv.receive %[[W]] [0, 0, 32, 0][3, 3, 32, 96]
// CHECK:         dconv.launch {{.*}}(%{{.*}}, %[[W]])
func.func @gathered(%x: tensor<1x10x10x64xf32>, %w: tensor<3x3x64x96xf32>,
                    %y: tensor<1x8x8x96xf32>) -> tensor<1x8x8x96xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf
      {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}, gathered = [1]>}
      ins(%x, %w : tensor<1x10x10x64xf32>, tensor<3x3x64x96xf32>)
      outs(%y : tensor<1x8x8x96xf32>) -> tensor<1x8x8x96xf32>
  return %0 : tensor<1x8x8x96xf32>
}

// -----

// A kernel with a layout has been decided on: its buffers stay as they are, and
// so do those of a kernel that is not at hand.
// CHECK:       #[[TURNED:.*]] = #dconv.layout<d1, d0>
// CHECK:       dconv.program @decided
// CHECK:         dconv.alloc {{.*}} : memref<4x6xf32, #[[TURNED]]>
// CHECK:         dconv.alloc {{.*}} : memref<4x6xf32>
// CHECK:         dconv.launch @turned({{.*}} : (memref<4x6xf32, #[[TURNED]]>, memref<4x6xf32>), memref<4x6xf32>
#turned = #dconv.layout<d1, d0>
#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [384]>
#map = affine_map<(d0, d1) -> (d0, d1)>
func.func private @turned(%a: memref<4x6xf32, #turned>, %b: memref<4x6xf32>,
                          %y: memref<4x6xf32>) attributes {dconv.kernel} {
  linalg.generic {indexing_maps = [#map, #map, #map],
                  iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : memref<4x6xf32, #turned>, memref<4x6xf32>)
      outs(%y : memref<4x6xf32>) {
  ^bb0(%i: f32, %j: f32, %o: f32):
    %0 = arith.mulf %i, %j : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}
dconv.program @decided () -> tensor<4x6xf32>
    tensors [#dconv.tensor<"x", [4, 6]>] predicted #none {
  dconv.device 0 arena 384 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0, 0] : memref<4x6xf32, #turned>
    %b, %1 = dconv.alloc at 128 tensor 0 shard 0 [0, 0] : memref<4x6xf32>
    %y, %2 = dconv.alloc at 256 tensor 0 shard 0 [0, 0] : memref<4x6xf32>
    dconv.phase "run"
    %3 = dconv.launch @turned(%a, %b) into %y scalars [] wait(%0, %1, %2)
        : (memref<4x6xf32, #turned>, memref<4x6xf32>), memref<4x6xf32>
    dconv.phase "store"
  }
}
