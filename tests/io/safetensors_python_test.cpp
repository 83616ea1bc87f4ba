// An independent reader of twenty lines of Python, by the format's description, sees what we wrote.
#include <cstdio>

#include "io/io_fixture.hpp"

namespace alexnet {
namespace {

using SafetensorsPythonTest = IoTest;

constexpr const char* kReader = R"(
import json, struct, sys
import numpy as np
bytes = open(sys.argv[1], "rb").read()
(length,) = struct.unpack("<Q", bytes[:8])
header = json.loads(bytes[8:8 + length].decode("utf-8"))
data = bytes[8 + length:]
assert (8 + length) % 8 == 0, "data is not aligned"
metadata = header.pop("__metadata__")
assert all(isinstance(value, str) for value in metadata.values())
print("metadata", metadata["note"])
end = 0
for name, entry in header.items():
    assert entry["dtype"] == "F32" and entry["data_offsets"][0] == end
    end = entry["data_offsets"][1]
    array = np.frombuffer(data[entry["data_offsets"][0]:end], dtype="<f4").reshape(entry["shape"])
    print(name, list(array.shape), array.ravel().tolist())
assert end == len(data)
)";

std::string output_of(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  std::string output;
  char buffer[4096];
  while (pipe != nullptr && std::fgets(buffer, sizeof(buffer), pipe) != nullptr) output += buffer;
  return pipe != nullptr && pclose(pipe) == 0 ? output : output + "FAILED";
}

TEST_F(SafetensorsPythonTest, SeesTheSameTensors) {
  if (output_of("/usr/bin/python3 -c 'import numpy' 2>&1") != "") GTEST_SKIP() << "/usr/bin/python3 with numpy is not installed";
  std::vector<float> weights = {1, 2, 3, 4, 5, 6.5F}, bias = {-0.25F};
  write_safetensors(path("f"),
                    {{"fc.weight", Tensor(weights.data(), {2, 3}, DType::f32)}, {"fc.bias", Tensor(bias.data(), {1}, DType::f32)}},
                    {{"note", "\"quoted\" \xc3\xa9"}});
  write_file_atomically(path("read.py"), kReader);
  EXPECT_EQ(output_of("PYTHONIOENCODING=utf-8 /usr/bin/python3 " + path("read.py") + " " + path("f") + " 2>&1"),
            "metadata \"quoted\" \xc3\xa9\n"
            "fc.weight [2, 3] [1.0, 2.0, 3.0, 4.0, 5.0, 6.5]\n"
            "fc.bias [1] [-0.25]\n");
}

}  // namespace
}  // namespace alexnet
