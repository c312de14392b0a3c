// RUN: not dconv-opt %s --dconv-plan='split=o0=2 gather=input' 2>&1 | FileCheck %s --check-prefix=COPIES
// RUN: not dconv-opt %s --dconv-plan='split=o0=2 gather=bias' 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not dconv-opt %s --dconv-plan='split=o0=2 gather=filter=star' 2>&1 | FileCheck %s --check-prefix=ALGORITHM
// RUN: not dconv-opt %s --dconv-plan='split=o0=2 gather=filter,1' 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not dconv-opt %s --dconv-plan='split=o0=2 gather=filter;input' 2>&1 | FileCheck %s --check-prefix=OPTION
// RUN: not dconv-opt %s --dconv-plan='split=o0=2 gather=main#3:filter' 2>&1 | FileCheck %s --check-prefix=CONVOLUTION
// RUN: not dconv-opt %s --dconv-plan='split=o0=2 gather=filter stream=true' 2>&1 | FileCheck %s --check-prefix=STREAM
// RUN: dconv-opt %s --dconv-plan='split=o0=2 devices=2 gather=filter' -o %t.mlir
// RUN: not dconv-opt %t.mlir --dconv-plan='gather=main#0:filter=ring' 2>&1 | FileCheck %s --check-prefix=PLAN
// RUN: dconv-opt %t.mlir --dconv-plan='gather=main#0:filter' | FileCheck %s --check-prefix=SAME

// Only what a split replicates can be gathered.
// COPIES:      error: 'linalg.conv_1d' op 'main#0': input 0 is to be gathered, but split 'o0=2' makes no copies of it: each of the 2 shards has its own part
// NAME:        error: 'linalg.conv_1d' op 'main#0': gather 'bias' names no input 'bias'; its inputs are 'input' and 'filter'
// ALGORITHM:   error: 'linalg.conv_1d' op 'main#0': gather 'filter=star' has unknown algorithm 'star'; one of direct, ring, tree
// TWICE:       error: 'linalg.conv_1d' op 'main#0': input 1 is to be gathered twice
// OPTION:      error: gather 'input' is given twice
// CONVOLUTION: error: gather names 'main#3', but there is no such convolution
// STREAM:      error: 'linalg.conv_1d' op 'main#0': to be streamed it leaves its inputs on the host, but gather 'filter' is asked for
// PLAN:        error: 'linalg.conv_1d' op 'main#0' carries a plan that gathers other inputs than 'filter=ring'; remove one of them
// SAME:        gathered = [1]>
func.func @main(%x: tensor<10xf32>, %w: tensor<3xf32>,
                %y: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.conv_1d ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
