// Sharded values stay among the ops of dconv: every pass that would have to say
// what they mean elsewhere refuses.
// RUN: dconv-opt %s -split-input-file -verify-diagnostics --dconv-erase-sharding
// RUN: dconv-opt %s -split-input-file -verify-diagnostics --dconv-schedule

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
func.func @returned(%x: tensor<8xf32>) -> !rows {
  %0 = dconv.shard %x : tensor<8xf32> -> !rows
  // expected-error @below {{'func.return' op uses a sharded value; dconv.unshard it before}}
  return %0 : !rows
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
// expected-error @below {{'func.func' op has a sharded argument, but sharded values do not cross blocks or functions}}
func.func @argument(%x: !rows) -> tensor<8xf32> {
  %0 = dconv.unshard %x : !rows -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
func.func private @elsewhere() -> !rows
func.func @called() -> tensor<8xf32> {
  // expected-error @below {{'func.call' op makes a sharded value; only ops of dconv can}}
  %0 = func.call @elsewhere() : () -> !rows
  %1 = dconv.unshard %0 : !rows -> tensor<8xf32>
  return %1 : tensor<8xf32>
}
