#include "alexnet/ops/backend.hpp"

#include <gmock/gmock.h>
#include <omp.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "alexnet/core/log.hpp"
#include "support/ops_support.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

// Sets an environment variable, and the OpenMP threads of this thread, back at the end of the scope.
class ScopedThreads {
 public:
  explicit ScopedThreads(const char* omp_num_threads) {
    if (const char* old = std::getenv("OMP_NUM_THREADS")) old_ = old;
    setenv("OMP_NUM_THREADS", omp_num_threads, 1);
  }
  ~ScopedThreads() {
    old_.empty() ? unsetenv("OMP_NUM_THREADS") : setenv("OMP_NUM_THREADS", old_.c_str(), 1);
    omp_set_num_threads(old_max_);
  }
  ScopedThreads(const ScopedThreads&) = delete;
  ScopedThreads& operator=(const ScopedThreads&) = delete;

 private:
  std::string old_;
  int old_max_ = omp_get_max_threads();
};

TEST(Backend, OnednnIsBuilt) {
  EXPECT_THAT(built_backends(), Contains("onednn"));
  const auto backend = make_backend("onednn", {1});
  EXPECT_EQ(backend->name(), "onednn");
  EXPECT_THAT(backend->description(), AllOf(HasSubstr("oneDNN 2."), HasSubstr(" on "), EndsWith(", 1 thread")));
}

TEST(Backend, RanksOfAProcessShareItsCores) {
  const ScopedThreads threads("2");
  BackendOptions options;
  options.num_sharing = 4096;
  EXPECT_THAT(make_backend("onednn", options)->description(), EndsWith(", 1 thread"));
  options.num_threads = 3;
  EXPECT_THAT(make_backend("onednn", options)->description(), EndsWith(", 3 threads")) << "as asked for";
}

// A rank that is a thread, or whoever makes another backend, does not change the threads of an op that is made.
TEST(Backend, AnOpRunsOnTheThreadsThatItWasMadeFor) {
  const ScopedThreads threads("2");
  const auto backend = make_backend("onednn", {2});
  const auto op = backend->make_activation({ActivationKind::tanh}, {4, 1000});
  const BoundMemory memory(*op);
  const GuardedTensor src({4, 1000}), dst({4, 1000});
  const auto other = make_backend("onednn", {1});
  EXPECT_EQ(omp_get_max_threads(), 1);
  op->forward(src, dst);
  EXPECT_EQ(omp_get_max_threads(), 2) << "what oneDNN asks for";
}

bool cuda_is_built() { return std::ranges::count(built_backends(), "cuda") == 1; }

TEST(Backend, AutoSaysWhatItTakesAndWhy) {
  const TemporaryFolder folder;
  const std::string path = folder / "log";
  log::add_file(path);
  const auto backend = make_backend("auto", {1});
  log::remove_file(path);
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_THAT(text.str(), AllOf(HasSubstr(fmt::format("backend {}", backend->name())), HasSubstr(backend->description())));
  if (backend->name() != "onednn") return;  // there is a GPU
  EXPECT_THAT(text.str(), HasSubstr(cuda_is_built() ? "(backend cuda: no device (" : "(built without CUDA; "));
}

TEST(Backend, RejectsBackendsThatAreNotBuilt) {
  if (!cuda_is_built()) {
    expect_error(ExitCode::unavailable, {"backend cuda: this program was built without CUDA: reconfigure with cmake --preset cuda"},
                 [] { make_backend("cuda", {}); });
  }
  if (std::ranges::count(built_backends(), "cudnn") == 0) {
    expect_error(ExitCode::unavailable, {"backend cudnn", "built without cuDNN", "cmake --preset cuda"},
                 [] { make_backend("cudnn", {0}); });
  }
}

TEST(Backend, RejectsUnknownNames) {
  expect_error(ExitCode::configuration, {"backend onedn", "did you mean onednn?"}, [] { make_backend("onedn", {0}); });
  expect_error(ExitCode::configuration, {"backend reference", "auto, onednn, cuda or cudnn"}, [] { make_backend("reference", {0}); });
}

TEST(Backend, RejectsBadThreads) {
  expect_error(ExitCode::configuration, {"device.threads is -1"}, [] { make_backend("onednn", {-1}); });
  expect_error(ExitCode::configuration, {"device.threads is 100000"}, [] { make_backend("onednn", {100000}); });
}

TEST(Backend, TakesTheThreadsAskedFor) {
  const ScopedThreads restore("2");
  EXPECT_THAT(make_backend("onednn", {3})->description(), EndsWith(", 3 threads"));
  EXPECT_EQ(omp_get_max_threads(), 3);
}

TEST(Backend, TakesOmpNumThreadsByDefault) {
  for (const char* text : {"1", "1,4"}) {
    const ScopedThreads restore(text);
    EXPECT_THAT(make_backend("onednn", {0})->description(), EndsWith(", 1 thread"));
    EXPECT_EQ(omp_get_max_threads(), 1);
  }
}

TEST(Backend, NeverTakesMoreThreadsThanCoresByDefault) {
  for (const char* text : {"4000", "-1", "many"}) {
    const ScopedThreads restore(text);
    make_backend("onednn", {0});
    EXPECT_EQ(omp_get_max_threads(), omp_get_num_procs()) << text;
  }
}

TEST(Backend, CopiesAndZeroesMemory) {
  const auto backend = make_backend("onednn", {1});
  const Buffer buffer = backend->allocate(3 * sizeof(float), "test");
  ASSERT_EQ(buffer.bytes(), 3 * sizeof(float));
  const std::array<float, 3> values{1, 2, 3};
  std::array<float, 3> back{};
  backend->copy_to_device(buffer.data(), values.data(), sizeof(values));
  backend->synchronize();
  backend->copy_to_host(back.data(), buffer.data(), sizeof(back));
  EXPECT_EQ(back, values);
  backend->zero(buffer.data() + sizeof(float), sizeof(float));
  backend->copy_to_host(back.data(), buffer.data(), sizeof(back));
  EXPECT_THAT(back, ElementsAre(1, 0, 3));
  backend->copy_to_device(nullptr, nullptr, 0);
  backend->zero(nullptr, 0);
}

TEST(Backend, MakesEveryOp) {
  const auto backend = make_backend("onednn", {1});
  const Extent3 src{5, 5, 4};
  EXPECT_NE(backend->make_input(InputShape::infer(2, 8, 8, 5, 1)), nullptr);
  EXPECT_NE(backend->make_conv2d(Conv2dShape::infer("conv", 2, src, 6, 3, 1, {}, 1), Epilogue::relu), nullptr);
  EXPECT_NE(backend->make_fully_connected(FullyConnectedShape::infer("fc", 2, src, 6, 1), Epilogue::none), nullptr);
  EXPECT_NE(backend->make_activation({ActivationKind::tanh}, {2, 5}), nullptr);
  EXPECT_NE(backend->make_lrn(LrnShape::infer("lrn", 2, src, 2, 5, 2, 1e-4F, 0.75F)), nullptr);
  EXPECT_NE(backend->make_spatial_norm(SpatialNormShape::infer("norm", 2, src, 5, 1, 1e-3F, 0.75F)), nullptr);
  EXPECT_NE(backend->make_max_pool(PoolShape::infer("pool", 2, src, 3, 2, {})), nullptr);
  EXPECT_NE(backend->make_average_pool(PoolShape::infer("pool", 2, src, 3, 2, {}), true), nullptr);
  EXPECT_NE(backend->make_dropout({2, 10, 0, DropoutScale::test}), nullptr);
  EXPECT_NE(backend->make_softmax_cross_entropy(2, 10), nullptr);
  EXPECT_NE(backend->make_top_k(2, 10, 5), nullptr);
  EXPECT_NE(backend->make_sgd({10, 0, false, 0.9F, 5e-4F}), nullptr);
}

}  // namespace
}  // namespace alexnet::test
