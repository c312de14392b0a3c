// One case per message of dconv-schedule; what its verifier shares with other
// passes is in IR/invalid-sharded-values.mlir.
// RUN: dconv-opt %s -split-input-file -verify-diagnostics --dconv-schedule

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
!rows = !dconv.sharded<tensor<8xindex>, #rows>
func.func @type(%x: tensor<8xindex>) -> tensor<8xindex> {
  // expected-error @below {{'dconv.shard' op dconv moves f16, bf16, f32, f64, i8, i16, i32 and i64, but this is 'tensor<8xindex>'}}
  %0 = dconv.shard %x : tensor<8xindex> -> !rows
  %1 = dconv.unshard %0 : !rows -> tensor<8xindex>
  return %1 : tensor<8xindex>
}

// -----

// The host has signless integers alone.
#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
!rows = !dconv.sharded<tensor<8xui8>, #rows>
func.func @signedness(%x: tensor<8xui8>) -> tensor<8xui8> {
  // expected-error @below {{'dconv.shard' op dconv moves f16, bf16, f32, f64, i8, i16, i32 and i64, but this is 'tensor<8xui8>'}}
  %0 = dconv.shard %x : tensor<8xui8> -> !rows
  %1 = dconv.unshard %0 : !rows -> tensor<8xui8>
  return %1 : tensor<8xui8>
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
func.func @other_block(%x: tensor<8xf32>, %if: i1) -> tensor<8xf32> {
  %0 = dconv.shard %x : tensor<8xf32> -> !rows
  %1 = scf.if %if -> tensor<8xf32> {
    // expected-error @below {{'dconv.unshard' op uses a sharded value of another block; dconv.unshard it there}}
    %2 = dconv.unshard %0 : !rows -> tensor<8xf32>
    scf.yield %2 : tensor<8xf32>
  } else {
    scf.yield %x : tensor<8xf32>
  }
  return %1 : tensor<8xf32>
}

// -----

// One program computes both results, so it cannot run before %3 is there, nor
// after %2 is needed.
#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#columns = #dconv.sharding<#dconv.grid<2>, d1 = axis 0>
!rows = !dconv.sharded<tensor<4x6xf32>, #rows>
!columns = !dconv.sharded<tensor<4x6xf32>, #columns>
func.func @use_in_between(%x: tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<4x6xf32>) {
  %0 = dconv.shard %x : tensor<4x6xf32> -> !rows
  // expected-error @below {{'dconv.unshard' op is used before the last op that its program computes; move the use behind it}}
  %1 = dconv.unshard %0 : !rows -> tensor<4x6xf32>
  %2 = linalg.exp ins(%1 : tensor<4x6xf32>) outs(%x : tensor<4x6xf32>) -> tensor<4x6xf32>
  %3 = dconv.reshard %0 : !rows -> !columns
  %4 = dconv.unshard %3 : !columns -> tensor<4x6xf32>
  return %2, %4 : tensor<4x6xf32>, tensor<4x6xf32>
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
module {
module @inner {
  func.func @nested_module(%x: tensor<8xf32>) -> tensor<8xf32> {
    // expected-error @below {{'dconv.shard' op must be in a function of the module}}
    %0 = dconv.shard %x : tensor<8xf32> -> !rows
    %1 = dconv.unshard %0 : !rows -> tensor<8xf32>
    return %1 : tensor<8xf32>
  }
}
}

// -----

// What the types cannot rule out, the checker does: each copy can be counted,
// all together cannot.
#copies = #dconv.sharding<#dconv.grid<4, devices = 1>>
!copies = !dconv.sharded<tensor<1152921504606846975xf32>, #copies>
func.func @size(%x: tensor<1152921504606846975xf32>) -> tensor<1152921504606846975xf32> {
  // expected-error @below {{'dconv.shard' op the schedule does not hold: }}
  %0 = dconv.shard %x : tensor<1152921504606846975xf32> -> !copies
  %1 = dconv.unshard %0 : !copies -> tensor<1152921504606846975xf32>
  return %1 : tensor<1152921504606846975xf32>
}
