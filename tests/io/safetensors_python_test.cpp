// An independent reader of twenty lines of Python, by the format's description, sees what we wrote.
#include "io/io_fixture.hpp"
#include "support/run_command.hpp"

namespace alexnet {
namespace {

using SafetensorsPythonTest = IoTest;

constexpr const char* kPython = "/usr/bin/python3";
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
print("metadata", ascii(metadata["note"]))
end = 0
for name, entry in header.items():
    assert entry["dtype"] == "F32" and entry["data_offsets"][0] == end
    end = entry["data_offsets"][1]
    array = np.frombuffer(data[entry["data_offsets"][0]:end], dtype="<f4").reshape(entry["shape"])
    print(name, list(array.shape), array.ravel().tolist())
assert end == len(data)
)";

TEST_F(SafetensorsPythonTest, SeesTheSameTensors) {
  if (run_command({kPython, "-c", "import numpy"}).exit_code != 0) GTEST_SKIP() << kPython << " with numpy is not installed";
  std::vector<float> weights = {1, 2, 3, 4, 5, 6.5F}, bias = {-0.25F};
  write_safetensors(path("f"),
                    {{"fc.weight", Tensor(weights.data(), {2, 3}, DType::f32)}, {"fc.bias", Tensor(bias.data(), {1}, DType::f32)}},
                    {{"note", "\"quoted\" \xc3\xa9"}});
  write_file_atomically(path("read.py"), kReader);
  const CommandResult result = run_command({kPython, path("read.py"), path("f")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "metadata '\"quoted\" \\xe9'\n"
            "fc.weight [2, 3] [1.0, 2.0, 3.0, 4.0, 5.0, 6.5]\n"
            "fc.bias [1] [-0.25]\n");
}

}  // namespace
}  // namespace alexnet
