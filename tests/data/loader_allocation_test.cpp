// The loader allocates nothing once it runs. malloc and its sisters are counted in the whole test program (operator new calls them);
// raw pictures alone are looked at, since libjpeg takes memory for each picture.
#include <atomic>
#include <cstdlib>

#include "alexnet/tensor/tensor.hpp"
#include "data/loader_fixture.hpp"

namespace {
std::atomic<std::uint64_t> num_allocations = 0;
}

#ifndef ALEXNET_SANITIZED  // the sanitizers bring a malloc of their own
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t bytes) noexcept {
  ++num_allocations;
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) noexcept {
  ++num_allocations;
  return __libc_calloc(count, bytes);
}
void* realloc(void* old, std::size_t bytes) noexcept {
  ++num_allocations;
  return __libc_realloc(old, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  ++num_allocations;
  return __libc_memalign(alignment, bytes);
}
}
#endif

namespace alexnet {
namespace {

class LoaderAllocationTest : public LoaderTest {
 protected:
  void SetUp() override {
#ifdef ALEXNET_SANITIZED
    GTEST_SKIP() << "allocations cannot be counted under a sanitizer";
#endif
    LoaderTest::SetUp();
  }
  // While batches 10 to 50 are taken.
  static std::uint64_t allocations(Loader& loader) {
    std::uint64_t before = 0;
    for (int i = 0; i < 50; ++i) {
      if (i == 10) before = num_allocations;
      const Batch* batch = loader.next();
      if (batch == nullptr) throw std::runtime_error("the data set is too small for this test");
      loader.give_back(batch);
    }
    return num_allocations - before;
  }
};

TEST_F(LoaderAllocationTest, AllocationsAreCounted) {
  const std::uint64_t before = num_allocations;
  const Buffer aligned = Buffer::host(100, "a test");
  const auto one = std::make_unique<std::vector<int>>(1000);
  EXPECT_GE(num_allocations - before, 3U) << aligned.bytes() << one->size();
}

TEST_F(LoaderAllocationTest, TrainingAllocatesNothing) {
  for (const int threads : {1, 3}) EXPECT_EQ(allocations(*training(6, threads)), 0U) << threads << " threads, 16 epochs";
}

TEST_F(LoaderAllocationTest, EvaluationAllocatesNothing) {
  options_.samples["val"] = 150;
  manifest_ = write_small_dataset(folder(), options_);
  for (const int threads : {1, 3}) EXPECT_EQ(allocations(*evaluation(3, threads)), 0U) << threads << " threads";
}

}  // namespace
}  // namespace alexnet
