// scripts/gpu_report and scripts/kernel_resources, without a GPU: the program and the compiler's notes are played by small files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string script(const std::string& name) { return ALEXNET_SOURCE_DIR "/scripts/" + name; }

std::string content(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

constexpr const char* kVersionJson = R"({"version":"1.2.3","commit":"abc","cuda":true})";

// A bundle whose program says what a test wants to hear.
class GpuReportTest : public testing::Test {
 protected:
  GpuReportTest() {
    fs::create_directories(folder_.path() / "lib");
    folder_.write("lib/libcublasLt.so.13", "");
    fs::copy_file(script("gpu_report"), folder_.path() / "gpu_report");
  }
  // What `alexnet selftest` prints, and its exit code.
  void program(const json& selftest, int exit_code) {
    folder_.write("selftest.json", selftest.dump());
    const std::string path = folder_.write("alexnet", fmt::format(R"(#!/bin/sh
case "$1" in
  --version) echo '{}' ;;
  selftest) cat "$(dirname "$0")/selftest.json"; exit {} ;;
  *) echo "error: this is only played" >&2; exit 70 ;;
esac
)",
                                                                  kVersionJson, exit_code));
    fs::permissions(path, fs::perms::owner_all);
  }
  CommandResult run() {
    RunOptions options;
    options.env = {{"LD_LIBRARY_PATH", folder_ / "lib"}, {"PATH", "/usr/bin:/bin"}};
    return run_command({folder_ / "gpu_report", "run", "--out", folder_ / "out", "--only", "bench"}, options);
  }
  json report() { return json::parse(content(folder_.path() / "out/report.json")); }

  TemporaryFolder folder_;
};

json result_of(const std::string& op, bool ok) {
  json result = {{"op", op}, {"shape", "13x13"}, {"pass", "forward"}, {"ok", ok}};
  if (!ok) result["trouble"] = "3 of 4 values are wrong";
  return result;
}

TEST_F(GpuReportTest, ReportsWhatIsProven) {
  program({{"checks", 2}, {"wrong", 0}, {"device", "a card"}, {"results", {result_of("lrn", true), result_of("sgd", true)}}}, 0);
  const CommandResult result = run();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(report()["proven"], json({"lrn", "sgd"}));
  EXPECT_EQ(report()["version"]["commit"], "abc");
  EXPECT_THAT(content(folder_.path() / "out/report.md"), AllOf(HasSubstr("2 checks, 0 wrong, on a card"), Not(HasSubstr("**wrong**"))));
  EXPECT_THAT(content(folder_.path() / "out/bench_ops.log"), HasSubstr("only played")) << "what fails is kept, and the report goes on";
}

TEST_F(GpuReportTest, ReportsWhatIsWrong) {
  program({{"checks", 3}, {"wrong", 1}, {"results", {result_of("lrn", true), result_of("lrn", false), result_of("sgd", true)}}}, 1);
  const CommandResult result = run();
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_EQ(report()["proven"], json({"sgd"}));
  EXPECT_THAT(content(folder_.path() / "out/report.md"), HasSubstr("**wrong**: lrn 13x13 forward: 3 of 4 values are wrong"));
}

TEST_F(GpuReportTest, ProvesNothingWithoutADevice) {
  folder_.write("selftest.json", "");
  program("", 69);
  folder_.write("selftest.json", "");
  EXPECT_EQ(run().exit_code, 1);
  EXPECT_EQ(report()["proven"], json::array());
}

TEST_F(GpuReportTest, RefusesWhatItCannotUse) {
  fs::remove(folder_.path() / "lib/libcublasLt.so.13");
  if (!fs::exists("/usr/local/cuda"))
    expect_refused(run(), ExitCode::unavailable, {"libcublasLt.so.13: not found; install CUDA Toolkit 13"});
  const auto pack = [&](const std::string& build, const std::string& data) {
    return run_command({script("gpu_report"), "pack", folder_ / "b.tar.gz", "--build", build, "--data", data});
  };
  expect_refused(pack(folder_ / "nowhere", ""), ExitCode::no_input, {"nowhere/alexnet: not there; build it first"});
  program("", 0);
  expect_refused(pack(folder_.path().string(), folder_ / "no-data"), ExitCode::no_input, {"no-data: no dataset.json in it"});
  const std::string without = folder_.write("cpu/alexnet", R"(#!/bin/sh
echo '{"cuda":false}')");
  fs::permissions(without, fs::perms::owner_all);
  expect_refused(pack(folder_ / "cpu", ""), ExitCode::unavailable, {"built without CUDA"});
}

TEST(KernelResourcesTest, ListsAndChecksWhatTheCompilerSaid) {
  const TemporaryFolder folder;
  const auto notes = [](int spilled) {
    return fmt::format(
        "ptxas info    : 0 bytes gmem\n"
        "ptxas info    : Compiling entry function '_ZN7alexnet11some_kernelEv' for 'sm_80'\n"
        "ptxas info    : Function properties for _ZN7alexnet11some_kernelEv\n"
        "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
        "ptxas info    : Used 40 registers, used 1 barriers, 64 bytes smem, 376 bytes cmem[0]\n"
        "ptxas info    : Compiling entry function '_ZN7alexnet11some_kernelEv' for 'sm_90a'\n"
        "ptxas info    : Function properties for _ZN7alexnet11some_kernelEv\n"
        "    16 bytes stack frame, {} bytes spill stores, {} bytes spill loads\n"
        "ptxas info    : Used 255 registers, used 1 barriers, 4096 bytes smem\n",
        spilled, spilled);
  };
  folder.write("kernels/some.cu.o.ptxas", notes(0));
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {script("kernel_resources"), "--build", folder.path().string()});
    return run_command(arguments);
  };
  EXPECT_THAT(run({}).out, HasSubstr("| some | `some_kernel` | 255 | 4096 | 0 |"));
  EXPECT_THAT(run({"--arch", "sm_80"}).out, HasSubstr("| some | `some_kernel` | 40 | 64 | 0 |"));
  EXPECT_EQ(run({"--check"}).exit_code, 0);
  folder.write("kernels/some.cu.o.ptxas", notes(8));
  const CommandResult spilling = run({"--check"});
  EXPECT_EQ(spilling.exit_code, 1);
  EXPECT_THAT(spilling.out, HasSubstr("some: some_kernel: spills 8 bytes, loads 8 (255 registers, sm_90a)"));
  expect_refused(run({"--arch", "sm_30"}), ExitCode::no_input, {"no kernels compiled for sm_30 there"});
}

}  // namespace
}  // namespace alexnet
