// Average pool on oneDNN: the sum over the window, divided by KH*KW (count_pad) or by the pixels of the window inside the picture. The
// gradient in bf16 is our own loop.
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>

#include "ops/onednn_common.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/pool_gradient.hpp"

namespace alexnet {
namespace {

using namespace onednn;  // NOLINT(google-build-using-namespace)
using dnnl::algorithm;

class AveragePoolOnednn final : public AveragePool {
 public:
  AveragePoolOnednn(const PoolShape& s, bool count_pad) : shape_(s), count_pad_(count_pad) {
    const std::string what = fmt::format("average_pool of ({}, {}, {}, {}) to ({}, {}, {}, {}), kernel {}x{}", s.N, s.IH, s.IW, s.C, s.N,
                                         s.OH, s.OW, s.C, s.KH, s.KW);
    guarded(what, [&] { make_passes(what, count_pad ? algorithm::pooling_avg_include_padding : algorithm::pooling_avg_exclude_padding); });
  }

  std::size_t scratch_bytes() const override {
    return std::max(forward_.scratchpad_bytes(),
                    shape_.type == DType::bf16 ? pool_gradient_scratch_bytes(shape_, num_threads_) : backward_.scratchpad_bytes());
  }

  void forward(const Tensor& src, const Tensor& dst) override {
    check_pool(shape_, src, dst);
    forward_.set(DNNL_ARG_SRC, src.raw());
    forward_.set(DNNL_ARG_DST, dst.raw());
    forward_.run(scratch_);
  }

  void backward_data(const Tensor& diff_dst, const Tensor& diff_src) override {
    check_pool(shape_, diff_src, diff_dst);
    if (shape_.type == DType::bf16) {
      average_pool_gradient(shape_, count_pad_, diff_dst.data<BFloat16>(), diff_src.data<BFloat16>(), num_threads_, scratch_);
      return;
    }
    backward_.set(DNNL_ARG_DIFF_DST, diff_dst.raw());
    backward_.set(DNNL_ARG_DIFF_SRC, diff_src.raw());
    backward_.run(scratch_);
  }

 private:
  void make_passes(const std::string& what, algorithm kind) {
    const PoolShape& s = shape_;
    const memory::desc src = nhwc(s.N, s.IH, s.IW, s.C, s.type), dst = nhwc(s.N, s.OH, s.OW, s.C, s.type);
    const memory::dims strides{s.SH, s.SW}, kernel{s.KH, s.KW}, before{s.pad.top, s.pad.left}, after{s.pad.bottom, s.pad.right};

    const dnnl::pooling_forward::primitive_desc forward({dnnl::prop_kind::forward_training, kind, src, dst, strides, kernel, before, after},
                                                        attributes(), engine());
    forward_ = Call(what, dnnl::pooling_forward(forward), forward.scratchpad_desc(), {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}});

    if (s.type == DType::bf16) return;
    const dnnl::pooling_backward::primitive_desc backward({kind, src, dst, strides, kernel, before, after}, attributes(), engine(),
                                                          forward);
    backward_ = Call(what + " backward_data", dnnl::pooling_backward(backward), backward.scratchpad_desc(),
                     {{DNNL_ARG_DIFF_DST, dst}, {DNNL_ARG_DIFF_SRC, src}});
  }

  PoolShape shape_;
  int num_threads_ = omp_get_max_threads();
  bool count_pad_;
  Call forward_, backward_;
};

}  // namespace

std::unique_ptr<AveragePool> make_average_pool_onednn(const PoolShape& shape, bool count_pad) {
  return std::make_unique<AveragePoolOnednn>(shape, count_pad);
}

}  // namespace alexnet
