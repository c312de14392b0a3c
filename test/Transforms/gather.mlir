// RUN: dconv-opt %s --dconv-plan='split=o0=2,oc=2 devices=4 gather=input,filter=tree' | FileCheck %s --check-prefix=PLAN
// RUN: dconv-opt %s --dconv-plan='split=o0=2,oc=2 devices=4 gather=input,filter=tree' --dconv-partition | FileCheck %s
// RUN: dconv-opt %s --dconv-plan='split=o0=2,oc=2 devices=4 gather=main#0:1' | FileCheck %s --check-prefix=NUMBER
// RUN: dconv-opt %s --dconv-plan='split=o0=4 devices=2 gather=filter' --dconv-partition --dconv-schedule | FileCheck %s --check-prefix=MEMORY
// RUN: dconv-opt %s --dconv-plan='split=o0=4 devices=2' --dconv-partition --dconv-schedule | FileCheck %s --check-prefix=COPIED

// PLAN:   #dconv.plan<grid = [2, 2], split = {o0 = 0, oc = 1}, gathered = [0, 1 by tree]>
// NUMBER: #dconv.plan<grid = [2, 2], split = {o0 = 0, oc = 1}, gathered = [1]>

// Of the 5 rows that two shards own each gets one half from the host: of every
// row, for 5 do not divide evenly, and 10 columns do. The halo comes with the
// gathered rows. Of the filter 3 taps do not either, and the channels are halved.
// CHECK-DAG:     #[[$PIECES:[a-z0-9]+]] = #dconv.sharding<#{{[a-z0-9]+}}, d1 = axis 0, d2 = axis 1>
// CHECK-DAG:     #[[$WINDOW:[a-z0-9]+]] = #dconv.sharding<#{{[a-z0-9]+}}, d1 = axis 0 held [0 to 6], [4 to 10]>
// CHECK-DAG:     #[[$TAPS:[a-z0-9]+]] = #dconv.sharding<#{{[a-z0-9]+}}, d2 = axis 0, d3 = axis 1>
// CHECK-DAG:     #[[$FILTER:[a-z0-9]+]] = #dconv.sharding<#{{[a-z0-9]+}}, d3 = axis 1>
// CHECK-LABEL: func @main
// CHECK:         %[[X:.*]] = dconv.shard %{{.*}} : tensor<1x10x10x4xf32> -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[$PIECES]]>
// CHECK:         %[[XS:.*]] = dconv.all_gather %[[X]] : !dconv.sharded<tensor<1x10x10x4xf32>, #[[$PIECES]]> -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[$WINDOW]]>
// CHECK:         %[[W:.*]] = dconv.shard %{{.*}} : tensor<3x3x4x8xf32> -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[$TAPS]]>
// CHECK:         %[[WS:.*]] = dconv.all_gather %[[W]] by tree : !dconv.sharded<tensor<3x3x4x8xf32>, #[[$TAPS]]> -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[$FILTER]]>
// CHECK:         dconv.sub_kernel ins(%[[XS]], %[[WS]] :

// Two shards per device: gathered, the filter of 1152 bytes is there in two
// pieces and, for the shard that runs, in one copy; else in two copies. The host
// sends each device half of the filter, and its part of the input.
// MEMORY: dconv.program
// MEMORY-SAME: received = [1312, 1312], sent = [1312, 1312], scatter = [1376, 1376], gather = [1024, 1024], peak = [4096, 4096]
// COPIED: dconv.program
// COPIED-SAME: received = [160, 160], sent = [160, 160], scatter = [3104, 3104], gather = [1024, 1024], peak = [4608, 4608]
func.func @main(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>) -> tensor<1x8x8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x8x8x8xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %r = linalg.conv_2d_nhwc_hwcf
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%init : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %r : tensor<1x8x8x8xf32>
}
