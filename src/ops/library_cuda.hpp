// NVIDIA's large libraries, loaded when a backend is opened, not when the program starts: cuBLASLt has 541 MB, whose mapping would cost
// every command 0.14 s, cuDNN as much again, and a machine without a GPU need not have them.
#pragma once

#include <string>
#include <vector>

namespace alexnet {

// A library that stays loaded to the end of the program.
class LibraryCuda {
 public:
  // Looks for `file` in the folders, in order; "": where the system looks. Throws Error(unavailable) with what the first attempt said.
  LibraryCuda(std::string backend, std::string file, const std::vector<std::string>& folders, const std::string& advice);

  // Throws Error(unavailable).
  template <class Function>
  Function function(const char* name) const {
    return reinterpret_cast<Function>(symbol(name));
  }

 private:
  void* symbol(const char* name) const;

  std::string backend_, file_;
  void* library_ = nullptr;
};

}  // namespace alexnet
