//===- Abi.cpp - calls from compiled code ---------------------------------===//

#include "dconv/Runtime/Abi.h"
#include "dconv/Runtime/Session.h"

using namespace dconv::runtime;

int32_t dconv_runtime_execute(void *context, int64_t program,
                              void *const *arguments, void *const *results) {
  Status status =
      static_cast<Session *>(context)->execute(program, arguments, results);
  return static_cast<int32_t>(status.code());
}
