// The model catches each mistake of wrong_kernels.cu with a message that says what and where, and finds nothing in the same kernel
// without the mistake, whatever the order of threads and blocks.
#include "emulator/emulator.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "emulator/wrong_kernels.hpp"
#include "support/expect_error.hpp"

namespace alexnet::emulator {
namespace {

struct Mistake {
  const char* name;
  std::vector<std::string> words;  // of the message
  const char* line;                // text of the line that it must name
};

const Mistake kMistakes[] = {
    {"read_overrun",
     {"out of bounds", "reads 4 bytes at 0 bytes beyond the end of 'src' (512 bytes)", "thread (63,0,0) of block (1,0,0)"},
     "src[element() + (kWrong"},
    {"write_underrun",
     {"out of bounds", "writes 4 bytes at 4 bytes before 'dst'", "thread (0,0,0) of block (0,0,0)"},
     "dst[element() - (kWrong"},
    {"wild_pointer", {"out of bounds", "neither in a buffer nor in shared memory", "0x40"}, "reinterpret_cast<const float*>(64)"},
    {"shared_overrun", {"out of bounds", "index 64", "float [64]", "thread (63,0,0)"}, "  tile[t] = "},
    {"shared_pointer_overrun",
     {"out of bounds", "writes 4 bytes at 0 bytes beyond the end of shared memory 'tile' (260 bytes)"},
     "at[index] = value"},
    {"dynamic_overrun",
     {"out of bounds", "beyond the end of shared memory 'dynamic_shared' (256 bytes)"},
     "tile[threadIdx.x + (kWrong ? 1 : 0)]"},
    {"missing_barrier", {"race", "shared memory 'tile' + ", "thread (", "with no barrier between"}, "tile[kBlock - 1 - threadIdx.x];"},
    {"overwritten_too_soon", {"race", "shared memory 'tile' + ", "with no barrier between"}, "    tile[threadIdx.x] = src[element()];"},
    {"two_writers", {"race", "writes shared memory 'largest' + 0 bytes", " wrote at "}, "largest = src[0]"},
    {"missing_syncwarp", {"race", "'tile'"}, "tile[threadIdx.x ^ 31];"},
    {"half_a_syncwarp", {"race", "'tile'"}, "(kWrong ? 31 : 15)"},
    {"syncwarp_between_warps", {"race", "'tile'"}, "(kWrong ? 32 : 1)"},
    {"barrier_after_return", {"divergent barrier", "waits at the barrier of", "has finished"}, nullptr},
    {"two_barriers", {"divergent barrier", "waits at the barrier of", ", but thread"}, nullptr},
    {"absent_lanes", {"divergent barrier", "waits at the barrier of", "in the warp operation of"}, "__syncwarp(0xffffffffU)"},
    {"shuffle_from_absent_lane", {"shuffle", "takes the value of lane 20, which does not take part"}, "kWrong ? 20 : 4"},
    {"uninitialised_shared",
     {"uninitialised", "thread (5,0,0)", "reads shared memory 'tile' + 20 bytes", "no thread of the block wrote"},
     "  dst[element()] = tile[threadIdx.x];"},
    {"two_threads_one_element", {"race", "writes 'dst' + ", " wrote at "}, "dst[threadIdx.x / 2] = "},
    {"other_blocks_result", {"race", "'dst' + ", "in the same launch"}, nullptr},
    {"read_by_all_blocks", {"race", "'dst' + ", "in the same launch"}, "const float old"},
    {"misaligned_vector", {"misaligned", "reads 16 bytes at 'src' + "}, "const float4 value = "},
    {"much_shared_memory", {"too much shared memory", "49156 bytes", "'tile'", "49152 are the limit"}, "tile[threadIdx.x] = "},
};

void PrintTo(const Mistake& mistake, std::ostream* stream) { *stream << mistake.name; }

// Whether `message` names a line of wrong_kernels.cu that holds `text`.
bool names_line(const std::string& message, const std::string& text) {
  std::ifstream file(std::string(ALEXNET_SOURCE_DIR) + "/tests/emulator/wrong_kernels.cu");
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string name = "tests/emulator/wrong_kernels.cu:" + std::to_string(number);
    const std::size_t at = message.find(name);
    const bool is_named = at != std::string::npos && (at + name.size() == message.size() || std::isdigit(message[at + name.size()]) == 0);
    if (is_named && line.find(text) != std::string::npos) return true;
  }
  return false;
}

std::vector<float> values() {
  std::vector<float> result(kCount);
  std::iota(result.begin(), result.end(), 1.0F);
  return result;
}

template <class F>
std::string message_of(F call) {
  try {
    call();
  } catch (const KernelFault& fault) {
    return fault.what();
  }
  return "nothing was caught";
}

class EmulatorTest : public testing::TestWithParam<Mistake> {
 protected:
  ~EmulatorTest() override { options() = Options(); }
};

TEST_P(EmulatorTest, CatchesTheMistake) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    options().seed = seed;
    const DeviceArray<float> src("src", values()), dst("dst", values());
    const std::string message = message_of([&] { launch_mistake(GetParam().name, true, src.data(), dst.data()); });
    EXPECT_TRUE(message.starts_with(std::string(GetParam().name) + "_kernel<true>: ")) << message;
    for (const std::string& word : GetParam().words) EXPECT_NE(message.find(word), std::string::npos) << message << "\nlacks " << word;
    if (GetParam().line != nullptr) {
      EXPECT_TRUE(names_line(message, GetParam().line)) << message;
    }
  }
}

TEST_P(EmulatorTest, FindsNothingWithoutTheMistake) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    options().seed = seed;
    const DeviceArray<float> src("src", values()), dst("dst", values());
    EXPECT_NO_THROW(launch_mistake(GetParam().name, false, src.data(), dst.data())) << "seed " << seed;
    EXPECT_EQ(src.values(), values());
  }
}

INSTANTIATE_TEST_SUITE_P(Mistakes, EmulatorTest, testing::ValuesIn(kMistakes),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(Emulator, BarriersAndSharedMemoryWork) {
  const DeviceArray<float> src("src", values()), dst("dst", kCount);
  launch_mistake("missing_barrier", false, src.data(), dst.data());
  const std::vector<float> result = dst.values();
  for (int i = 0; i < kCount; ++i)
    EXPECT_EQ(result[static_cast<std::size_t>(i)], static_cast<float>(i / kBlock * kBlock + kBlock - i % kBlock));
}

// Ranks that are threads run kernels at the same time.
TEST(Emulator, RunsKernelsInAnyThreadOfTheHost) {
  const DeviceArray<float> src("src", values()), first("first", kCount), second("second", kCount);
  const auto run = [&](const DeviceArray<float>& dst) {
    const std::string message = message_of([&] { launch_mistake("missing_barrier", true, src.data(), dst.data()); });
    EXPECT_NE(message.find("race: thread ("), std::string::npos) << message;
    for (int i = 0; i < 20; ++i) EXPECT_NO_THROW(launch_mistake("missing_barrier", false, src.data(), dst.data()));
  };
  std::thread other([&] { run(second); });
  run(first);
  other.join();
  EXPECT_EQ(first.values(), second.values());
}

TEST(Emulator, CatchesAFreedBuffer) {
  DeviceArray<float> src("src", values()), dst("dst", kCount);
  float* freed = dst.data();
  dst.free();
  const std::string message = message_of([&] { launch_mistake("read_overrun", false, src.data(), freed); });
  EXPECT_NE(message.find("freed buffer: thread ("), std::string::npos) << message;
  EXPECT_NE(message.find("writes 4 bytes at 'dst' + "), std::string::npos) << message;
}

TEST(Emulator, CatchesReadsAndDownloadsOfWhatNobodyWrote) {
  const DeviceArray<float> src("src", kCount), dst("dst", kCount);
  const std::string message = message_of([&] { launch_mistake("read_overrun", false, src.data(), dst.data()); });
  EXPECT_NE(message.find("uninitialised: thread ("), std::string::npos) << message;
  EXPECT_NE(message.find("reads 'src' + "), std::string::npos) << message;
  EXPECT_NE(message.find("nobody wrote"), std::string::npos) << message;
  EXPECT_EQ(message_of([&] { static_cast<void>(src.values()); }), "uninitialised: nothing was ever written to 'src' + 0 bytes");
}

TEST(Emulator, RefusesLaunchesThatNoDeviceTakes) {
  const DeviceArray<float> src("src", values()), dst("dst", values());
  expect_error(ExitCode::internal, {"copy_kernel", "block (1025,1,1)", "invalid configuration argument"},
               [&] { launch_copy_with(1025, 0, src.data(), dst.data()); });
  expect_error(ExitCode::internal, {"copy_kernel", "166913 bytes of shared memory", "invalid argument"},
               [&] { launch_copy_with(kBlock, 163 * 1024 + 1, src.data(), dst.data()); });
  EXPECT_NO_THROW(launch_copy_with(kCount, 163 * 1024, src.data(), dst.data()));
}

}  // namespace
}  // namespace alexnet::emulator
