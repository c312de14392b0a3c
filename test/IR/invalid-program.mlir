// One case per message of the verifiers of programs and of calls.
// RUN: dconv-opt %s -split-input-file -verify-diagnostics

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
// expected-error @below {{'dconv.program' op holds dconv.device alone, but also 'arith.constant'}}
dconv.program @foreign_op () -> () tensors [] predicted #none {
  %0 = arith.constant 0 : i32
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @device_number () -> () tensors [] predicted #none {
  // expected-error @below {{'dconv.device' op must be number 0 but is -1}}
  dconv.device -1 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0, 0]>
// expected-error @below {{'dconv.program' op predicts for 2 devices but has 1}}
dconv.program @counters () -> () tensors [] predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @phase () -> () tensors [] predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    // expected-error @below {{'dconv.phase' op needs "run" or "store" but has "load"}}
    dconv.phase "load"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
"dconv.program"() <{sym_name = "device_without_number", tensors = [],
                    function_type = () -> (), predicted = #none}> ({
^bb0:
  // expected-error @below {{'dconv.device' op requires attribute 'arena'}}
  "dconv.device"() ({
  ^bb0:
    dconv.phase "run"
  }) : () -> ()
}) : () -> ()

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
// expected-error @below {{'dconv.program' op passes 'tensor<?xf32>', which dconv does not move}}
dconv.program @argument_type (tensor<?xf32>) -> ()
    tensors [] predicted #none {
  dconv.device 0 arena 64 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
// expected-error @below {{'dconv.program' op returns 'i32', which is no tensor}}
dconv.program @result_type () -> i32
    tensors [] predicted #none {
  dconv.device 0 arena 64 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @phases () -> () tensors [] predicted #none {
  // expected-error @below {{'dconv.device' op needs the phases "run" and "store", once each in this order}}
  dconv.device 0 arena 0 {
    dconv.phase "store"
    dconv.phase "run"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @foreign_command () -> () tensors [] predicted #none {
  dconv.device 0 arena 0 {
    // expected-error @below {{'arith.constant' op is no command of a device}}
    %0 = arith.constant 0 : i32
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @tensor_number (tensor<4xf32>, i32) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    // expected-error @below {{'dconv.alloc' op is a window of tensor 1 of 1}}
    %a, %0 = dconv.alloc at 0 tensor 1 shard 0 [0] : memref<4xf32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @window_rank (tensor<4xf32>, i32) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    // expected-error @below {{'dconv.alloc' op has a window of 2 dims at an origin of 1 in a tensor of 1}}
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4x1xf32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @window_bounds (tensor<4xf32>, i32) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    // expected-error @below {{'dconv.alloc' op has a window of 4 elements from 9223372036854775807 in dim 0}}
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [9223372036854775807]
        : memref<4xf32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @buffer_type (tensor<4xf32>, i32) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    // expected-error @below {{'dconv.alloc' op result #0 must be dense buffer of static shape of f16, bf16, f32, f64, i8, i16, i32 or i64, but got 'memref<4xf32, strided<[2]>>'}}
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4xf32, strided<[2]>>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @box_rank (tensor<4xf32>, i32) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4xf32>
    // expected-error @below {{'dconv.copy' op has a box of 1 offsets and 2 sizes on a buffer of 1 dims}}
    %1 = dconv.copy %a [0][4, 1] into %a : memref<4xf32>, memref<4xf32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @box_bounds (tensor<4xf32>, i32) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4xf32>
    // expected-error @below {{'dconv.send' op has a box of -1 elements from 0 in dim 0}}
    %1 = dconv.send %a [0][-1] to 1 step 0 shards 0 to 1 : memref<4xf32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @argument (tensor<4xf32>, i32) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4xf32>
    // expected-error @below {{'dconv.scatter' op reads argument 2 of 2}}
    %1 = dconv.scatter 2 into %a [0][4] : memref<4xf32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @result (tensor<4xf32>, i32) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4xf32>
    // expected-error @below {{'dconv.gather' op writes result -1 of 1}}
    %1 = dconv.gather %a [0][4] into -1 : memref<4xf32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @fill_type (tensor<4xf32>, i32) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4xf32>
    // expected-error @below {{'dconv.fill' op fills 'f32' with 0 : i32}}
    %1 = dconv.fill %a [0][4] with 0 : i32 : memref<4xf32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

// Argument 0 is a tensor.
#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @scalar (tensor<4xf32>, i32) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4xf32>
    // expected-error @below {{'dconv.launch' op passes argument 0, which is no scalar of the program}}
    %1 = dconv.launch @kernel(%a) into %a scalars [0] : (memref<4xf32>), memref<4xf32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
func.func private @host(memref<4xf32>, memref<4xf32>)
dconv.program @no_kernel (tensor<4xf32>, i32) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4xf32>
    // expected-error @below {{'dconv.launch' op launches @host, which is no kernel}}
    %1 = dconv.launch @host(%a) into %a scalars [] : (memref<4xf32>), memref<4xf32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

// Two numbers are a begin and an end; they are of one dim.
#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
func.func private @kernel(memref<4xf32>, memref<4xf32>, index, index)
    attributes {dconv.kernel, dconv.inside = [[0, 0], [1, 0]]}
dconv.program @contract (tensor<4xf32>) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4xf32>
    // expected-error @below {{'dconv.launch' op passes 2 bounds to @kernel, whose dconv.inside has 2 entries; needs a begin and an end for each}}
    %1 = dconv.launch @kernel(%a) into %a scalars [] bounds [0, 4] : (memref<4xf32>), memref<4xf32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

// What the output held is lost.
#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
func.func private @kernel(memref<4xf32>, memref<4xf32>)
    attributes {dconv.kernel}
dconv.program @contract (tensor<4xf32>) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4xf32>
    // expected-error @below {{'dconv.launch' op overwrites its output with @kernel, which has no dconv.initial}}
    %1 = dconv.launch @kernel(%a) into %a scalars [] overwrites : (memref<4xf32>), memref<4xf32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

// Nothing reads the output.
#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
func.func private @kernel(memref<4xf32>, memref<4xf32> {dconv.initial = 0.0 : f32})
    attributes {dconv.kernel}
dconv.program @contract (tensor<4xf32>) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4xf32>
    // expected-error @below {{'dconv.launch' op reads its output with @kernel, which starts from its dconv.initial}}
    %1 = dconv.launch @kernel(%a) into %a scalars [] : (memref<4xf32>), memref<4xf32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

// A kernel that writes more than there is.
#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
// expected-note @below {{the kernel is '(memref<4xf32>, memref<5xf32>, i32) -> ()'}}
func.func private @kernel(memref<4xf32>, memref<5xf32>, i32)
    attributes {dconv.kernel}
dconv.program @kernel_type (tensor<4xf32>, i32) -> tensor<4xf32>
    tensors [#dconv.tensor<"input", [4]>] predicted #none {
  dconv.device 0 arena 64 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4xf32>
    // expected-error @below {{'dconv.launch' op launches @kernel on 'memref<4xf32>', 'memref<4xf32>', 'i32'}}
    %1 = dconv.launch @kernel(%a) into %a scalars [1] : (memref<4xf32>), memref<4xf32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

func.func @no_program() {
  // expected-error @below {{'dconv.execute' op runs @no_program, which is no program}}
  dconv.execute @no_program() : () -> ()
  return
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @convolve (tensor<4xf32>, i32) -> tensor<4xf32> tensors []
    predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

func.func @argument_types(%x: tensor<4xf16>, %s: i32) {
  // expected-error @below {{'dconv.execute' op calls @convolve with 'tensor<4xf16>', 'i32' -> 'tensor<4xf32>' but it has type '(tensor<4xf32>, i32) -> tensor<4xf32>'}}
  %0 = dconv.execute @convolve(%x, %s) : (tensor<4xf16>, i32) -> tensor<4xf32>
  return
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @convolve (tensor<4xf32>, i32) -> tensor<4xf32> tensors []
    predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

func.func @result_types(%x: tensor<4xf32>, %s: i32) {
  // expected-error @below {{'dconv.execute' op calls @convolve with 'tensor<4xf32>', 'i32' ->  but it has type}}
  dconv.execute @convolve(%x, %s) : (tensor<4xf32>, i32) -> ()
  return
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @convolve (tensor<4xf32>, i32) -> tensor<4xf32> tensors []
    predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

func.func @buffer_types(%x: memref<4xf32>, %s: i32, %y: memref<5xf32>) {
  // expected-error @below {{'dconv.execute' op calls @convolve with 'memref<4xf32>', 'i32' -> 'memref<5xf32>' but it has type}}
  dconv.execute @convolve(%x, %s) outs(%y : memref<5xf32>)
      : (memref<4xf32>, i32) -> ()
  return
}

// -----

// The runtime takes dense buffers.
#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @convolve (tensor<4xf32>, i32) -> tensor<4xf32> tensors []
    predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

func.func @strided_buffer(%x: memref<4xf32, strided<[2]>>, %s: i32,
                          %y: memref<4xf32>) {
  // expected-error @below {{'dconv.execute' op calls @convolve with 'memref<4xf32, strided<[2]>>', 'i32' -> 'memref<4xf32>' but it has type}}
  dconv.execute @convolve(%x, %s) outs(%y : memref<4xf32>)
      : (memref<4xf32, strided<[2]>>, i32) -> ()
  return
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @convolve (tensor<4xf32>, i32) -> tensor<4xf32> tensors []
    predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

func.func @results_and_buffers(%x: tensor<4xf32>, %s: i32, %y: memref<4xf32>) {
  // expected-error @below {{'dconv.execute' op has results and buffers for them; needs one of both}}
  %0 = dconv.execute @convolve(%x, %s) outs(%y : memref<4xf32>)
      : (tensor<4xf32>, i32) -> tensor<4xf32>
  return
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
// expected-error @below {{'dconv.program' op has 2 orders for 2 arguments and 1 results}}
dconv.program @few_orders (tensor<4x2xf32>, i32) -> tensor<4xf32> tensors []
    orders [[1, 0], []] predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
// expected-error @below {{'dconv.program' op has the order [1, 1] for 'tensor<4x2xf32>'; needs each of its dims once}}
dconv.program @dim_twice (tensor<4x2xf32>) -> () tensors []
    orders [[1, 1]] predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
// expected-error @below {{'dconv.program' op has the order [0] for 'tensor<4x2xf32>'; needs each of its dims once}}
dconv.program @dim_missing () -> tensor<4x2xf32> tensors []
    orders [[0]] predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
// expected-error @below {{'dconv.program' op has the order [0] for 'i32'; needs each of its dims once}}
dconv.program @order_of_scalar (i32) -> () tensors []
    orders [[0]] predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}
