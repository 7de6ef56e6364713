// Where no threads for ops are wanted (TF_NUM_INTEROP_THREADS=-1, 'caller' in parallelism.ts), a graph runs on
// TensorFlow's executor that is made for one thread: it keeps no queue of ops and counts no references between threads.
// The binding has no way to ask for it.
//
// The addon's call of TF_LoadSessionFromSavedModel finds this one first, and this one the library's.
#include <dlfcn.h>

#include <cstdlib>
#include <cstring>

#include "tensorflow/c/c_api.h"

// ConfigProto { experimental { executor_type: "SINGLE_THREADED_EXECUTOR" } }
static constexpr char kConfig[] = "\x82\x01\x1a\x1a\x18SINGLE_THREADED_EXECUTOR";

extern "C" TF_Session *TF_LoadSessionFromSavedModel(const TF_SessionOptions *options, const TF_Buffer *run_options,
                                                    const char *export_dir, const char *const *tags, int tags_len,
                                                    TF_Graph *graph, TF_Buffer *meta_graph_def, TF_Status *status) {
  static const auto load = reinterpret_cast<decltype(&TF_LoadSessionFromSavedModel)>(
      dlsym(RTLD_NEXT, "TF_LoadSessionFromSavedModel"));
  const char *threads = std::getenv("TF_NUM_INTEROP_THREADS");
  if (threads != nullptr && std::strcmp(threads, "-1") == 0) {
    // The binding made the options for this call alone.
    TF_SetConfig(const_cast<TF_SessionOptions *>(options), kConfig, sizeof kConfig - 1, status);
    if (TF_GetCode(status) != TF_OK) return nullptr;
  }
  return load(options, run_options, export_dir, tags, tags_len, graph, meta_graph_def, status);
}
