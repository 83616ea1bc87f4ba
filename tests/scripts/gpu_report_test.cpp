// scripts/gpu_report and scripts/kernel_resources, without a GPU: the program and the compiler's notes are played by small files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
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

constexpr const char* kVersionJson = R"({"version":"1.2.3","commit":"abc","cuda":true,"selftest_ops":["activation","sgd"]})";

// A bundle whose program says what a test wants to hear.
class GpuReportTest : public testing::Test {
 protected:
  GpuReportTest() {
    fs::create_directories(folder_.path() / "lib");
    folder_.write("lib/libcublasLt.so.13", "");
    fs::copy_file(script("gpu_report"), folder_.path() / "gpu_report");
  }
  // A program whose selftest of an op is these lines of a shell script, and whose other commands all fail.
  void program(const std::string& activation, const std::string& sgd) {
    write_program(folder_, fmt::format(R"(case "$1 $5" in
  --version*) echo '{}' ;;
  "selftest activation") {} ;;
  "selftest sgd") {} ;;
  *) echo "error: this is only played" >&2; exit 70 ;;
esac
)",
                                       kVersionJson, activation, sgd));
  }
  static void write_program(const TemporaryFolder& folder, const std::string& lines, const std::string& name = "alexnet") {
    fs::permissions(folder.write(name, "#!/bin/sh\n" + lines), fs::perms::owner_all);
  }
  CommandResult run(const std::vector<std::string>& arguments) {
    RunOptions options;
    options.env = {{"LD_LIBRARY_PATH", folder_ / "lib"}, {"PATH", folder_ / "bin" + std::string(":/usr/bin:/bin")}};
    std::vector<std::string> command = {folder_ / "gpu_report", "run", "--out", folder_ / "out"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run_command(command, options);
  }
  json report() { return json::parse(content(folder_.path() / "out/report.json")); }

  TemporaryFolder folder_;
};

// A line of the shell script: what `alexnet selftest` prints of one check.
std::string says(const std::string& op, bool ok) {
  json result = {{"op", op}, {"shape", "13x13"}, {"pass", "forward"}, {"ok", ok}};
  if (!ok) result["trouble"] = "3 of 4 values are wrong";
  return fmt::format("echo '{}'; exit {}", json{{"device", "a card"}, {"results", {result}}}.dump(), ok ? 0 : 1);
}

TEST_F(GpuReportTest, ReportsWhatIsProven) {
  program(says("relu", true), says("sgd", true));
  const CommandResult result = run({"--only", "selftest", "ops"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(report()["proven"], json({"activation", "sgd"})) << "by the name of the check";
  EXPECT_EQ(report()["version"]["commit"], "abc");
  EXPECT_THAT(content(folder_.path() / "out/report.md"), AllOf(HasSubstr("2 checks, 0 wrong, on a card"), Not(HasSubstr("**wrong**"))));
  EXPECT_THAT(content(folder_.path() / "out/bench_ops.log"), HasSubstr("only played")) << "what fails is kept, and the report goes on";
}

TEST_F(GpuReportTest, ReportsWhatIsWrong) {
  program(says("relu", false), says("sgd", true));
  const CommandResult result = run({"--only", "selftest"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_EQ(report()["proven"], json({"sgd"}));
  EXPECT_THAT(content(folder_.path() / "out/report.md"), HasSubstr("**wrong**: relu 13x13 forward: 3 of 4 values are wrong"));
}

TEST_F(GpuReportTest, RefusesAProgramThatDoesNotStart) {
  fs::permissions(folder_.write("alexnet", "#!/bin/sh\nexit 127"), fs::perms::owner_all);
  expect_refused(run({}), ExitCode::unavailable, {"the program does not start; see ", "/version.log"});
}

TEST_F(GpuReportTest, AnOpThatBreaksTheProgramHidesNoOther) {
  program("echo 'error: an illegal memory access' >&2; exit 70", says("sgd", true));
  EXPECT_EQ(run({"--only", "selftest"}).exit_code, 1);
  EXPECT_EQ(report()["proven"], json({"sgd"}));
  EXPECT_THAT(content(folder_.path() / "out/report.md"), HasSubstr("activation  : exit code 70: error: an illegal memory access"));
}

TEST_F(GpuReportTest, ProvesNothingWithoutADevice) {
  program("exit 69", "exit 69");
  EXPECT_EQ(run({}).exit_code, 1);
  EXPECT_EQ(report()["proven"], json::array());
  EXPECT_THAT(content(folder_.path() / "out/report.md"), HasSubstr("2 checks, 2 wrong, on no device"));
}

TEST_F(GpuReportTest, KeepsWhatAnEarlierGoFound) {
  program(says("relu", true), says("sgd", true));
  run({"--only", "selftest"});
  EXPECT_EQ(run({"--only", "training"}).exit_code, 0);
  EXPECT_EQ(report()["proven"], json({"activation", "sgd"}));
  write_program(folder_, fmt::format("echo '{}'", std::regex_replace(kVersionJson, std::regex("abc"), "def")));
  EXPECT_EQ(run({"--only", "training"}).exit_code, 1) << "of another commit";
  EXPECT_EQ(report()["proven"], json::array());
}

// cuDNN is the other machine's own: the program learns where it lies.
TEST_F(GpuReportTest, PutsCudnnBesideOurKernels) {
  folder_.write("lib/libcudnn.so.9", "");
  const std::string version = R"({"version":"1","commit":"abc","backends":["cuda","cudnn"],"cuda":true,"selftest_ops":["conv2d"]})";
  write_program(folder_, fmt::format(R"SH(case "$1 $2 $*" in
  --version*) echo '{}' ;;
  selftest*cudnn*conv2d*) test "$ALEXNET_CUDNN_FOLDER" = "{}" || exit 69; {} ;;
  "bench ops"*"--backend cuda --beside cudnn"*)
    echo '{{"ops":[{{"op":"conv2d","shape":"conv2","pass":"forward","ms":2.0,"beside_ms":3.0}}]}}' ;;
  "bench step"*"--backend cudnn"*) echo '{{"mode":"train","images_per_s":77}}' ;;
  *) exit 70 ;;
esac
)SH",
                                     version, folder_ / "lib", says("conv2d", true)));
  run({"--only", "cudnn"});
  EXPECT_EQ(report()["cudnn"]["selftest"]["proven"], json({"conv2d"})) << content(folder_.path() / "out/selftest_cudnn_conv2d.log");
  EXPECT_EQ(report()["proven"], json::array()) << "of the cuda backend nothing was proven";
  EXPECT_THAT(content(folder_.path() / "out/report.md"),
              AllOf(HasSubstr("2 checks, 1 wrong, on a card"), HasSubstr("| conv2 | forward | 2.0000 | 3.0000 | 1.50 |"),
                    HasSubstr("| cudnn | train | 77 |"), HasSubstr("**wrong**: training  : exit code 70")));
}

// The program is played: one rank loses 2.0 and 1.5, others what `second` is given.
TEST_F(GpuReportTest, ComparesRanksWithOneRank) {
  folder_.write("data/x", "");
  fs::permissions(folder_.write("bin/nvidia-smi", "#!/bin/sh\ntest \"$1\" = -L || exit 9\necho GPU 0; echo GPU 1\n"), fs::perms::owner_all);
  const auto play = [&](const std::string& second) {
    write_program(folder_, fmt::format(R"SH(case "$1" in
  --version) echo '{}'; exit ;;
esac
mkdir -p "$5"
loss=1.5
case "$*" in
  *"ids=[0,1]"*column_devices=2*) loss={} ;;
esac
for l in 2.0 $loss; do echo "{{\"kind\":\"train\",\"loss\":$l,\"images_per_s\":7}}"; done > "$5/metrics.jsonl"
)SH",
                                       kVersionJson, second));
    run({"--only", "ranks"});
  };
  play("1.50001");
  EXPECT_EQ(report()["proven"], json({"ranks"}));
  EXPECT_THAT(content(folder_.path() / "out/report.md"),
              AllOf(HasSubstr("| one rank | 2 | 0.0e+00 | 7.0 |"), HasSubstr("| two columns on two cards | 2 | 6.7e-06 | 7.0 |")));
  play("1.51");
  EXPECT_EQ(report()["proven"], json::array());
  EXPECT_THAT(content(folder_.path() / "out/report.md"), HasSubstr("| two columns on two cards | 2 | 6.7e-03 |"));
  write_program(folder_, fmt::format("test $1 = --version && echo '{}'", kVersionJson));
  run({"--only", "ranks"});
  EXPECT_EQ(report()["proven"], json::array());
  EXPECT_THAT(content(folder_.path() / "out/report.md"), HasSubstr("| two replicas on one card | 0 | **not run** | None |"));
}

TEST_F(GpuReportTest, CountsWhatTheSanitizerFound) {
  program(says("relu", true), says("sgd", true));
  folder_.write("bin/x", "");
  write_program(folder_, R"SH(case "$2 $*" in
  memcheck*activation*) echo "========= Invalid __global__ read of size 4 bytes"; echo "========= ERROR SUMMARY: 3 errors"; exit 99 ;;
  racecheck*) echo "========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)" ;;
  initcheck*) exit 70 ;;
  *) echo "========= ERROR SUMMARY: 0 errors" ;;
esac
)SH",
                "bin/compute-sanitizer");
  EXPECT_EQ(run({"--only", "selftest", "sanitizer"}).exit_code, 1);
  EXPECT_THAT(
      content(folder_.path() / "out/report.md"),
      AllOf(HasSubstr("| activation | 3 errors | clean | not run | clean |"), HasSubstr("| sgd | clean | clean | not run | clean |"),
            HasSubstr("- memcheck, activation: Invalid __global__ read of size 4 bytes")));
}

TEST_F(GpuReportTest, WhatRunsTooLongEndsWithItsChildren) {
  program("sleep 300 & echo $! > child; wait", says("sgd", true));
  EXPECT_EQ(run({"--only", "selftest", "--longest-s", "1"}).exit_code, 1);
  EXPECT_THAT(content(folder_.path() / "out/report.md"), HasSubstr("activation  : exit code None: stopped after 1 s"));
  const std::string child = content(folder_.path() / "out/child");
  EXPECT_FALSE(fs::exists("/proc/" + child.substr(0, child.find('\n')) + "/exe")) << child;
}

TEST_F(GpuReportTest, ComparesTheWeightsOfTwoTrainings) {
  const auto training = [&](const std::string& hash) {
    folder_.write("data/dataset.json", "{}");
    write_program(folder_, fmt::format(R"PY(case "$1" in
  --version) echo '{}' ;;
  train) /usr/bin/python3 - "$5" "{}" <<'END'
import json, os, sys
os.makedirs(sys.argv[1])
header = json.dumps({{"__metadata__": {{"data_xxh3_128": sys.argv[2] or sys.argv[1]}}}}).encode()
open(sys.argv[1] + "/last.safetensors", "wb").write(len(header).to_bytes(8, "little") + header)
print(json.dumps({{"kind": "validation", "step": 40, "top1_error": 0.215}}), file=open(sys.argv[1] + "/metrics.jsonl", "w"))
END
esac
)PY",
                                       kVersionJson, hash));
    run({"--only", "training"});
    EXPECT_THAT(content(folder_.path() / "out/report.md"), HasSubstr("run 2, training error by step: 40: 21.5 %"));
    return report()["training"]["same_bits"].get<bool>();
  };
  EXPECT_TRUE(training("cafe"));
  EXPECT_FALSE(training(""));
}

TEST_F(GpuReportTest, RefusesWhatItCannotUse) {
  fs::remove(folder_.path() / "lib/libcublasLt.so.13");
  if (!fs::exists("/usr/local/cuda"))
    expect_refused(run({}), ExitCode::unavailable, {"libcublasLt.so.13: not found; install CUDA Toolkit 13"});
  const auto pack = [&](const std::string& build, const std::string& data) {
    return run_command({script("gpu_report"), "pack", folder_ / "b.tar.gz", "--build", build, "--data", data});
  };
  expect_refused(pack(folder_ / "nowhere", ""), ExitCode::no_input, {"nowhere/alexnet: not there; build it first"});
  program("", "");
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
  // A file beside a source of that name, and one whose source is gone.
  folder.write("kernels/lrn_forward.cu.o.ptxas", notes(0));
  folder.write("kernels/no_such_source.cu.o.ptxas", notes(8));
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {script("kernel_resources"), "--build", folder.path().string()});
    return run_command(arguments);
  };
  EXPECT_THAT(run({}).out, HasSubstr("| lrn_forward | `some_kernel` | 255 | 4096 | 0 |"));
  EXPECT_THAT(run({"--arch", "sm_80"}).out, HasSubstr("| lrn_forward | `some_kernel` | 40 | 64 | 0 |"));
  EXPECT_EQ(run({"--check"}).exit_code, 0);
  folder.write("kernels/lrn_forward.cu.o.ptxas", notes(8));
  const CommandResult spilling = run({"--check"});
  EXPECT_EQ(spilling.exit_code, 1);
  EXPECT_THAT(spilling.out, HasSubstr("lrn_forward: some_kernel: spills 8 bytes, loads 8 (255 registers, sm_90a)"));
  expect_refused(run({"--arch", "sm_30"}), ExitCode::no_input, {"no kernels compiled for sm_30 there"});
}

}  // namespace
}  // namespace alexnet
