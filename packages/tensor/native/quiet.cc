// TensorFlow's own TF_CPP_MIN_LOG_LEVEL does not reach what it logs through Abseil, such as a note at the first graph.
// This does: compiled into the addon, it runs when the addon loads. The symbol is weak, so that a TensorFlow with
// another Abseil only stays as loud as it is.
#include <cstdlib>

namespace absl {
inline namespace lts_20250127 {
enum class LogSeverityAtLeast : int {};
__attribute__((weak)) void SetMinLogLevel(LogSeverityAtLeast level);
}  // namespace lts_20250127
}  // namespace absl

__attribute__((constructor)) static void Quiet() {
  const char *level = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  if (level != nullptr && absl::SetMinLogLevel != nullptr) {
    absl::SetMinLogLevel(static_cast<absl::LogSeverityAtLeast>(std::atoi(level)));
  }
}
