// The commands of each device. What a command waits for is left out where the
// checker, which runs at the end of the pass, proves it.
// RUN: dconv-opt %s -split-input-file --dconv-partition --dconv-schedule | FileCheck %s
// RUN: dconv-opt %s -split-input-file --dconv-partition --dconv-schedule --verify-roundtrip -o /dev/null

// Both devices hold half of the image, with room for what they read beside it;
// each makes the padding on its own side of the image when it loads its half,
// receives the one element that it lacks beside that, and convolves.
// The output starts from zero: that is known to the kernel, the program does not
// fill it, and the host has nothing left to do.
//
// CHECK-LABEL: func.func private @rows_0_kernel0(
// CHECK-SAME:      memref<6xf32>, %{{.*}}: memref<3xf32>, %{{.*}}: memref<4xf32> {dconv.initial = 0.000000e+00 : f32}) attributes {dconv.kernel} {
// CHECK-NEXT:    linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]}
// CHECK:       dconv.program @rows_0 (tensor<8xf32>, tensor<3xf32>) -> tensor<8xf32>
// CHECK-SAME:    tensors [#dconv.tensor<"input 0", [8]>, #dconv.tensor<"input 1", [3]>, #dconv.tensor<"output", [8]>]
// CHECK-SAME:    predicted #dconv.counters<received = [4, 4], sent = [4, 4], scatter = [28, 28], gather = [16, 16], peak = [192, 192]>
// CHECK-SAME:    attributes {dconv.convolutions = [{grid = array<i64: 2>, kernels = [@rows_0_kernel0], macs = 24 : i64, name = "rows#0", split = "o0=2"}]}
// CHECK:         dconv.device 0 arena 192 {
// CHECK-NEXT:      %[[X:.*]], %[[XE:.*]] = dconv.alloc at 0 tensor 0 shard 0 [-1] : memref<6xf32>
// CHECK-NEXT:      %[[PADDED:.*]] = dconv.fill %[[X]] [-1][1] with 5.000000e-01 : f32 wait(%[[XE]])
// CHECK-NEXT:      %[[LOADED:.*]] = dconv.scatter 0 into %[[X]] [0][4] wait(%[[XE]])
// CHECK-NEXT:      %[[W:.*]], %{{.*}} = dconv.alloc {{.*}} tensor 1 shard 0 [0] : memref<3xf32>
// CHECK-NEXT:      %[[TAPS:.*]] = dconv.scatter 1 into %[[W]] [0][3]
// CHECK-NEXT:      %[[Y:.*]], %[[YE:.*]] = dconv.alloc {{.*}} tensor 2 shard 0 [0] : memref<4xf32>
// CHECK-NEXT:      dconv.phase "run"
// CHECK-NEXT:      dconv.send %[[X]] [3][1] to 1 step 1 shards 0 to 1 wait(%[[LOADED]])
// CHECK-NEXT:      %[[HALO:.*]] = dconv.receive %[[X]] [4][1] from 1 step 1 shards 1 to 0 wait(%[[XE]])
// CHECK-NEXT:      %[[DONE:.*]] = dconv.launch @rows_0_kernel0(%[[X]], %[[W]]) into %[[Y]] scalars [] overwrites wait(%[[PADDED]], %[[LOADED]], %[[TAPS]], %[[YE]], %[[HALO]])
// CHECK-NEXT:      dconv.phase "store"
// CHECK-NEXT:      dconv.gather %[[Y]] [0][4] into 0 wait(%[[DONE]])
// CHECK-NEXT:      dconv.free %[[X]]
// CHECK-NEXT:      dconv.free %[[W]]
// CHECK-NEXT:      dconv.free %[[Y]]
// CHECK-NEXT:    }
// CHECK-NEXT:    dconv.device 1 arena 192 {
// CHECK:           dconv.fill %{{.*}} [8][1] with 5.000000e-01 : f32
// CHECK-NEXT:      dconv.scatter 0 into %{{.*}} [4][4]
// CHECK:           dconv.phase "run"
// CHECK-NEXT:      dconv.send %{{.*}} [4][1] to 0 step 1 shards 1 to 0
// CHECK-NEXT:      dconv.receive %{{.*}} [3][1] from 0 step 1 shards 0 to 1
// CHECK-NEXT:      dconv.launch @rows_0_kernel0
// CHECK:           dconv.gather %{{.*}} [4][4] into 0
// CHECK:       func.func @rows(
// CHECK-NOT:     linalg.fill
// CHECK:         %[[R:.*]] = dconv.execute @rows_0(%arg0, %arg1) : (tensor<8xf32>, tensor<3xf32>) -> tensor<8xf32>
// CHECK-NEXT:    return %[[R]]
func.func @rows(%x: tensor<8xf32>, %w: tensor<3xf32>) -> tensor<8xf32> {
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %p = tensor.pad %x low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %half : f32
  } : tensor<8xf32> to tensor<10xf32>
  %e = tensor.empty() : tensor<8xf32>
  %y = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%p, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// Partial sums of bf16, on two devices for three shards. The initial output goes
// to shard 0, widened; the others start from zero, by a kernel that knows it. Every piece is added in
// ascending order of shards, each sum travels for itself also where shards share
// a device, and the result is rounded once.
//
// CHECK:       @sums_0_kernel0({{.*}}: memref<8xf32>) attributes {dconv.kernel}
// CHECK:       @sums_0_kernel1({{.*}}: memref<8xf32> {dconv.initial = 0.000000e+00 : f32}) attributes {dconv.kernel}
// CHECK:       dconv.program @sums_0
// CHECK:         dconv.device 0
// CHECK:           %[[Y0:.*]], %{{.*}} = dconv.alloc {{.*}} tensor 2 shard 0 [0] : memref<8xf32>
// CHECK:           %[[Y1:.*]], %{{.*}} = dconv.alloc {{.*}} tensor 2 shard 1 [0] : memref<8xf32>
// CHECK:           %[[NARROW:.*]], %{{.*}} = dconv.alloc {{.*}} tensor 2 shard 0 [0] : memref<8xbf16>
// CHECK-NEXT:      dconv.scatter 2 into %[[NARROW]] [0][8]
// CHECK-NEXT:      dconv.convert %[[NARROW]] [0][8] into %[[Y0]]
// CHECK-NEXT:      dconv.free %[[NARROW]]
// CHECK-NOT:       dconv.fill
// CHECK:           dconv.phase "run"
// CHECK:           dconv.launch @sums_0_kernel0{{.*}} into %[[Y0]] scalars [] wait
// CHECK:           dconv.launch @sums_0_kernel1{{.*}} into %[[Y1]] scalars [] overwrites wait
// CHECK:           dconv.send %[[Y0]] [6][2] to 1 step [[STEP:[0-9]+]] shards 0 to 2
// CHECK-NEXT:      dconv.send %[[Y1]] [6][2] to 1 step [[STEP]] shards 1 to 2
// CHECK:           dconv.copy %[[Y0]] [0][3] into %[[SUM:[^ ]*]] wait
// CHECK:           dconv.accumulate add %[[Y1]] [0][3] into %[[SUM]]
// CHECK-NEXT:      dconv.receive %[[PART:[^ ]*]] [0][3] from 1 step [[STEP]] shards 2 to 0
// CHECK-NEXT:      dconv.accumulate add %[[PART]] [0][3] into %[[SUM]]
// CHECK-NEXT:      dconv.convert %[[SUM]] [0][3] into %[[PIECE:[^ ]*]] wait({{.*}}) : memref<3xf32>, memref<3xbf16>
// CHECK:           dconv.copy %[[Y0]] [3][3] into
// CHECK:           dconv.phase "store"
// CHECK-NEXT:      dconv.gather %[[PIECE]] [0][3] into 0
// CHECK:         dconv.device 1
// CHECK:           %[[Y2:.*]], %{{.*}} = dconv.alloc {{.*}} tensor 2 shard 2 [0] : memref<8xf32>
// CHECK:           dconv.launch @sums_0_kernel1{{.*}} into %[[Y2]] scalars [] overwrites wait
// CHECK:           dconv.receive %[[SUM:[^ ]*]] [6][2] from 0 step [[STEP]] shards 0 to 2
// CHECK:           dconv.receive %[[PART:[^ ]*]] [6][2] from 0 step [[STEP]] shards 1 to 2
// CHECK-NEXT:      dconv.accumulate add %[[PART]] [6][2] into %[[SUM]]
// CHECK-NEXT:      dconv.accumulate add %[[Y2]] [6][2] into %[[SUM]]
func.func @sums(%x: tensor<10xbf16>, %w: tensor<3xbf16>,
                %y: tensor<8xbf16>) -> tensor<8xbf16> {
  %0 = linalg.conv_1d
      {dconv.plan = #dconv.plan<grid = [3], split = {k0 = 0}, devices = 2>}
      ins(%x, %w : tensor<10xbf16>, tensor<3xbf16>)
      outs(%y : tensor<8xbf16>) -> tensor<8xbf16>
  return %0 : tensor<8xbf16>
}

// -----

// The identity of a maximum is the least value.
// CHECK:       @max_0_kernel1({{.*}} {dconv.initial = -128 : i8})
// CHECK:       dconv.program @max_0
// CHECK:         dconv.device 1
// CHECK:           dconv.launch @max_0_kernel1{{.*}} overwrites
// CHECK:           dconv.accumulate max
func.func @max(%x: tensor<1x10x1xi8>, %window: tensor<3xi8>,
               %y: tensor<1x8x1xi8>) -> tensor<1x8x1xi8> {
  %0 = linalg.pooling_nwc_max
      {dconv.plan = #dconv.plan<grid = [2], split = {k0 = 0}>}
      ins(%x, %window : tensor<1x10x1xi8>, tensor<3xi8>)
      outs(%y : tensor<1x8x1xi8>) -> tensor<1x8x1xi8>
  return %0 : tensor<1x8x1xi8>
}

// -----

// A halo of several owners, one of them on the same device: a copy from there,
// messages from elsewhere, and nothing of the padding moves. What the shard has
// itself lies in its place.
// CHECK:       dconv.program @several_owners_0
// CHECK-SAME:    received = [12, 20, 8]
// CHECK:         dconv.device 1
// CHECK-NEXT:      %[[WINDOW:.*]], %{{.*}} = dconv.alloc {{.*}} tensor 0 shard 2 [0] : memref<5xf32>
// CHECK-NEXT:      %[[OTHER:.*]], %{{.*}} = dconv.alloc {{.*}} tensor 0 shard 3 [1] : memref<5xf32>
// CHECK-NEXT:      dconv.fill %[[OTHER]] [5][1]
// CHECK-NEXT:      dconv.scatter 0 into %[[WINDOW]] [2][1]
// CHECK-NEXT:      dconv.scatter 0 into %[[OTHER]] [3][1]
// CHECK:           dconv.phase "run"
// CHECK:           dconv.receive %[[WINDOW]] [0][1] from 0 step 1 shards 0 to 2
// CHECK-NEXT:      dconv.receive %[[WINDOW]] [1][1] from 0 step 1 shards 1 to 2
// CHECK-NEXT:      dconv.copy %[[OTHER]] [3][1] into %[[WINDOW]]
// CHECK-NEXT:      dconv.receive %[[WINDOW]] [4][1] from 2 step 1 shards 4 to 2
// CHECK-NEXT:      dconv.launch
func.func @several_owners(%x: tensor<5xf32>, %w: tensor<5xf32>,
                          %y: tensor<5xf32>) -> tensor<5xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[2] high[2] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<5xf32> to tensor<9xf32>
  %0 = linalg.conv_1d
      {dconv.plan = #dconv.plan<grid = [5], split = {o0 = 0}, devices = 3>}
      ins(%p, %w : tensor<9xf32>, tensor<5xf32>)
      outs(%y : tensor<5xf32>) -> tensor<5xf32>
  return %0 : tensor<5xf32>
}

// -----

// Shards that share a device have no room for long halos: one at a time gets a
// window, in which its own part is copied. The padding is made there each time.
// CHECK:       dconv.program @long_halos_0
// CHECK-SAME:    peak = [832]
// CHECK:         %[[OWN:.*]], %{{.*}} = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<16xf32>
// CHECK-NEXT:    %[[NEXT:.*]], %{{.*}} = dconv.alloc at 64 tensor 0 shard 1 [16] : memref<16xf32>
// CHECK:         dconv.phase "run"
// CHECK-NEXT:    %[[WINDOW:.*]], %{{.*}} = dconv.alloc {{.*}} tensor 0 shard 0 [-16] : memref<48xf32>
// CHECK-NEXT:    dconv.fill %[[WINDOW]] [-16][16]
// CHECK-NEXT:    dconv.copy %[[OWN]] [0][16] into %[[WINDOW]]
// CHECK-NEXT:    dconv.copy %[[NEXT]] [16][16] into %[[WINDOW]]
// CHECK-NEXT:    dconv.launch @long_halos_0_kernel0(%[[WINDOW]], %{{.*}})
// CHECK-NEXT:    dconv.free %[[WINDOW]]
// CHECK-NEXT:    dconv.alloc {{.*}} tensor 0 shard 1 [0] wait({{.*}}) : memref<48xf32>
func.func @long_halos(%x: tensor<32xf32>, %w: tensor<33xf32>,
                      %y: tensor<32xf32>) -> tensor<32xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[16] high[16] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<32xf32> to tensor<64xf32>
  %0 = linalg.conv_1d
      {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}, devices = 1>}
      ins(%p, %w : tensor<64xf32>, tensor<33xf32>)
      outs(%y : tensor<32xf32>) -> tensor<32xf32>
  return %0 : tensor<32xf32>
}

// -----

// With strides, stripes of rows begin before the first row that is read and end
// behind the last. There nobody reads the padding beside them: it is filled all
// the same.
// CHECK:       func.func private @corners_0_kernel1(%{{.*}}: memref<5x5xf32>,
// CHECK:       dconv.program @corners_0
// CHECK:         dconv.device 1
// CHECK-NEXT:      %[[X:.*]], %{{.*}} = dconv.alloc at 0 tensor 0 shard 1 [3, -1] : memref<5x5xf32>
// CHECK-NEXT:      dconv.fill %[[X]] [3, -1][1, 1] with
// CHECK-NEXT:      dconv.fill %[[X]] [7, -1][1, 1] with
// CHECK-NEXT:      dconv.fill %[[X]] [4, -1][3, 1] with
// CHECK-NEXT:      dconv.scatter 0 into %[[X]] [3, 0][5, 4]
// CHECK:           dconv.launch @corners_0_kernel1(%[[X]], %{{.*}}) {{.*}} bounds [1, 5]
func.func @corners(%x: tensor<8x4xf32>, %w: tensor<1x2xf32>,
                   %y: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 1] high[0, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<8x4xf32> to tensor<8x5xf32>
  %0 = linalg.generic {
      indexing_maps = [affine_map<(h, w, k, l) -> (2 * h + k, w + l)>,
                       affine_map<(h, w, k, l) -> (k, l)>,
                       affine_map<(h, w, k, l) -> (h, w)>],
      iterator_types = ["parallel", "parallel", "reduction", "reduction"],
      dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%p, %w : tensor<8x5xf32>, tensor<1x2xf32>)
      outs(%y : tensor<4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %c, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

// Zero points are arguments of the program that the launch passes by value.
// CHECK:       func.func private @quantised_0_kernel0(%{{.*}}: memref<{{.*}}xi8>, %{{.*}}: memref<{{.*}}xi8>, %{{.*}}: memref<{{.*}}xi32>, %{{.*}}: i32, %{{.*}}: i32)
// CHECK:       dconv.program @quantised_0 (tensor<1x10x10x4xi8>, tensor<3x3x4x8xi8>, tensor<1x8x8x8xi32>, i32, i32) -> tensor<1x8x8x8xi32>
// CHECK:         dconv.launch @quantised_0_kernel0({{.*}}) into %{{.*}} scalars [3, 4]
// CHECK:         dconv.execute @quantised_0(%arg0, %arg1, %arg2, %arg3, %arg4)
func.func @quantised(%x: tensor<1x10x10x4xi8>, %w: tensor<3x3x4x8xi8>,
                     %y: tensor<1x8x8x8xi32>, %zx: i32,
                     %zw: i32) -> tensor<1x8x8x8xi32> {
  %0 = linalg.conv_2d_nhwc_hwcf_q
      {dconv.plan = #dconv.plan<grid = [2], split = {oc = 0}>}
      ins(%x, %w, %zx, %zw : tensor<1x10x10x4xi8>, tensor<3x3x4x8xi8>, i32, i32)
      outs(%y : tensor<1x8x8x8xi32>) -> tensor<1x8x8x8xi32>
  return %0 : tensor<1x8x8x8xi32>
}

// -----

// A device without shards runs nothing.
// CHECK:       dconv.program @idle_0
// CHECK:         dconv.device 1 arena 0 {
// CHECK-NEXT:      dconv.phase "run"
// CHECK-NEXT:      dconv.phase "store"
// CHECK-NEXT:    }
func.func @idle(%x: tensor<10xf32>, %w: tensor<3xf32>,
                %y: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.conv_1d
      {dconv.plan = #dconv.plan<grid = [], split = {}, devices = 2>}
      ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// Each convolution has a program, each call lies where the op was, and names that
// are taken are passed by.
// CHECK:       dconv.program @network_0_ (
// CHECK:       dconv.program @network_1 (
// CHECK:       func.func @network(
// CHECK:         %[[A:.*]] = dconv.execute @network_0_(
// CHECK:         %[[B:.*]] = linalg.exp ins(%[[A]]
// CHECK:         %[[C:.*]] = dconv.execute @network_1(%[[B]],
// CHECK:         return %[[C]]
func.func private @network_0()
func.func @network(%x: tensor<12xf32>, %w: tensor<3xf32>, %a: tensor<10xf32>,
                   %b: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%x, %w : tensor<12xf32>, tensor<3xf32>)
      outs(%a : tensor<10xf32>) -> tensor<10xf32>
  %1 = linalg.exp ins(%0 : tensor<10xf32>) outs(%a : tensor<10xf32>)
      -> tensor<10xf32>
  %2 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [4], split = {o0 = 0}>}
      ins(%1, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%b : tensor<8xf32>) -> tensor<8xf32>
  return %2 : tensor<8xf32>
}

// -----

// What is at level 0 stays, planned or not: there is nothing to schedule.
// CHECK:       func.func @level_0(
// CHECK:         linalg.conv_1d
// CHECK-NOT:   dconv.program
func.func @level_0(%x: tensor<10xf32>, %w: tensor<3xf32>,
                   %y: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.conv_1d ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
