// The loader's ring: kNumSlots reusable batches, filled by worker threads in chunks of kChunk pictures.
//
// A slot goes free -> filling -> ready -> out -> free. One worker at a time opens the next batch in a free slot (which pictures, in
// which order); its chunks are then taken by all. The mutex guards the slots' states and cursors alone: pictures are decoded and
// orders drawn without it. After the start nothing is allocated but libjpeg's own pools.
#include "alexnet/data/loader.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>
#include <thread>

#include "alexnet/core/error.hpp"
#include "alexnet/tensor/tensor.hpp"
#include "data/batch_filler.hpp"

namespace alexnet {
namespace {

constexpr std::uint64_t kNumSlots = 4;
constexpr int kMaxOut = 2;
constexpr std::int64_t kChunk = 8;

// What a worker threw; kept as text, so that next() may throw it again and again.
struct Failure {
  std::uint64_t position;
  ExitCode code;
  std::string message;
};

// Runs `work`; what it throws becomes a Failure at the `position` that `work` has reached by then.
template <class Work>
std::optional<Failure> attempt(const std::uint64_t& position, Work work) {
  try {
    work();
  } catch (const Error& e) {
    return Failure{position, e.code(), e.what()};
  } catch (const std::bad_alloc&) {
    return Failure{position, ExitCode::out_of_memory, "loader: out of host memory; use a smaller train.batch_size"};
  } catch (const std::exception& e) {
    return Failure{position, ExitCode::internal, fmt::format("loader: {}", e.what())};
  }
  return std::nullopt;
}

enum class State { free, filling, ready, out };

struct Slot {
  State state = State::free;
  std::int64_t cursor = 0;     // first picture that no worker has taken yet
  std::int64_t remaining = 0;  // pictures that are not done
  std::optional<Failure> failure;
  Buffer pixels;
  std::vector<std::int32_t> labels;
  std::vector<SampleTransform> transforms;
  Batch batch;
};

}  // namespace

struct Loader::Impl {
  BatchFiller filler;
  std::uint64_t num_batches;

  std::mutex mutex;
  std::condition_variable work, ready;
  std::array<Slot, kNumSlots> slots;
  std::array<Slot*, kNumSlots> opened{};                      // batch b from next_out to next_open - 1: [b % kNumSlots]
  std::uint64_t next_open = 0, next_claim = 0, next_out = 0;  // batches
  bool opening = false;
  int num_out = 0;
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;

  explicit Impl(BatchFiller filler_in) : filler(std::move(filler_in)), num_batches(filler.num_batches()) {
    const auto n = static_cast<std::size_t>(filler.size());
    for (Slot& slot : slots) {
      slot.pixels = Buffer::host(n * filler.picture_bytes(), "the loader's pictures");
      slot.labels.resize(n);
      slot.transforms.resize(n);
      slot.batch.size = filler.size();
      slot.batch.pixels = {reinterpret_cast<std::uint8_t*>(slot.pixels.data()), slot.pixels.bytes()};
      slot.batch.labels = slot.labels;
      slot.batch.transforms = slot.transforms;
      slot.batch.indices.reserve(n);
    }
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    work.notify_all();
    for (std::thread& t : threads) t.join();
  }

  void start(int num_threads) {
    const auto failure = attempt(0, [&] {
      for (int i = 0; i < std::max(1, num_threads); ++i) threads.emplace_back([this] { run(); });
    });
    if (failure)
      fail(ExitCode::unavailable, "loader: thread {} of {} did not start: {}", threads.size() + 1, num_threads, failure->message);
  }

  // Opens the next batch when there is a free slot for it. Returns whether it did.
  bool open_one(std::unique_lock<std::mutex>& lock) {
    if (opening || next_open >= num_batches) return false;
    const auto free = std::find_if(slots.begin(), slots.end(), [](const Slot& s) { return s.state == State::free; });
    if (free == slots.end()) return false;
    Slot& slot = *free;
    opening = true;
    slot.state = State::filling;
    slot.failure.reset();
    lock.unlock();
    auto failure = attempt(slot.batch.first_sample, [&] { filler.choose(slot.batch, next_open); });
    lock.lock();
    slot.cursor = failure ? slot.batch.valid : 0;
    slot.remaining = slot.batch.valid - slot.cursor;
    slot.failure = std::move(failure);
    opening = false;
    opened[next_open % kNumSlots] = &slot;
    ++next_open;
    if (slot.remaining == 0) finish(slot);
    work.notify_all();
    return true;
  }

  // Decodes a chunk of the oldest batch that has one left. Returns whether it did.
  bool load_chunk(std::unique_lock<std::mutex>& lock) {
    const auto claimed = [&] { return opened[next_claim % kNumSlots]->cursor == opened[next_claim % kNumSlots]->batch.valid; };
    next_claim = std::max(next_claim, next_out);  // a batch that is out is loaded, and its entry in `opened` may be a later one's
    while (next_claim < next_open && claimed()) ++next_claim;
    if (next_claim == next_open) return false;
    Slot& slot = *opened[next_claim % kNumSlots];
    const std::int64_t begin = slot.cursor, end = std::min(begin + kChunk, slot.batch.valid);
    slot.cursor = end;
    lock.unlock();
    std::uint64_t position = 0;
    auto failure = attempt(position, [&] {
      for (std::int64_t i = begin; i < end && !stop; ++i) {
        position = slot.batch.first_sample + static_cast<std::uint64_t>(i);
        filler.load(slot.batch, static_cast<std::size_t>(i));
      }
    });
    lock.lock();
    if (failure && (!slot.failure || failure->position < slot.failure->position)) slot.failure = std::move(failure);
    slot.remaining -= end - begin;
    if (slot.remaining == 0) finish(slot);
    return true;
  }

  void finish(Slot& slot) {
    slot.state = State::ready;
    ready.notify_all();
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!stop) {
      if (!open_one(lock) && !load_chunk(lock)) work.wait(lock);
    }
  }

  const Batch* next() {
    std::unique_lock lock(mutex);
    if (next_out >= num_batches) return nullptr;
    if (num_out >= kMaxOut) fail(ExitCode::internal, "loader: {} batches are out already; give one back before the next", num_out);
    ready.wait(lock, [&] { return next_out < next_open && opened[next_out % kNumSlots]->state == State::ready; });
    Slot& slot = *opened[next_out % kNumSlots];
    if (slot.failure) throw Error(slot.failure->code, slot.failure->message);
    slot.state = State::out;
    ++next_out;
    ++num_out;
    return &slot.batch;
  }

  void give_back(const Batch* batch) {
    const std::lock_guard lock(mutex);
    const auto slot = std::find_if(slots.begin(), slots.end(), [&](const Slot& s) { return &s.batch == batch && s.state == State::out; });
    if (slot == slots.end()) fail(ExitCode::internal, "loader: a batch was given back that is not out");
    slot->state = State::free;
    --num_out;
    work.notify_all();
  }
};

Loader::Loader(std::shared_ptr<const Shards> shards, const DatasetManifest& manifest, std::int64_t batch_size, int num_threads,
               TrainingOrder order, Augmenter augmenter, std::uint64_t limit, Share share)
    : impl_(std::make_unique<Impl>(BatchFiller(std::move(shards), manifest, batch_size, limit, share, order, std::move(augmenter), {}))) {
  impl_->start(num_threads);
}

Loader::Loader(std::shared_ptr<const Shards> shards, const DatasetManifest& manifest, std::int64_t batch_size, int num_threads,
               std::int64_t crop, std::uint64_t limit, Share share)
    : impl_(std::make_unique<Impl>(BatchFiller(std::move(shards), manifest, batch_size, limit, share, std::nullopt, std::nullopt,
                                               evaluation_view(0, 1, manifest.size, manifest.size, crop)))) {
  impl_->start(num_threads);
}

Loader::~Loader() = default;
const Batch* Loader::next() { return impl_->next(); }
void Loader::give_back(const Batch* batch) { impl_->give_back(batch); }

}  // namespace alexnet
