// A checkpoint or statistics file, whole.
#include "alexnet/io/safetensors.hpp"

#include "fuzz_file.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alexnet;
  static const FuzzFile file("fuzz.safetensors");
  file.write(data, size);
  refuse_or_read([&] {
    const SafetensorsFile tensors(file.path());
    for (const std::string& name : tensors.names()) {
      refuse_or_read([&] { tensors.read_f32(name); });
      if (!tensors.has(name)) std::abort();
    }
  });
  return 0;
}
