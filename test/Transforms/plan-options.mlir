// RUN: not dconv-opt %s --dconv-plan='devices=-1' 2>&1 | FileCheck %s --check-prefix=DEVICES
// RUN: not dconv-opt %s --dconv-plan='devices=65537' 2>&1 | FileCheck %s --check-prefix=MANY
// RUN: not dconv-opt %s --dconv-plan='device-memory=0' 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not dconv-opt %s --dconv-plan='device-memory=1GB' 2>&1 | FileCheck %s --check-prefix=UNIT
// RUN: not dconv-opt %s --dconv-plan='max-imbalance=-1' 2>&1 | FileCheck %s --check-prefix=IMBALANCE
// RUN: not dconv-opt %s --dconv-plan='machine=%t.none' 2>&1 | FileCheck %s --check-prefix=MACHINE
// RUN: not dconv-opt %s --dconv-plan='objective=speed' 2>&1 | FileCheck %s --check-prefix=OBJECTIVE
// RUN: not dconv-opt %s --dconv-plan='split=main#0:' 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not dconv-opt %s --dconv-plan='split=o0=9,*' 2>&1 | FileCheck %s --check-prefix=REST
// RUN: not dconv-opt %s --dconv-plan='split=o0=2;k0=3' 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not dconv-opt %s --dconv-plan='split=main#0:o0=2;main#0:k0=3' 2>&1 | FileCheck %s --check-prefix=NAMED-TWICE
// RUN: not dconv-opt %s --dconv-plan='split=main#1:o0=2' 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not dconv-opt %s --dconv-plan='split=o0=2,oc=3' 2>&1 | FileCheck %s --check-prefix=DIM
// RUN: not dconv-opt %s --dconv-plan='split=o0=9' 2>&1 | FileCheck %s --check-prefix=PARTS
// RUN: not dconv-opt %s --dconv-plan='split=o0=[4,5]' 2>&1 | FileCheck %s --check-prefix=LENGTHS

// An option that cannot be followed is an error with what is there and what is
// needed.
// DEVICES:     error: needs 1 to 65536 devices but has -1
// MANY:        error: needs 1 to 65536 devices but has 65537
// ZERO:        error: memory size '0' needs a positive number of bytes, or one with KiB, MiB or GiB
// UNIT:        error: memory size '1GB' needs a positive number of bytes, or one with KiB, MiB or GiB
// IMBALANCE:   error: max-imbalance needs a number of at least 0 but has -1
// MACHINE:     error: {{.*}}.none:1: cannot be read: No such file or directory
// OBJECTIVE:   for the --objective option: Cannot find option named 'speed'!
// EMPTY:       error: split 'main#0:' has no SPEC
// REST:        error: 'linalg.conv_1d' op 'main#0': split 'o0=9' asks for 9 parts of dim 'o0', which has extent 8; its dims are o0=8, k0=3
// TWICE:       error: split 'k0=3' is given twice
// NAMED-TWICE: error: split 'main#0:k0=3' is given twice
// NAME:        error: split names 'main#1', but there is no such convolution
// DIM:         error: 'linalg.conv_1d' op 'main#0': split 'o0=2,oc=3' has no dim 'oc'; its dims are o0=8, k0=3
// PARTS:       error: 'linalg.conv_1d' op 'main#0': split 'o0=9' asks for 9 parts of dim 'o0', which has extent 8; its dims are o0=8, k0=3
// LENGTHS:     error: 'linalg.conv_1d' op 'main#0': split 'o0=[4,5]' has lengths of dim 'o0' that add up to 9 where its extent is 8; its dims are o0=8, k0=3
func.func @main(%x: tensor<10xf32>, %w: tensor<3xf32>,
                %y: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.conv_1d ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
