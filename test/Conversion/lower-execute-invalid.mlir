// RUN: dconv-opt %s -split-input-file -verify-diagnostics --dconv-lower-execute

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @convolve (tensor<4xf32>) -> tensor<4xf32> tensors []
    predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

func.func @tensors(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'dconv.execute' op must be bufferized before it is lowered}}
  %0 = dconv.execute @convolve(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @nothing () -> () tensors [] predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}
// expected-error @below {{'dconv.execute' op must be in a function of the module}}
dconv.execute @nothing() : () -> ()
