#include "cmd/bench_loader.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <ctime>
#include <functional>
#include <thread>

#include "alexnet/data/decode.hpp"
#include "alexnet/data/loader.hpp"
#include "alexnet/ops/backend.hpp"
#include "cmd/bench.hpp"

namespace alexnet {
namespace {

constexpr int kWarmupBatches = 6;  // more than the loader holds ready
constexpr std::size_t kMostEncoded = 500;

// Repeats `work`, which returns how many images it has done, until the time is up.
template <class Work>
Rate timed(double seconds, Work work) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const std::clock_t cpu_begin = std::clock();
  double images = 0, elapsed = 0;
  while (elapsed < seconds) {
    images += static_cast<double>(work());
    elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  const double cpu = static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC;
  return {images / elapsed, images / std::max(cpu, 1e-6)};
}

// `work(i)` for every i below count, shared among threads.
template <class Work>
std::size_t in_threads(int num_threads, std::size_t count, Work work) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < num_threads; ++t) {
    threads.emplace_back([&] {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return count;
}

// As a program would that crops on the host, for comparison: ours leaves it to the input op.
void crop_and_flip(const std::uint8_t* picture, std::int64_t width, const SampleTransform& t, std::int64_t crop, std::uint8_t* to) {
  for (std::int64_t h = 0; h < crop; ++h, to += 3 * crop) {
    const std::uint8_t* row = picture + 3 * ((t.top + h) * width + t.left);
    if (t.flip == 0) {
      std::memcpy(to, row, static_cast<std::size_t>(3 * crop));
    } else {
      for (std::int64_t w = 0; w < crop; ++w) std::memcpy(to + 3 * w, row + 3 * (crop - 1 - w), 3);
    }
  }
}

class Bench {
 public:
  explicit Bench(const LoaderBench& options)
      : options_(options),
        manifest_(read_manifest(options.data_set)),
        statistics_(read_statistics(options.data_set)),
        shards_(std::make_shared<const Shards>(options.data_set, manifest_, "train")),
        size_(manifest_.size),
        crop_(std::max<std::int64_t>(1, size_ * 7 / 8)) {
    data_.crop = crop_;
    const std::size_t count = std::min<std::size_t>({kMostEncoded, options.num_images, shards_->size()});
    for (std::size_t i = 0; i < count; ++i) {
      const Shards::Sample sample = shards_->sample(i);
      encoded_.emplace_back(sample.data, sample.data + sample.bytes);
      stored_bytes_ += static_cast<double>(sample.bytes) / static_cast<double>(count);
    }
    const auto batch_loader = loader(1);
    const Batch* batch = batch_loader->next();
    pixels_.assign(batch->pixels.begin(), batch->pixels.end());
    transforms_.assign(batch->transforms.begin(), batch->transforms.end());
    const auto pictures = static_cast<std::size_t>(options.batch_size);
    crops_.resize(pictures * crop_bytes());
    floats_.resize(pictures * crop_bytes());
  }

  LoaderTimes run() {
    struct Stage {
      LoaderStage result;
      std::function<Rate()> measure, measure_floor;
      std::vector<Rate> rates, floors;
    };
    std::vector<Stage> stages;
    const bool jpeg = manifest_.encoding == "jpeg";
    const std::string shards = jpeg ? "JPEG shards" : "raw shards";
    for (const int threads : options_.threads) {
      const auto add = [&](const std::string& name, double bytes, const std::string& floor, std::function<Rate()> f,
                           std::function<Rate()> g) {
        stages.push_back({{name, threads, bytes, floor, {}, {}}, std::move(f), std::move(g), {}, {}});
      };
      const auto stored_floor = [this, jpeg, threads] { return jpeg ? decode_floor(threads) : copy_floor(threads); };
      const std::string floor_name = jpeg ? "libjpeg-turbo alone" : "copy of the crop";
      const auto crop = static_cast<double>(crop_bytes());
      add(
          shards + " -> uint8", static_cast<double>(picture_bytes()), floor_name, [this, threads] { return load(threads, false); },
          stored_floor);
      add(
          "crop, flip -> uint8", crop, "copy of the crop", [this, threads] { return crop_stage(threads); },
          [this, threads] { return copy_floor(threads); });
      add(
          "input op -> float", 4 * crop, "filling the floats", [this, threads] { return input_stage(threads); },
          [this, threads] { return fill_floor(threads); });
      add(
          shards + " -> float", 4 * crop, floor_name, [this, threads] { return load(threads, true); }, stored_floor);
    }
    for (int round = 0; round < options_.rounds; ++round) {
      for (Stage& stage : stages) {
        stage.rates.push_back(stage.measure());
        stage.floors.push_back(stage.measure_floor());
      }
    }
    LoaderTimes times{manifest_.encoding, size_, crop_, stored_bytes_, {}};
    for (Stage& stage : stages) {
      stage.result.rate = median_of(stage.rates);
      stage.result.floor = median_of(stage.floors);
      times.stages.push_back(stage.result);
    }
    return times;
  }

 private:
  std::size_t picture_bytes() const { return static_cast<std::size_t>(size_ * size_) * 3; }
  std::size_t crop_bytes() const { return static_cast<std::size_t>(crop_ * crop_) * 3; }
  const std::uint8_t* picture(std::size_t i) const { return pixels_.data() + i * picture_bytes(); }

  static Rate median_of(const std::vector<Rate>& rates) {
    std::vector<double> wall, core;
    for (const Rate& r : rates) {
      wall.push_back(r.images_per_s);
      core.push_back(r.images_per_core_s);
    }
    return {median(wall), median(core)};
  }

  std::unique_ptr<Loader> loader(int threads) const {
    return std::make_unique<Loader>(shards_, manifest_, options_.batch_size, threads, TrainingOrder{},
                                    Augmenter(data_, 1, statistics_, size_, size_), options_.num_images);
  }

  // The input op with everything it needs.
  struct InputOp {
    std::shared_ptr<Backend> backend;
    std::unique_ptr<Input> op;
    Buffer scratch;
    Tensor mean, dst;
    Shape pixels;

    void operator()(const std::uint8_t* from, const SampleTransform* transforms) {
      op->forward(Tensor(const_cast<std::uint8_t*>(from), pixels, DType::u8), transforms, mean, dst);
    }
  };
  InputOp input_op(int threads) {
    InputOp input{make_backend("onednn", {threads}), nullptr, {}, {}, {}, {options_.batch_size, size_, size_, 3}};
    input.op = input.backend->make_input(InputShape::infer(options_.batch_size, size_, size_, crop_, 1));
    input.scratch = input.backend->allocate(input.op->scratch_bytes(), "scratch");
    input.op->bind(nullptr, input.scratch.data());
    input.mean = Tensor(statistics_.mean_image.data(), {size_, size_, 3}, DType::f32);
    input.dst = Tensor(floats_.data(), {options_.batch_size, crop_, crop_, 3}, DType::f32);
    return input;
  }

  Rate load(int threads, bool to_float) {
    const auto running = loader(threads);
    InputOp input = input_op(threads);
    const auto step = [&] {
      const Batch* batch = running->next();
      if (to_float) input(batch->pixels.data(), batch->transforms.data());
      const std::int64_t images = batch->valid;
      running->give_back(batch);
      return images;
    };
    for (int i = 0; i < kWarmupBatches; ++i) step();
    return timed(options_.seconds, step);
  }
  Rate input_stage(int threads) {
    InputOp input = input_op(threads);
    return timed(options_.seconds, [&] {
      input(pixels_.data(), transforms_.data());
      return options_.batch_size;
    });
  }
  Rate crop_stage(int threads) {
    return timed(options_.seconds, [&] {
      return in_threads(threads, transforms_.size(),
                        [&](std::size_t i) { crop_and_flip(picture(i), size_, transforms_[i], crop_, crops_.data() + i * crop_bytes()); });
    });
  }
  Rate copy_floor(int threads) {
    return timed(options_.seconds, [&] {
      return in_threads(threads, transforms_.size(),
                        [&](std::size_t i) { std::memcpy(crops_.data() + i * crop_bytes(), picture(i), crop_bytes()); });
    });
  }
  Rate fill_floor(int threads) {
    return timed(options_.seconds, [&] {
      return in_threads(threads, transforms_.size(), [&](std::size_t i) {
        std::fill_n(floats_.begin() + static_cast<std::ptrdiff_t>(i * crop_bytes()), crop_bytes(), static_cast<float>(i));
      });
    });
  }
  Rate decode_floor(int threads) {
    return timed(options_.seconds, [&] {
      return in_threads(threads, encoded_.size(), [&](std::size_t i) {
        thread_local std::vector<std::uint8_t> rgb;
        rgb.resize(picture_bytes());
        decode_picture_into(encoded_[i], size_, size_, rgb.data());
      });
    });
  }

  LoaderBench options_;
  DatasetManifest manifest_;
  DatasetStatistics statistics_;
  std::shared_ptr<const Shards> shards_;
  std::int64_t size_, crop_;
  DataConfig data_;
  double stored_bytes_ = 0;
  std::vector<std::vector<std::uint8_t>> encoded_;
  std::vector<std::uint8_t> pixels_, crops_;
  std::vector<float> floats_;
  std::vector<SampleTransform> transforms_;
};

}  // namespace

LoaderTimes time_loader(const LoaderBench& bench) { return Bench(bench).run(); }

}  // namespace alexnet
