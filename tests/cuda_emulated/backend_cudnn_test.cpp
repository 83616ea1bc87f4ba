// The cudnn backend under the execution model, on a stand-in for libcudnn.so.9.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "alexnet/reference/activation.hpp"
#include "alexnet/reference/conv2d.hpp"
#include "cuda_emulated/cudnn_standin.hpp"
#include "emulator/emulator.hpp"
#include "ops/ops_cudnn.hpp"
#include "selftest/op_check.hpp"
#include "support/expect_error.hpp"
#include "support/logged.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet::test {
namespace {

using selftest::Doubles;
using selftest::OpCheck;
using selftest::random_integers;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr const char* kVariable = "ALEXNET_CUDNN_FOLDER";

class BackendCudnn : public testing::Test {
 protected:
  BackendCudnn() {
    setenv(kVariable, CUDNN_STANDIN_FOLDER, 1);
    cudnn_standin() = {};
  }
  ~BackendCudnn() override {
    EXPECT_EQ(cudnn_standin().num_descriptors, 0) << "descriptors that nobody destroyed";
    cudnn_standin() = {};
    emulator::device_state() = {};
    unsetenv(kVariable);
  }

  static Conv2dShape small() { return Conv2dShape::infer("conv", 2, {5, 6, 4}, 6, 3, 2, {2, 1, 0, 1}, 2); }
  static Algorithms choice(const OpUse& use = {}, bool timed = true) {
    return make_backend_cudnn({.times_algorithms = timed})->make_conv2d(small(), Epilogue::relu, use)->algorithms();
  }
};

void open_backend() { make_backend_cudnn({}); }

TEST_F(BackendCudnn, NamesItself) {
  const auto backend = make_backend_cudnn({});
  EXPECT_EQ(backend->name(), "cudnn");
  EXPECT_THAT(backend->description(), HasSubstr("execution model (device 0, compute capability 8.0), CUDA 13.0, cuDNN 9.19.0"));
  expect_error(ExitCode::unavailable, {"device.precision is bf16: the cudnn backend computes in f32; set device.precision=f32"},
               [&] { backend->check_activation_type(DType::bf16); });
}

TEST_F(BackendCudnn, SaysInOneLineWhyThereIsNoLibrary) {
  const TemporaryFolder folder;
  setenv(kVariable, folder.path().c_str(), 1);
  expect_error(ExitCode::unavailable,
               {"backend cudnn: ", "libcudnn.so.9: ", "install cuDNN 9 for CUDA 13, or name its folder in ALEXNET_CUDNN_FOLDER"},
               open_backend);
  Dl_info other{};
  ASSERT_NE(dladdr(reinterpret_cast<void*>(&setenv), &other), 0);
  std::filesystem::create_symlink(other.dli_fname, folder.path() / "libcudnn.so.9");
  expect_error(ExitCode::unavailable, {"backend cudnn: libcudnn.so.9 has no function cudnnGetVersion: another version?"}, open_backend);
}

TEST_F(BackendCudnn, RefusesAnotherVersion) {
  cudnn_standin().version = 8907;
  expect_error(ExitCode::unavailable,
               {"backend cudnn: libcudnn.so.9 is cuDNN 8.9.7, this program needs version 9; name another folder in ALEXNET_CUDNN_FOLDER"},
               open_backend);
  cudnn_standin().version = 100200;
  expect_error(ExitCode::unavailable, {"is cuDNN 10.2.0, this program needs version 9"}, open_backend);
}

TEST_F(BackendCudnn, SaysInItsOwnNameThatThereIsNoDevice) {
  emulator::device_state().num_devices = 0;
  expect_error(ExitCode::unavailable, {"backend cudnn: no device (the driver finds none"}, open_backend);
}

TEST_F(BackendCudnn, SaysThatTheLibraryDoesNotStart) {
  cudnn_standin().starts = false;
  expect_error(ExitCode::unavailable, {"backend cudnn: cuDNN 9.19.0 does not start: another status"}, open_backend);
}

// Paddings, strides and groups that confuse nothing with anything else; with engines that fuse and such that do not.
TEST_F(BackendCudnn, MatchesTheReference) {
  const auto backend = make_backend_cudnn({});
  for (const bool fuses : {true, false}) {
    cudnn_standin().engines = {{.id = 3, .scratch_bytes = 100, .fuses = fuses}};
    for (const Conv2dShape& s : {small(), Conv2dShape::infer("conv", 3, {7, 5, 3}, 5, 3, 1, {0, 0, 2, 2}, 1),
                                 Conv2dShape::infer("conv", 2, {4, 4, 8}, 12, 1, 1, {}, 4)}) {
      const Shape src{s.N, s.IH, s.IW, s.IC}, weights{s.OC, s.KH, s.KW, s.IC / s.groups}, dst{s.N, s.OH, s.OW, s.OC};
      const Doubles x = random_integers(src.count(), 1), w = random_integers(weights.count(), 2), b = random_integers(s.OC, 3),
                    dy = random_integers(dst.count(), 4);
      const auto expect_right = [&](const SelftestResult& r) {
        EXPECT_EQ(r.trouble, "") << r.pass << ", " << r.shape << (fuses ? ", fused" : "");
      };
      const selftest::Report report = expect_right;
      OpCheck check(*backend, "conv2d", src.str(), report);
      const Tensor tx = check.input(src, x), tw = check.input(weights, w), tb = check.input({s.OC}, b), tdy = check.input(dst, dy);
      const Tensor y = check.output(dst), dx = check.output(src), dw = check.output(weights), db = check.output({s.OC});
      const Doubles sums = reference::conv2d_forward(s, x, w, b);
      const auto gradients = reference::conv2d_backward_weights(s, x, dy);
      for (const Epilogue epilogue : {Epilogue::none, Epilogue::relu}) {
        const auto op = backend->make_conv2d(s, epilogue);
        check.bind(*op);
        check.pass("forward", [&] { op->forward(tx, tw, tb, y); },
                   {{y, epilogue == Epilogue::relu ? reference::relu_forward(sums) : sums, reference::kExact}});
        check.pass("backward_data", [&] { op->backward_data(tdy, tw, dx); },
                   {{dx, reference::conv2d_backward_data(s, dy, w), reference::kExact}});
        check.pass("backward_weights", [&] { op->backward_weights(tx, tdy, dw, db); },
                   {{dw, gradients.diff_weights, reference::kExact}, {db, gradients.diff_bias, reference::kExact}});
        EXPECT_EQ(op->algorithms()["forward"], fuses ? "9.19.0 fused eng3" : "9.19.0 eng3");
      }
    }
    EXPECT_THAT(cudnn_standin().runs, AllOf(Not(IsEmpty()), Each(3)));
  }
}

TEST_F(BackendCudnn, LeavesOutEnginesThatAreNotTrueF32OrNotDeterministic) {
  cudnn_standin().engines = {{.id = 10, .ms = 9}};
  for (const auto note :
       {CUDNN_NUMERICAL_NOTE_TENSOR_CORE, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION,
        CUDNN_NUMERICAL_NOTE_FFT, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC, CUDNN_NUMERICAL_NOTE_WINOGRAD})
    cudnn_standin().engines.push_back({.id = note, .notes = {CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP, note}});
  choice();
  EXPECT_THAT(cudnn_standin().runs, AllOf(Not(IsEmpty()), Each(10))) << "not even timed";
  cudnn_standin().engines.push_back({.id = 11, .notes = {CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP}});
  EXPECT_EQ(choice()["backward_data"], "9.19.0 eng11");
}

TEST_F(BackendCudnn, TakesTheFastestOrTheFirst) {
  cudnn_standin().engines = {
      {.id = 1, .ms = 3000, .fuses = false}, {.id = 2, .knobs = {{2, 4}, {18, 0}}, .ms = 2000}, {.id = 2, .knobs = {{2, 5}}, .ms = 1000}};
  EXPECT_THAT(choice(), UnorderedElementsAre(Pair("forward", "9.19.0 fused eng2_k2=5"), Pair("backward_data", "9.19.0 eng2_k2=5"),
                                             Pair("backward_weights", "9.19.0 eng2_k2=5")));
  cudnn_standin().runs.clear();
  EXPECT_THAT(choice({}, false), UnorderedElementsAre(Pair("forward", "9.19.0 fused eng2_k2=4_k18=0"), Pair("backward_data", "9.19.0 eng1"),
                                                      Pair("backward_weights", "9.19.0 eng1")));
  EXPECT_THAT(cudnn_standin().runs, IsEmpty()) << "nothing is timed";
}

TEST_F(BackendCudnn, PassesThatNobodyCallsAreNotPlanned) {
  EXPECT_THAT(choice({.backward_data = false}), UnorderedElementsAre(Pair("forward", testing::_), Pair("backward_weights", testing::_)));
  const auto op = make_backend_cudnn({})->make_conv2d(small(), Epilogue::none, {.backward_data = false, .backward_weights = false});
  EXPECT_THAT(op->algorithms(), ElementsAre(Pair("forward", "9.19.0 fused eng0")));
  EXPECT_EQ(op->scratch_bytes(), 0U);
}

TEST_F(BackendCudnn, EnginesThatFailAreNotTaken) {
  cudnn_standin().engines = {{.id = 1, .builds = false},
                             {.id = 2, .runs = false},
                             {.id = 3, .scratch_bytes = std::size_t{257} << 20},
                             {.id = 4, .ms = 9, .is_fallback = true}};
  EXPECT_THAT(choice(), Each(Pair(testing::_, HasSubstr("eng4"))));
}

TEST_F(BackendCudnn, AsksForTheScratchOfWhatItChose) {
  const auto backend = make_backend_cudnn({});
  cudnn_standin().engines = {{.id = 1, .scratch_bytes = 1 << 20}, {.id = 2, .scratch_bytes = 2 << 20, .ms = 1000}};
  EXPECT_EQ(backend->make_conv2d(small(), Epilogue::relu)->scratch_bytes(), 1U << 20);
  EXPECT_EQ(backend->free_bytes(), emulator::device_state().memory_bytes) << "what was measured with is given back";
}

TEST_F(BackendCudnn, TakesAnAlgorithmAgain) {
  cudnn_standin().engines = {{.id = 1, .knobs = {{2, 7}}, .ms = 2000}, {.id = 2}};
  const Algorithms stored{{"forward", "9.19.0 eng1_k2=7"}, {"backward_data", "9.19.0 eng1_k2=7"}, {"backward_weights", "9.19.0 eng1_k2=7"}};
  Algorithms again;
  EXPECT_EQ(logged([&] { again = choice({.algorithms = stored}); }), "");
  EXPECT_EQ(again, stored);
  EXPECT_THAT(cudnn_standin().runs, IsEmpty()) << "nothing is timed";
}

TEST_F(BackendCudnn, WarnsWhenAnAlgorithmIsNotToBeHadAgain) {
  for (const std::string old : {"9.18.1 eng0", "9.19.0 eng5", "9.19.0 fused eng0_k2=9", ""}) {
    Algorithms taken;
    const std::string log = logged([&] { taken = choice({.algorithms = {{"backward_weights", old}}}); });
    EXPECT_EQ(taken["backward_weights"], "9.19.0 eng0");
    EXPECT_THAT(log, AllOf(HasSubstr("conv2d backward_weights of (2, 5, 6, 4) by 3x3, stride 2, pad 2 1 0 1 to 6 channels in groups of 3"),
                           HasSubstr("the checkpoint's algorithm '" + old + "' is not to be had on execution model"),
                           HasSubstr("the run goes on with other bits")));
  }
}

TEST_F(BackendCudnn, PassesWithoutAnEngineAreDoneByOurOwnKernels) {
  cudnn_standin().engines = {{.knows_backward = false}};
  const auto backend = make_backend_cudnn({});
  std::unique_ptr<Conv2d> op;
  const std::string log = logged([&] { op = backend->make_conv2d(small(), Epilogue::none); });
  EXPECT_THAT(log, AllOf(HasSubstr("conv2d backward_data of (2, 5, 6, 4)"), HasSubstr("conv2d backward_weights of (2, 5, 6, 4)"),
                         HasSubstr("cuDNN cannot do it, our own kernel does: cuDNN: a descriptor: NOT_SUPPORTED (no engine)"),
                         Not(HasSubstr("forward"))));
  EXPECT_THAT(op->algorithms(), ElementsAre(Pair("forward", "9.19.0 fused eng0")));
  const Conv2dShape s = small();
  const Doubles x = random_integers(s.N * s.IH * s.IW * s.IC, 1), w = random_integers(s.num_weights(), 2),
                dy = random_integers(s.N * s.OH * s.OW * s.OC, 4);
  const selftest::Report report = [](const SelftestResult& r) { EXPECT_EQ(r.trouble, "") << r.pass; };
  OpCheck check(*backend, "conv2d", "small", report);
  const Shape src{s.N, s.IH, s.IW, s.IC}, weights{s.OC, s.KH, s.KW, s.IC / s.groups};
  const Tensor tx = check.input(src, x), tw = check.input(weights, w), tdy = check.input({s.N, s.OH, s.OW, s.OC}, dy);
  const Tensor dx = check.output(src), dw = check.output(weights), db = check.output({s.OC});
  check.bind(*op);
  const auto gradients = reference::conv2d_backward_weights(s, x, dy);
  check.pass("backward_data", [&] { op->backward_data(tdy, tw, dx); },
             {{dx, reference::conv2d_backward_data(s, dy, w), reference::kExact}});
  check.pass("backward_weights", [&] { op->backward_weights(tx, tdy, dw, db); },
             {{dw, gradients.diff_weights, reference::kExact}, {db, gradients.diff_bias, reference::kExact}});
  cudnn_standin().engines = {};
  EXPECT_THAT(logged([&] { EXPECT_THAT(choice(), IsEmpty()); }), HasSubstr("conv2d forward of (2, 5, 6, 4)"));
}

TEST_F(BackendCudnn, AnEngineThatFailsLaterIsNamed) {
  const auto backend = make_backend_cudnn({.times_algorithms = false});
  cudnn_standin().engines = {{.runs = false}};
  const auto broken = backend->make_conv2d(small(), Epilogue::none);
  const selftest::Report report = [](const SelftestResult&) {};
  OpCheck check(*backend, "conv2d", "small", report);
  const Conv2dShape s = small();
  const Tensor x = check.output({s.N, s.IH, s.IW, s.IC}), w = check.output({s.OC, s.KH, s.KW, s.IC / s.groups}), b = check.output({s.OC}),
               y = check.output({s.N, s.OH, s.OW, s.OC});
  expect_error(ExitCode::internal, {"cuDNN: eng0: another status (an engine that fails)"}, [&] { broken->forward(x, w, b, y); });
}

}  // namespace
}  // namespace alexnet::test
