#include "ops/plan_cudnn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

constexpr std::size_t kMostScratchBytes = std::size_t{256} << 20;
constexpr std::int64_t kAlignment = 16;  // the widest access of a thread; tensors begin at multiples of kAlignmentBytes, which is more

// Names of the tensors in a graph. The last two are never in memory.
enum Id : std::int64_t { kSrc = 1, kWeights, kBias, kDst, kConvolved, kBiased };

// The three passes are one operation to cuDNN, with other names for everything.
struct Operation {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t convolution, alpha, beta, src, weights, dst;
};
constexpr Operation kForward{CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
                             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y};
constexpr Operation kBackwardData{CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
                                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                                  CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY};
constexpr Operation kBackwardWeights{CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
                                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY};

const Operation& operation_of(PassCudnn pass) {
  if (pass == PassCudnn::backward_data) return kBackwardData;
  return pass == PassCudnn::backward_weights ? kBackwardWeights : kForward;
}

// Extents in cuDNN's order, whatever the layout: images (or outputs), channels, rows, columns. The layout is in the strides, that of the
// channels being 1. An operation whose weights have a share of src's channels is one in groups.
DescriptorCudnn make_tensor(const Cudnn& cudnn, Id id, std::int64_t N, std::int64_t C, std::int64_t H, std::int64_t W) {
  DescriptorCudnn tensor(cudnn, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  tensor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, {std::int64_t{id}})
      .set(CUDNN_ATTR_TENSOR_DATA_TYPE, {CUDNN_DATA_FLOAT})
      .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, {kAlignment})
      .set(CUDNN_ATTR_TENSOR_DIMENSIONS, {N, C, H, W})
      .set(CUDNN_ATTR_TENSOR_STRIDES, {H * W * C, std::int64_t{1}, W * C, C})
      .set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, {id == kConvolved || id == kBiased});
  return std::move(tensor.finalize());
}

DescriptorCudnn make_convolution(const Cudnn& cudnn, const Conv2dShape& s) {
  DescriptorCudnn convolution(cudnn, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  convolution.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, {CUDNN_DATA_FLOAT})
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, {CUDNN_CROSS_CORRELATION})
      .set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, {std::int64_t{2}})
      .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, {std::int64_t{1}, std::int64_t{1}})
      .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, {s.SH, s.SW})
      .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, {s.pad.top, s.pad.left})
      .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, {s.pad.bottom, s.pad.right});
  return std::move(convolution.finalize());
}

// dst = src + bias, or max(src, 0) without a bias.
DescriptorCudnn make_pointwise(const Cudnn& cudnn, const DescriptorCudnn& src, const DescriptorCudnn* bias, const DescriptorCudnn& dst) {
  DescriptorCudnn function(cudnn, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  function.set(CUDNN_ATTR_POINTWISE_MODE, {bias != nullptr ? CUDNN_POINTWISE_ADD : CUDNN_POINTWISE_RELU_FWD})
      .set(CUDNN_ATTR_POINTWISE_MATH_PREC, {CUDNN_DATA_FLOAT})
      .finalize();
  DescriptorCudnn pointwise(cudnn, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  pointwise.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, function)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, src)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, dst);
  if (bias != nullptr) pointwise.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *bias);
  return std::move(pointwise.finalize());
}

// The graph, last, behind the descriptors that it is made of.
std::vector<DescriptorCudnn> make_graph(const Cudnn& cudnn, const Conv2dShape& s, PassCudnn pass) {
  const bool adds_bias = pass == PassCudnn::forward_bias || pass == PassCudnn::forward_bias_relu;
  std::vector<DescriptorCudnn> parts;
  parts.reserve(16);  // the references below must hold
  const auto add = [&](DescriptorCudnn part) -> const DescriptorCudnn& { return parts.emplace_back(std::move(part)); };
  const auto tensor_of_dst = [&](Id id) { return make_tensor(cudnn, id, s.N, s.OC, s.OH, s.OW); };
  const auto& src = add(make_tensor(cudnn, kSrc, s.N, s.IC, s.IH, s.IW));
  const auto& weights = add(make_tensor(cudnn, kWeights, s.OC, s.IC / s.groups, s.KH, s.KW));
  const auto& dst = add(tensor_of_dst(kDst));
  const auto& convolved = adds_bias ? add(tensor_of_dst(kConvolved)) : dst;
  const auto& convolution = add(make_convolution(cudnn, s));

  const Operation& names = operation_of(pass);
  DescriptorCudnn operation(cudnn, names.type);
  operation.set(names.convolution, convolution).set(names.alpha, {1.0F}).set(names.beta, {0.0F});
  operation.set(names.src, src).set(names.weights, weights).set(names.dst, convolved).finalize();
  std::vector<const DescriptorCudnn*> operations = {&add(std::move(operation))};
  if (adds_bias) {
    const auto& bias = add(make_tensor(cudnn, kBias, 1, s.OC, 1, 1));
    const auto& biased = pass == PassCudnn::forward_bias_relu ? add(tensor_of_dst(kBiased)) : dst;
    operations.push_back(&add(make_pointwise(cudnn, convolved, &bias, biased)));
    if (&biased != &dst) operations.push_back(&add(make_pointwise(cudnn, biased, nullptr, dst)));
  }
  DescriptorCudnn graph(cudnn, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations);
  if (cudnn.handle != nullptr) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, {cudnn.handle});
  add(std::move(graph.finalize()));
  return parts;
}

bool is_true_f32(const DescriptorCudnn& engine) {
  const auto notes = engine.get<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
  return std::ranges::all_of(notes, [](cudnnBackendNumericalNote_t note) { return note == CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP; });
}

std::string describe(const DescriptorCudnn& engine, const DescriptorCudnn& engine_config) {
  std::string text = fmt::format("eng{}", engine.get<std::int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, 1).at(0));
  for (const auto& choice :
       engine_config.get(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, CUDNN_KNOB_TYPE_COUNTS)) {
    text += fmt::format("_k{}={}", static_cast<int>(choice.get<cudnnBackendKnobType_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, 1).at(0)),
                        choice.get<std::int64_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, 1).at(0));
  }
  return text;
}

}  // namespace

PlanCudnn::PlanCudnn(std::shared_ptr<const Cudnn> cudnn, DescriptorCudnn plan, std::string algorithm)
    : cudnn_(std::move(cudnn)),
      plan_(std::move(plan)),
      algorithm_(std::move(algorithm)),
      scratch_bytes_(static_cast<std::size_t>(plan_.get<std::int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, 1).at(0))) {}

void PlanCudnn::run(const TensorsCudnn& tensors, std::byte* scratch) const {
  DescriptorCudnn arguments(*cudnn_, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  if (tensors.bias != nullptr) {
    arguments.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, {std::int64_t{kSrc}, std::int64_t{kWeights}, std::int64_t{kDst}, std::int64_t{kBias}})
        .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, {tensors.src, tensors.weights, tensors.dst, tensors.bias});
  } else {
    arguments.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, {std::int64_t{kSrc}, std::int64_t{kWeights}, std::int64_t{kDst}})
        .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, {tensors.src, tensors.weights, tensors.dst});
  }
  arguments.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, {static_cast<void*>(scratch)}).finalize();
  cudnn_->check(cudnn_->BackendExecute(cudnn_->handle, plan_.raw(), arguments.raw()), algorithm_.c_str());
}

PlansCudnn::PlansCudnn(std::shared_ptr<const Cudnn> cudnn, const Conv2dShape& shape, PassCudnn pass) : cudnn_(std::move(cudnn)) {
  try {
    parts_ = make_graph(*cudnn_, shape, pass);
  } catch (const Error& error) {
    refusal_ = error.what();
    return;
  }
  for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_B, CUDNN_HEUR_MODE_FALLBACK}) ask(mode);
}

void PlansCudnn::ask(cudnnBackendHeurMode_t mode) {
  try {
    DescriptorCudnn heuristic(*cudnn_, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, parts_.back()).set(CUDNN_ATTR_ENGINEHEUR_MODE, {mode});
    if (cudnn_->device) heuristic.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *cudnn_->device);
    heuristic.finalize();
    for (auto& config :
         heuristic.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, heuristic.count(CUDNN_ATTR_ENGINEHEUR_RESULTS))) {
      const auto engines = config.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR, 1);
      const std::string algorithm = describe(engines.at(0), config);
      const bool is_known = std::ranges::any_of(offers_, [&](const Offer& offer) { return offer.algorithm == algorithm; });
      if (!is_known && is_true_f32(engines.at(0))) offers_.push_back({algorithm, std::move(config)});
    }
  } catch (const Error& error) {
    refusal_ = error.what();
  }
}

std::optional<PlanCudnn> PlansCudnn::build(const Offer& offer) {
  try {
    DescriptorCudnn plan(*cudnn_, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, offer.engine_config);
    if (cudnn_->device)
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *cudnn_->device);
    else
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, {cudnn_->handle});
    PlanCudnn built(cudnn_, std::move(plan.finalize()), offer.algorithm);
    if (built.scratch_bytes() <= kMostScratchBytes) return built;
    refusal_ = fmt::format("{} needs {} MiB of scratch, at most {} are given", offer.algorithm, built.scratch_bytes() >> 20,
                           kMostScratchBytes >> 20);
  } catch (const Error& error) {
    refusal_ = error.what();
  }
  return std::nullopt;
}

std::vector<PlanCudnn> PlansCudnn::best(std::size_t most) {
  std::vector<PlanCudnn> plans;
  for (const Offer& offer : offers_) {
    if (plans.size() == most) break;
    if (auto plan = build(offer)) plans.push_back(std::move(*plan));
  }
  return plans;
}

std::optional<PlanCudnn> PlansCudnn::find(const std::string& algorithm) {
  const auto offer = std::ranges::find(offers_, algorithm, &Offer::algorithm);
  return offer == offers_.end() ? std::nullopt : build(*offer);
}

}  // namespace alexnet
