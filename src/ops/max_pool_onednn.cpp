// Max-pool on oneDNN. The workspace is oneDNN's: for every output the index of the winner inside its window. The gradient in bf16 is our
// own loop.
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>

#include "alexnet/core/error.hpp"
#include "ops/onednn_common.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/pool_gradient.hpp"

namespace alexnet {
namespace {

using namespace onednn;  // NOLINT(google-build-using-namespace)
using dnnl::algorithm;
using dnnl::prop_kind;

class MaxPoolOnednn final : public MaxPool {
 public:
  explicit MaxPoolOnednn(const PoolShape& s) : shape_(s) {
    const std::string what = fmt::format("max_pool of ({}, {}, {}, {}) to ({}, {}, {}, {}), kernel {}x{}", s.N, s.IH, s.IW, s.C, s.N, s.OH,
                                         s.OW, s.C, s.KH, s.KW);
    guarded(what, [&] { make_passes(what); });
  }

  std::size_t workspace_bytes() const override { return workspace_bytes_; }
  std::size_t scratch_bytes() const override {
    const std::size_t of_gradient =
        shape_.type == DType::bf16 ? pool_gradient_scratch_bytes(shape_, num_threads_) : backward_.scratchpad_bytes();
    return std::max({train_.scratchpad_bytes(), test_.scratchpad_bytes(), of_gradient});
  }

  void forward(const Tensor& src, const Tensor& dst) override {
    check_pool(shape_, src, dst);
    Call& call = workspace_ != nullptr ? train_ : test_;
    call.set(DNNL_ARG_SRC, src.raw());
    call.set(DNNL_ARG_DST, dst.raw());
    if (workspace_ != nullptr) call.set(DNNL_ARG_WORKSPACE, workspace_);
    call.run(scratch_);
  }

  void backward_data(const Tensor& diff_dst, const Tensor& diff_src) override {
    check_pool(shape_, diff_src, diff_dst);
    if (workspace_ == nullptr) fail(ExitCode::internal, "max_pool backward_data without a workspace: forward kept no winners");
    if (shape_.type == DType::bf16) {
      const auto add_up = [&](const auto* winners) {
        max_pool_gradient(shape_, winners, diff_dst.data<BFloat16>(), diff_src.data<BFloat16>(), num_threads_, scratch_);
      };
      if (winners_are_bytes_) {
        add_up(reinterpret_cast<const std::uint8_t*>(workspace_));
      } else {
        add_up(reinterpret_cast<const std::int32_t*>(workspace_));
      }
      return;
    }
    backward_.set(DNNL_ARG_DIFF_DST, diff_dst.raw());
    backward_.set(DNNL_ARG_DIFF_SRC, diff_src.raw());
    backward_.set(DNNL_ARG_WORKSPACE, workspace_);
    backward_.run(scratch_);
  }

 private:
  void make_passes(const std::string& what) {
    const PoolShape& s = shape_;
    const memory::desc src = nhwc(s.N, s.IH, s.IW, s.C, s.type), dst = nhwc(s.N, s.OH, s.OW, s.C, s.type);
    const memory::dims strides{s.SH, s.SW}, kernel{s.KH, s.KW}, before{s.pad.top, s.pad.left}, after{s.pad.bottom, s.pad.right};
    const auto forward_pd = [&](prop_kind kind) {
      return dnnl::pooling_forward::primitive_desc({kind, algorithm::pooling_max, src, dst, strides, kernel, before, after}, attributes(),
                                                   engine());
    };

    const auto test = forward_pd(prop_kind::forward_inference);
    test_ = Call(what, dnnl::pooling_forward(test), test.scratchpad_desc(), {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}});

    const auto train = forward_pd(prop_kind::forward_training);
    const memory::desc workspace = train.workspace_desc();
    workspace_bytes_ = workspace.get_size();
    train_ = Call(what, dnnl::pooling_forward(train), train.scratchpad_desc(),
                  {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}, {DNNL_ARG_WORKSPACE, workspace}});

    if (s.type == DType::bf16) {
      const auto is_nhwc = [&](memory::data_type type) {
        return workspace == memory::desc({s.N, s.C, s.OH, s.OW}, type, memory::format_tag::nhwc);
      };
      winners_are_bytes_ = is_nhwc(memory::data_type::u8);
      if (!winners_are_bytes_ && !is_nhwc(memory::data_type::s32))
        fail(ExitCode::internal, "{}: oneDNN's workspace has another order", what);
      return;
    }
    const dnnl::pooling_backward::primitive_desc backward({algorithm::pooling_max, src, dst, strides, kernel, before, after}, attributes(),
                                                          engine(), train);
    backward_ = Call(what + " backward_data", dnnl::pooling_backward(backward), backward.scratchpad_desc(),
                     {{DNNL_ARG_DIFF_DST, dst}, {DNNL_ARG_DIFF_SRC, src}, {DNNL_ARG_WORKSPACE, workspace}});
  }

  PoolShape shape_;
  int num_threads_ = omp_get_max_threads();
  Call train_, test_, backward_;
  std::size_t workspace_bytes_ = 0;
  bool winners_are_bytes_ = false;  // of bf16
};

}  // namespace

std::unique_ptr<MaxPool> make_max_pool_onednn(const PoolShape& shape) { return std::make_unique<MaxPoolOnednn>(shape); }

}  // namespace alexnet
