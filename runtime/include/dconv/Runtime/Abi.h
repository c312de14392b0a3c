/*===- Abi.h - what compiled code and the runtime share -----------*- C -*-===*\
|*                                                                            *|
|* The compiled shared object exports                                         *|
|*                                                                            *|
|*   void *dconv_context;                                                     *|
|*   dconv_execute_fn dconv_execute;                                          *|
|*                                                                            *|
|* which the loader sets after opening it, one function of the type           *|
|* dconv_kernel_fn per kernel, named with the prefix DCONV_KERNEL_PREFIX, and *|
|* one of the type dconv_entry_fn per public function of the program, named   *|
|* with the prefix DCONV_ENTRY_PREFIX.                                        *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef DCONV_RUNTIME_ABI_H
#define DCONV_RUNTIME_ABI_H

#include <stdint.h>

#define DCONV_CONTEXT_SYMBOL "dconv_context"
#define DCONV_EXECUTE_SYMBOL "dconv_execute"
#define DCONV_KERNEL_PREFIX "dconv_kernel_"
#define DCONV_ENTRY_PREFIX "dconv_entry_"

#ifdef __cplusplus
extern "C" {
#endif

/* Runs program number `program` of the session `context`. `arguments[i]` points
 * to the dense row-major elements of argument i, or to the value of a scalar;
 * `results[i]` to the memory that result i is written to, in full.
 *
 * Returns 0, or a StatusCode whose message the session keeps: compiled code
 * goes on, every later call is refused with the same error, and the results
 * hold no values to rely on. */
typedef int32_t (*dconv_execute_fn)(void *context, int64_t program,
                                    void *const *arguments,
                                    void *const *results);

/* A kernel: `arguments` points to the data of each operand, then of the output
 * buffer, then to the value of each scalar, then to each bound of the launch, an
 * int64_t. It only reads values and bounds. Buffers are dense, in the order the
 * kernel was compiled for, and aligned to 64 bytes. */
typedef void (*dconv_kernel_fn)(void **arguments);

/* A function of the host: `arguments` points to the data of each argument,
 * dense and row-major, then of each result, which it writes; a scalar argument
 * is pointed to. */
typedef void (*dconv_entry_fn)(void **arguments);

/* The value for `dconv_execute`; `context` is a dconv::runtime::Session. */
int32_t dconv_runtime_execute(void *context, int64_t program,
                              void *const *arguments, void *const *results);

#ifdef __cplusplus
}
#endif

#endif /* DCONV_RUNTIME_ABI_H */
