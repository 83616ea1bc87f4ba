// A pass of a convolution as a plan of cuDNN: the graph of its operations, and the engines that can compute it.
//
// f32 throughout, and true f32: left out are engines whose numerical notes say that they round factors (tensor cores: TF32), sum in less
// than f32, reach the sums by transforms (Winograd, FFT: integers are no longer exact), or may give other bits another time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alexnet/ops/conv2d.hpp"
#include "ops/library_cudnn.hpp"

namespace alexnet {

// forward is the convolution alone; forward_bias and forward_bias_relu go on with what stands in their names.
enum class PassCudnn { forward, forward_bias, forward_bias_relu, backward_data, backward_weights };

// In the backward passes diff_src, diff_weights and diff_dst stand in the place of src, weights and dst. Shapes and layouts: Conv2dShape.
struct TensorsCudnn {
  void *src = nullptr, *weights = nullptr, *bias = nullptr, *dst = nullptr;
};

class PlanCudnn {
 public:
  PlanCudnn(std::shared_ptr<const Cudnn> cudnn, DescriptorCudnn plan, std::string algorithm);

  // Engine and knobs: "eng34_k2=5_k13=1".
  const std::string& algorithm() const { return algorithm_; }
  std::size_t scratch_bytes() const { return scratch_bytes_; }
  // Throws Error(internal).
  void run(const TensorsCudnn& tensors, std::byte* scratch) const;

 private:
  std::shared_ptr<const Cudnn> cudnn_;
  DescriptorCudnn plan_;
  std::string algorithm_;
  std::size_t scratch_bytes_;
};

// The plans that there are for a pass, those first that cuDNN's heuristics expect to be fast.
class PlansCudnn {
 public:
  PlansCudnn(std::shared_ptr<const Cudnn> cudnn, const Conv2dShape& shape, PassCudnn pass);

  // The first `most` that can be built and need no more scratch than the limit.
  std::vector<PlanCudnn> best(std::size_t most);
  // The one that `algorithm()` told once; none: cuDNN no longer offers it.
  std::optional<PlanCudnn> find(const std::string& algorithm);
  // Why there are few or none, in cuDNN's words.
  const std::string& refusal() const { return refusal_; }

 private:
  struct Offer {
    std::string algorithm;
    DescriptorCudnn engine_config;
  };
  void ask(cudnnBackendHeurMode_t mode);
  std::optional<PlanCudnn> build(const Offer& offer);

  std::shared_ptr<const Cudnn> cudnn_;
  std::vector<DescriptorCudnn> parts_;  // of the graph, which is the last
  std::vector<Offer> offers_;
  std::string refusal_;
};

}  // namespace alexnet
