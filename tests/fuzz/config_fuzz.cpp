// A configuration: what is accepted is written and read again.
#include "alexnet/config/config.hpp"
#include "fuzz_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alexnet;
  refuse_or_read([&] {
    const std::string written = dump_config(parse_config(std::string(as_text(data, size)), "fuzz.yaml"));
    if (dump_config(parse_config(written, "written.yaml")) != written) std::abort();
  });
  return 0;
}
