// Convolution with stride 1 and a 3x3 or 5x5 window by Winograd's minimal filtering (winograd.hpp): 2.2 and 3.3 times fewer products
// than the direct algorithm that oneDNN runs at the speed of the arithmetic.
//
// Forward: the weights are transformed once in a call. A thread takes a chunk of tiles whose transforms fit its second-level cache; for
// each block of up to 48 outputs it makes all products and transforms them back. diff_src is the convolution of diff_dst with the
// weights turned around. diff_weights: the threads transform a chunk of src together; then each takes blocks of outputs, transforms its
// part of diff_dst and adds the chunk's products to the sums. An output does not depend on where chunks end, nor on the rest of the
// batch; but a NaN or an infinity in src spreads over the tiles that see it.
#include <omp.h>

#include <algorithm>
#include <array>

#include "alexnet/core/simd.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/winograd_products.hpp"
#include "ops/winograd_tiles.hpp"

namespace alexnet {
namespace {

using winograd::Block;
using winograd::blocks_of;
using winograd::divided_up;
using winograd::from_planes;
using winograd::kLanes;
using winograd::Picture;
using winograd::pixels_at;
using winograd::Planes;
using winograd::Tiles;
using winograd::to_planes;

// A convolution with stride 1 over one group's channels. weights[o, tap, i] lies at o * o_step + tap * tap_step + i * i_step.
struct Pass {
  Picture src, dst;
  std::int64_t pad_top, pad_left, o_step, i_step, tap_step, first_tap;
};

// Rounded up to whole cache lines.
std::int64_t lines(std::int64_t floats) { return divided_up(floats, kLanes) * kLanes; }

template <class Window>
class Conv2dWinograd final : public Conv2d {
 public:
  Conv2dWinograd(const Conv2dShape& s, Epilogue epilogue) : s_(s), epilogue_(epilogue), num_threads_(omp_get_max_threads()) {
    const std::int64_t I = s.IC / s.groups, O = s.OC / s.groups, window = s.KH * s.KW;
    const Picture src{s.IH, s.IW, I, s.IC}, dst{s.OH, s.OW, O, s.OC};
    forward_ = {src, dst, s.pad.top, s.pad.left, window * I, 1, I, 0};
    backward_data_ = {dst, src, s.KH - 1 - s.pad.top, s.KW - 1 - s.pad.left, 1, window * I, -I, (window - 1) * I};
  }

  std::size_t scratch_bytes() const override {
    const std::int64_t floats = std::max({convolve_floats(forward_), convolve_floats(backward_data_), gradient_floats()});
    return static_cast<std::size_t>(floats) * sizeof(float);
  }

  void forward(const Tensor& src, const Tensor& weights, const Tensor& bias, const Tensor& dst) override {
    check_forward(s_, src, weights, bias, dst);
    convolve(forward_, src.data<float>(), weights.data<float>(), bias.data<float>(), epilogue_, dst.data<float>());
  }

  void backward_data(const Tensor& diff_dst, const Tensor& weights, const Tensor& diff_src) override {
    check_backward_data(s_, diff_dst, weights, diff_src);
    convolve(backward_data_, diff_dst.data<float>(), weights.data<float>(), nullptr, Epilogue::none, diff_src.data<float>());
  }

  void backward_weights(const Tensor& src, const Tensor& diff_dst, const Tensor& diff_weights, const Tensor& diff_bias) override {
    check_backward_weights(s_, src, diff_dst, diff_weights, diff_bias);
    gradient(src.data<float>(), diff_dst.data<float>(), diff_weights.data<float>(), diff_bias.data<float>());
  }

 private:
  static constexpr int kInputs = Window::kBT.kColumns, kOutputs = Window::kOutputs, kWindow = Window::kTaps * Window::kTaps;
  static constexpr int kSrcRows = Window::kBT.kRows, kDstRows = Window::kA.kRows, kFactorRows = Window::kG.kRows;
  static constexpr int kSrcPlanes = kSrcRows * kSrcRows, kDstPlanes = kDstRows * kDstRows, kFactors = kFactorRows * kFactorRows;
  static constexpr std::int64_t kMaxColumns = 3 * kLanes;  // of a block

  // The f-th product of two dimensions: the planes it takes and adds to, and whether it is the first there.
  struct PlaneProduct {
    std::int64_t src, dst;
    bool is_first;
  };
  static PlaneProduct plane_product(int f) {
    const auto& products = Window::kProducts;
    const int row = f / kFactorRows, column = f % kFactorRows;
    const auto is_first = [&](int i) { return i == 0 || products[i - 1].dst != products[i].dst; };
    return {products[row].src * kSrcRows + products[column].src, products[row].dst * kDstRows + products[column].dst,
            is_first(row) && is_first(column)};
  }

  Planes src_planes(const Pass& p) const { return {kSrcPlanes, chunk_tiles(p), p.src.C}; }
  Planes dst_planes(const Pass& p) const { return {kDstPlanes, chunk_tiles(p), kMaxColumns}; }

  // Tiles that a thread works on at a time.
  std::int64_t chunk_tiles(const Pass& p) const {
    constexpr std::int64_t kChunkFloats = 256 << 10;  // 1 MiB
    const std::int64_t fitting = kChunkFloats / (kSrcPlanes * p.src.C + kDstPlanes * kMaxColumns);
    const std::int64_t fair = divided_up(Tiles<Window>(s_.N, p.dst).count, num_threads_);
    return divided_up(std::min(std::max(fitting, std::int64_t{16}), fair), winograd::kRows) * winograd::kRows;
  }

  // [zeros | transformed weights of each group | each thread's chunk: transformed src, products, a pixel beyond the border]
  std::int64_t factor_floats(const Pass& p) const { return kFactors * p.src.C * p.dst.C; }
  std::int64_t thread_floats(const Pass& p) const { return src_planes(p).floats() + dst_planes(p).floats() + lines(p.dst.C); }
  std::int64_t convolve_floats(const Pass& p) const {
    return lines(p.src.C) + s_.groups * factor_floats(p) + num_threads_ * thread_floats(p);
  }

  void convolve(const Pass& p, const float* src, const float* weights, const float* bias, Epilogue epilogue, float* dst) {
    float* const zeros = reinterpret_cast<float*>(scratch_);
    float* const factors = zeros + lines(p.src.C);
    float* const chunks = factors + s_.groups * factor_floats(p);
    std::fill_n(zeros, p.src.C, 0.0F);
    transform_weights(p, weights, factors);
    const Tiles<Window> tiles(s_.N, p.dst);
    const std::int64_t chunk = chunk_tiles(p);
#pragma omp parallel for schedule(static) num_threads(num_threads_)
    for (std::int64_t first = 0; first < tiles.count; first += chunk) {
      const std::int64_t count = std::min(chunk, tiles.count - first);
      for (std::int64_t g = 0; g < s_.groups; ++g) {
        convolve_chunk(p, tiles, first, count, src + g * p.src.C, factors + g * factor_floats(p),
                       bias == nullptr ? nullptr : bias + g * p.dst.C, epilogue == Epilogue::relu, zeros, dst + g * p.dst.C,
                       chunks + omp_get_thread_num() * thread_floats(p));
      }
    }
  }

  void convolve_chunk(const Pass& p, const Tiles<Window>& tiles, std::int64_t first, std::int64_t count, const float* src,
                      const float* factors, const float* bias, bool relu, const float* zeros, float* dst, float* mine) const {
    const std::int64_t rows = divided_up(count, winograd::kRows) * winograd::kRows, I = p.src.C;
    const std::int64_t src_plane = src_planes(p).plane(), dst_plane = dst_planes(p).plane();
    float* const products = mine + src_planes(p).floats();
    float* const outside = products + dst_planes(p).floats();
    for (std::int64_t t = 0; t < rows; ++t) {
      const auto [n, h, w] = tiles[std::min(first + t, tiles.count - 1)];
      const auto pixels = pixels_at<kInputs>(src + n * p.src.H * p.src.W * p.src.step, p.src, h - p.pad_top, w - p.pad_left, zeros);
      to_planes<Window::kBT>(pixels.data(), I, mine + t * I, src_plane);
    }
    for (const Block& block : blocks_of(p.dst.C)) {
      const std::int64_t columns = block.vectors * kLanes;
      for (int f = 0; f < kFactors; ++f) {
        const PlaneProduct product = plane_product(f);
        winograd::multiply(mine + product.src * src_plane, rows, I, factors + (kFactors * block.first + f * columns) * I, block.vectors,
                           products + product.dst * dst_plane, !product.is_first);
      }
      for (std::int64_t t = 0; t < count; ++t) {
        const auto [n, h, w] = tiles[first + t];
        float* const picture = dst + n * p.dst.H * p.dst.W * p.dst.step + block.first;
        const auto pixels = pixels_at<kOutputs>(picture, p.dst, h, w, outside);
        from_planes<Window::kAT>(products + t * columns, dst_plane, columns, bias == nullptr ? nullptr : bias + block.first, relu,
                                 pixels.data());
      }
    }
  }

  // For each group and block of outputs: (factor, input, output of the block). Sixteen inputs, since they share cache lines of weights.
  void transform_weights(const Pass& p, const float* weights, float* factors) const {
    const std::int64_t I = p.src.C;
#pragma omp parallel for collapse(2) schedule(static) num_threads(num_threads_)
    for (std::int64_t g = 0; g < s_.groups; ++g) {
      for (std::int64_t first_i = 0; first_i < I; first_i += kLanes) {
        for (const Block& block : blocks_of(p.dst.C)) {
          const std::int64_t columns = block.vectors * kLanes;
          for (std::int64_t i = first_i; i < first_i + kLanes; ++i) {
            float taps[kWindow][kMaxColumns];
            std::array<const float*, kWindow> pixels;
            for (std::int64_t k = 0; k < kWindow; ++k) {
              const float* from = weights + g * s_.num_weights() / s_.groups + p.first_tap + k * p.tap_step + i * p.i_step;
              for (std::int64_t o = 0; o < columns; ++o) taps[k][o] = from[(block.first + o) * p.o_step];
              pixels[static_cast<std::size_t>(k)] = taps[k];
            }
            float* const out = factors + g * factor_floats(p) + kFactors * block.first * I + i * columns;
            to_planes<Window::kG>(pixels.data(), columns, out, I * columns);
          }
        }
      }
    }
  }

  // Tiles of a chunk of the gradient, for all threads: the more, the seldomer the sums are read and written, the less of what is
  // transformed stays in the caches. 1.5 MiB of a block of diff_dst were best, by a little.
  std::int64_t gradient_tiles() const {
    constexpr std::int64_t kSrcFloats = 1 << 20, kDiffFloats = 384 << 10;
    const std::int64_t fitting = std::min(kSrcFloats / (kSrcPlanes * s_.IC), kDiffFloats / (kDstPlanes * kMaxColumns));
    return std::min(std::max(fitting, std::int64_t{16}), Tiles<Window>(s_.N, forward_.dst).count);
  }
  Planes gradient_src() const { return {kSrcPlanes, gradient_tiles(), s_.IC}; }
  Planes gradient_diff() const { return {kDstPlanes, gradient_tiles(), kMaxColumns}; }
  std::int64_t gradient_zeros() const { return lines(std::max(s_.IC, kMaxColumns)); }  // a pixel outside of src or of a block of diff_dst
  // [zeros | sums of products | transformed src | each thread's transformed diff_dst, a block of its channels]
  std::int64_t gradient_floats() const {
    return gradient_zeros() + s_.groups * factor_floats(forward_) + gradient_src().floats() + num_threads_ * gradient_diff().floats();
  }
  // A thread's share of the outputs at a time, smaller where there are more threads than blocks.
  std::vector<Block> gradient_blocks() const {
    std::vector<Block> blocks;
    for (std::int64_t g = 0; g < s_.groups; ++g) {
      for (const Block& block : blocks_of(forward_.dst.C)) blocks.push_back({g * forward_.dst.C + block.first, block.vectors});
    }
    if (static_cast<int>(blocks.size()) >= num_threads_) return blocks;
    blocks.clear();
    for (std::int64_t o = 0; o < s_.OC; o += kLanes) blocks.push_back({o, 1});
    return blocks;
  }

  void gradient(const float* src, const float* diff_dst, float* diff_weights, float* diff_bias) {
    const Pass& p = forward_;
    const std::int64_t I = p.src.C, chunk = gradient_tiles();
    float* const zeros = reinterpret_cast<float*>(scratch_);
    float* const sums = zeros + gradient_zeros();
    float* const seen = sums + s_.groups * factor_floats(p);
    float* const diffs = seen + gradient_src().floats();
    const Tiles<Window> tiles(s_.N, p.dst);
    const std::vector<Block> blocks = gradient_blocks();
    std::fill_n(zeros, gradient_zeros(), 0.0F);
    std::fill_n(sums, s_.groups * factor_floats(p), 0.0F);
    std::fill_n(diff_bias, s_.OC, 0.0F);
#pragma omp parallel num_threads(num_threads_)
    for (std::int64_t first = 0; first < tiles.count; first += chunk) {
      const std::int64_t count = std::min(chunk, tiles.count - first);
#pragma omp for schedule(static)
      for (std::int64_t t = 0; t < count; ++t) {
        const auto [n, h, w] = tiles[first + t];
        for (std::int64_t g = 0; g < s_.groups; ++g) {
          for (const Block& block : blocks_of(I)) {
            const std::int64_t channel = g * I + block.first, columns = block.vectors * kLanes;
            const float* const picture = src + n * s_.IH * s_.IW * s_.IC + channel;
            const auto pixels = pixels_at<kInputs, const float>(picture, p.src, h - p.pad_top, w - p.pad_left, zeros);
            to_planes<Window::kBT>(pixels.data(), columns, seen + channel * chunk + t * columns, gradient_src().plane());
          }
        }
      }
#pragma omp for schedule(static)
      for (std::size_t b = 0; b < blocks.size(); ++b) {
        const std::int64_t o = blocks[b].first, columns = blocks[b].vectors * kLanes;
        float* const mine = diffs + omp_get_thread_num() * gradient_diff().floats();
        for (std::int64_t t = 0; t < count; ++t) {
          const auto [n, h, w] = tiles[first + t];
          const auto pixels = pixels_at<kOutputs, const float>(diff_dst + n * s_.OH * s_.OW * s_.OC + o, p.dst, h, w, zeros);
          to_planes<Window::kA>(pixels.data(), columns, mine + t * columns, gradient_diff().plane());
        }
        add_products(blocks[b], count, seen + o / p.dst.C * I * chunk, mine, sums + o * I);
        add_rows(mine + (Window::kPointOne * kDstRows + Window::kPointOne) * gradient_diff().plane(), count, columns, diff_bias + o);
      }
    }
#pragma omp parallel for schedule(static) num_threads(num_threads_)
    for (std::int64_t o = 0; o < s_.OC; ++o) {
      std::array<float*, kWindow> taps;
      for (std::int64_t k = 0; k < kWindow; ++k) taps[static_cast<std::size_t>(k)] = diff_weights + (o * kWindow + k) * I;
      from_planes<Window::kGT>(sums + o * I, s_.OC * I, I, nullptr, false, taps.data());
    }
  }

  // sums[f, o, i] += the sum over `count` tiles of diff[o] * seen[i], for a block of outputs and all inputs of its group.
  void add_products(const Block& outputs, std::int64_t count, const float* seen, const float* diff, float* sums) const {
    const std::int64_t I = forward_.src.C, num_outputs = outputs.vectors * kLanes;
    for (int f = 0; f < kFactors; ++f) {
      const PlaneProduct product = plane_product(f);
      for (const Block& block : blocks_of(I)) {
        const float* const right = seen + product.src * gradient_src().plane() + block.first * gradient_tiles();
        for (std::int64_t o = 0; o < num_outputs; o += winograd::kRows) {
          winograd::add_transposed(diff + product.dst * gradient_diff().plane() + o, num_outputs, right, block.vectors * kLanes, count,
                                   block.vectors, sums + (f * s_.OC + o) * I + block.first, I);
        }
      }
    }
  }

  // sum[c] += the sum of `count` rows.
  static void add_rows(const float* rows, std::int64_t count, std::int64_t columns, float* sum) {
    std::array<float, kMaxColumns> partial{};
    for (std::int64_t row = 0; row < count; ++row) {
      for (std::int64_t c = 0; c < columns; ++c) partial[static_cast<std::size_t>(c)] += rows[row * columns + c];
    }
    for (std::int64_t c = 0; c < columns; ++c) sum[c] += partial[static_cast<std::size_t>(c)];
  }

  Conv2dShape s_;
  Epilogue epilogue_;
  int num_threads_;
  Pass forward_, backward_data_;
};

}  // namespace

// It pays where the channels of a group fill two vectors, so that the products outweigh the transforms.
bool conv2d_winograd_pays(const Conv2dShape& s) {
  const std::int64_t I = s.IC / s.groups, O = s.OC / s.groups;
  return has_wide_vectors() && s.src_type == DType::f32 && s.dst_type == DType::f32 && s.SH == 1 && s.SW == 1 && s.KH == s.KW &&
         (s.KH == 3 || s.KH == 5) && I >= 32 && O >= 32 && I % kLanes == 0 && O % kLanes == 0;
}

std::unique_ptr<Conv2d> make_conv2d_winograd_onednn(const Conv2dShape& shape, Epilogue epilogue) {
  if (shape.KH == 3) return std::make_unique<Conv2dWinograd<winograd::Window3>>(shape, epilogue);
  return std::make_unique<Conv2dWinograd<winograd::Window5>>(shape, epilogue);
}

}  // namespace alexnet
