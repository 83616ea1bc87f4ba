// Mutated files: each is read or refused with an Error, never anything else; sanitizer builds watch the memory.
#include <random>

#include "io/io_fixture.hpp"
#include "support/reduced.hpp"

namespace alexnet {
namespace {

using SafetensorsFuzzTest = IoTest;

std::string mutate(std::string bytes, std::mt19937& random) {
  static const std::vector<std::string> kPieces = {"{",   "}",     "[",  "]",  "\"",  ",",    ":",       "0",
                                                   "-1",  "1e9",   "\\", "\0", "a",   "null", "\"a\":0", "18446744073709551615",
                                                   "F32", "dtype", "{}", "[]", "\xff"};
  const auto below = [&](std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); };
  for (std::size_t edits = 1 + below(4); edits > 0 && !bytes.empty(); --edits) {
    const std::size_t at = below(bytes.size());
    switch (below(6)) {
      case 0:
        bytes[at] = static_cast<char>(below(256));
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 2:
        bytes.insert(at, kPieces[below(kPieces.size())]);
        break;
      case 3:
        bytes.erase(at, 1 + below(9));
        break;
      case 4:
        bytes.replace(at, 1, kPieces[below(kPieces.size())]);
        break;
      default:
        bytes.insert(at, bytes.substr(below(bytes.size()), below(60)));
        break;
    }
  }
  if (below(2) == 0 && bytes.size() > 8) {  // often a length that fits, so that the mutations behind it are reached
    std::uint64_t length = bytes.size() - 8;
    const std::size_t end = bytes.rfind('}');
    if (end != std::string::npos && end > 8) length = end - 7;
    std::memcpy(bytes.data(), &length, sizeof(length));
  }
  return bytes;
}

TEST_F(SafetensorsFuzzTest, ReadsOrThrowsAnError) {
  CountingTensors tensors;
  tensors.add("conv1.weight", {3, 2, 2, 1});
  tensors.add("conv1.bias", {3});
  write_safetensors(path("whole"), tensors.entries(), {{"format", "pt"}});
  const std::string whole = read_text_file(path("whole"));
  std::mt19937 random(20120930);
  const int num_files = reduced() ? 2'000 : 6'000;
  int num_read = 0, num_refused = 0;
  for (int i = 0; i < num_files; ++i) {
    // A new file each time: file systems sync a file that is cut to nothing and written again.
    const std::string mutant = folder_.write(fmt::format("f{}", i), mutate(whole, random));
    try {
      const SafetensorsFile file(mutant, i % 2 == 0);
      ++num_read;
      for (const std::string& name : file.names())
        EXPECT_EQ(file.read_f32(name).size(), static_cast<std::size_t>(file.shape(name).count()));
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::bad_data) << e.what();
      EXPECT_THAT(e.what(), ::testing::HasSubstr(mutant));
      ++num_refused;
    }
    std::filesystem::remove(mutant);
  }
  EXPECT_GT(num_read, num_files / 100) << "the mutations are too coarse to reach the data";
  EXPECT_GT(num_refused, num_files / 2);
}

}  // namespace
}  // namespace alexnet
