// RUN: dconv-opt %s --dconv-plan='devices=1' | FileCheck %s --check-prefixes=CHECK,PLENTY
// RUN: dconv-opt %s --dconv-plan='devices=1 device-memory=8KiB' | FileCheck %s --check-prefixes=CHECK,LESS
// RUN: not dconv-opt %s --dconv-plan='devices=1 device-memory=100' 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not dconv-opt %s --dconv-plan='split=o0=2 devices=2 device-memory=4KiB' 2>&1 | FileCheck %s --check-prefix=REFUSED

// Input and output stay on the device, 4 KiB each, the input with room for its
// padding. Where that is too much for every split with a shard per device, the
// tensors stay on the host and are streamed; where that is too much as well, the
// least that would do is named. A SPEC is never changed: what does not fit is
// refused with the numbers of each device.
//
// CHECK-LABEL: func @main
// PLENTY:        {dconv.plan = #dconv.plan<grid = [], split = {}>}
// LESS:          {dconv.plan = #dconv.plan<grid = {{.*}}, streamed>}
// NONE:        error: 'linalg.conv_1d' op 'main#0': no split with one shard per device fits: the least budget that would do is 8320 bytes, {{.*}}; no streamed split fits: the least memory of a device that would do is {{[0-9]+}} bytes, allowed are 100
// REFUSED:     error: 'linalg.conv_1d' op 'main#0' split as 'o0=2' needs more memory than a device has: 4096 bytes each, needed {{[0-9]+}} on device 0, {{[0-9]+}} on device 1
func.func @main(%x: tensor<1024xf32>, %w: tensor<3xf32>) -> tensor<1024xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<1024xf32> to tensor<1026xf32>
  %e = tensor.empty() : tensor<1024xf32>
  %y = linalg.fill ins(%zero : f32) outs(%e : tensor<1024xf32>)
      -> tensor<1024xf32>
  %0 = linalg.conv_1d ins(%p, %w : tensor<1026xf32>, tensor<3xf32>)
      outs(%y : tensor<1024xf32>) -> tensor<1024xf32>
  return %0 : tensor<1024xf32>
}
