// Streamed plans: written, followed, and undone.
// RUN: dconv-opt %s --dconv-plan='split=o0=4,k0=3 devices=2 stream=true' | FileCheck %s --check-prefix=PLAN
// RUN: dconv-opt %s --dconv-plan='split=o0=4,k0=3 devices=2 stream=true' --dconv-partition | FileCheck %s
// RUN: dconv-opt %s --dconv-plan='split=o0=4,k0=3 devices=2 stream=true' --dconv-partition --dconv-erase-sharding | FileCheck %s --check-prefix=ERASED
// RUN: not dconv-opt %s --dconv-plan='split=k0=3,o0=4 devices=2 stream=true' 2>&1 | FileCheck %s --check-prefix=ORDER
// RUN: dconv-opt %s --dconv-plan='split=o0=4 devices=2 stream=true device-memory=448' -o /dev/null
// RUN: not dconv-opt %s --dconv-plan='split=o0=4 devices=2 stream=true device-memory=447' 2>&1 | FileCheck %s --check-prefix=MEMORY

// PLAN-LABEL: func @given
// PLAN:         {dconv.plan = #dconv.plan<grid = [4, 3], split = {k0 = 1, o0 = 0}, devices = 2, streamed>}
// PLAN-LABEL: func @kept
// PLAN:         {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}, streamed>}

// Three tensors on the host and nothing that moves between shards.
// CHECK:       #[[$HOST:.*]] = #dconv.sharding<#{{.*}}, streamed>
// CHECK-LABEL: func @given
// CHECK-NOT:     tensor.pad
// CHECK:         %[[X:.*]] = dconv.shard %{{.*}} : tensor<64xf32> -> !dconv.sharded<tensor<64xf32>, #[[$HOST]]>
// CHECK-NEXT:    %[[W:.*]] = dconv.shard %{{.*}} : tensor<3xf32> -> !dconv.sharded<tensor<3xf32>, #[[$HOST]]>
// CHECK-NEXT:    %[[Y:.*]] = dconv.shard %{{.*}} : tensor<64xf32> -> !dconv.sharded<tensor<64xf32>, #[[$HOST]]>
// CHECK-NEXT:    %[[R:.*]] = dconv.sub_kernel ins(%[[X]], %[[W]] : {{.*}}) outs(%[[Y]] : {{.*}}) split #dconv.split<d0: 64 / 4, d1: 3 / 3> pad [#dconv.padding<low = [1], high = [1], value = 0.000000e+00 : f32>, none]
// CHECK:           linalg.conv_1d
// CHECK:         dconv.unshard %[[R]] : !dconv.sharded<tensor<64xf32>, #[[$HOST]]> -> tensor<64xf32>

// ERASED-NOT:   dconv.
// ERASED-LABEL: func @given
// ERASED:         tensor.pad
// ERASED:         linalg.conv_1d
// ERASED-NOT:   dconv.

// ORDER: error: 'linalg.conv_1d' op 'given#0' split as 'k0=3,o0=4': shards 0 and 4 add to the same output [0, 16) but run with others between them; streamed, they must run one after the other on one device: name k0 last in the split

// Windows of 18 elements in two slots of 128 bytes, blocks of 16 in two of 64,
// and the filter, which never changes, in one of 64.
// MEMORY: error: 'linalg.conv_1d' op 'given#0' split as 'o0=4' needs more memory than a device has: 447 bytes each, needed 448 on device 0, 448 on device 1

func.func @given(%x: tensor<64xf32>, %w: tensor<3xf32>,
                 %y: tensor<64xf32>) -> tensor<64xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<64xf32> to tensor<66xf32>
  %0 = linalg.conv_1d ins(%p, %w : tensor<66xf32>, tensor<3xf32>)
      outs(%y : tensor<64xf32>) -> tensor<64xf32>
  return %0 : tensor<64xf32>
}

// A plan that is there says by itself whether it is streamed.
func.func @kept(%x: tensor<10xf32>, %w: tensor<3xf32>,
                %y: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.conv_1d
      {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}, streamed>}
      ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
