// TensorFlow's own threads flush denormal numbers to zero; a graph that runs on the caller's thread meets them, since
// that thread keeps JavaScript's arithmetic. Adam's moments of a unit that has died are denormal for ever (0.9 of the
// smallest number rounds to itself), and on x86 an operation with one takes a hundred cycles. So the caller's thread
// flushes them too, as long as a graph runs: the results are then the same on every thread.
//
// The addon's call of TF_SessionRun finds this one first, and this one the library's.
#include <dlfcn.h>

#include <cstdint>

#include "tensorflow/c/c_api.h"

namespace {

#if defined(__x86_64__)
constexpr uint64_t kFlush = 0x8040;  // MXCSR: flush to zero, denormals are zero
uint64_t ReadControl() { return __builtin_ia32_stmxcsr(); }
void WriteControl(uint64_t value) { __builtin_ia32_ldmxcsr(static_cast<unsigned>(value)); }
#else  // aarch64: the addon is compiled for these two
constexpr uint64_t kFlush = uint64_t{1} << 24;  // FPCR: FZ
uint64_t ReadControl() {
  uint64_t value;
  __asm__ volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
void WriteControl(uint64_t value) { __asm__ volatile("msr fpcr, %0" ::"r"(value)); }
#endif

}  // namespace

extern "C" void TF_SessionRun(TF_Session *session, const TF_Buffer *run_options, const TF_Output *inputs,
                              TF_Tensor *const *input_values, int ninputs, const TF_Output *outputs,
                              TF_Tensor **output_values, int noutputs, const TF_Operation *const *target_opers,
                              int ntargets, TF_Buffer *run_metadata, TF_Status *status) {
  static const auto run = reinterpret_cast<decltype(&TF_SessionRun)>(dlsym(RTLD_NEXT, "TF_SessionRun"));
  const uint64_t control = ReadControl();
  WriteControl(control | kFlush);
  run(session, run_options, inputs, input_values, ninputs, outputs, output_values, noutputs, target_opers, ntargets,
      run_metadata, status);
  WriteControl(control);
}
