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
