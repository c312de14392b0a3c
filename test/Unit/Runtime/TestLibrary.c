/* A shared object like those the compiler makes: see Abi.h. */

#include "dconv/Runtime/Abi.h"

void *dconv_context;
dconv_execute_fn dconv_execute;

/* One i32 operand, one i32 output, one i32 scalar. */
void dconv_kernel_scale(void **arguments) {
  *(int32_t *)arguments[1] =
      *(const int32_t *)arguments[0] * *(const int32_t *)arguments[2];
}

/* A host function that runs program 0. */
int32_t call_program(void *const *arguments, void *const *results) {
  return dconv_execute(dconv_context, 0, arguments, results);
}
