#include "cuda_emulated/cudnn_standin.hpp"

#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <memory>

#include "emulator/emulator.hpp"
#include "emulator/memory.hpp"

namespace alexnet::test {

CudnnStandin& cudnn_standin() {
  static CudnnStandin standin;
  return standin;
}

namespace {

std::string last_error;

struct Refused {
  cudnnStatus_t status;
  std::string why;
};
void require(bool condition, const std::string& why, cudnnStatus_t status = CUDNN_STATUS_BAD_PARAM) {
  if (!condition) throw Refused{status, why};
}

struct Descriptor;
using Shared = std::shared_ptr<Descriptor>;  // attributes keep alive what they name, as in the real library

struct Attribute {
  cudnnBackendAttributeType_t type;
  std::vector<std::byte> bytes;
  std::vector<Shared> descriptors;
};

struct Descriptor {
  cudnnBackendDescriptorType_t type;
  bool is_final = false;
  std::map<cudnnBackendAttributeName_t, Attribute> attributes;
  StandinEngine engine;               // of an engine, a configuration or a plan
  std::pair<int, std::int64_t> knob;  // of a knob's choice
  std::vector<StandinEngine> offers;  // of a heuristic

  template <class T>
  std::vector<T> all(cudnnBackendAttributeName_t name) const {
    require(attributes.contains(name), "an attribute is missing");
    const Attribute& a = attributes.at(name);
    std::vector<T> values(a.bytes.size() / sizeof(T));
    std::memcpy(values.data(), a.bytes.data(), a.bytes.size());
    return values;
  }
  template <class T>
  T one(cudnnBackendAttributeName_t name) const {
    const auto values = all<T>(name);
    require(values.size() == 1, "an attribute has not one value");
    return values[0];
  }
  const std::vector<Shared>& linked(cudnnBackendAttributeName_t name) const {
    require(attributes.contains(name), "a descriptor is missing");
    return attributes.at(name).descriptors;
  }
  const Descriptor& link(cudnnBackendAttributeName_t name) const { return *linked(name).at(0); }
};
Shared& shared(cudnnBackendDescriptor_t raw) { return *static_cast<Shared*>(raw); }

struct View {  // of a tensor: images or outputs, channels, rows, columns
  std::array<std::int64_t, 4> extents, strides;
  std::int64_t id;
  explicit View(const Descriptor& d) : id(d.one<std::int64_t>(CUDNN_ATTR_TENSOR_UNIQUE_ID)) {
    const auto e = d.all<std::int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS), s = d.all<std::int64_t>(CUDNN_ATTR_TENSOR_STRIDES);
    require(e.size() == 4 && s.size() == 4, "a tensor has not four extents");
    require(d.one<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE) == CUDNN_DATA_FLOAT, "a tensor is not f32");
    std::copy_n(e.begin(), 4, extents.begin());
    std::copy_n(s.begin(), 4, strides.begin());
  }
  std::int64_t count() const { return extents[0] * extents[1] * extents[2] * extents[3]; }
  std::size_t at(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) const {
    return static_cast<std::size_t>(a * strides[0] + b * strides[1] + c * strides[2] + d * strides[3]);
  }
};

struct Convolution {
  View src, weights, dst;
  std::vector<std::int64_t> stride, before, after;
  const View& written;

  static const Descriptor& part(const Descriptor& d, cudnnBackendAttributeName_t f, cudnnBackendAttributeName_t b,
                                cudnnBackendAttributeName_t w) {
    if (d.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR) return d.link(f);
    return d.link(d.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR ? b : w);
  }
  explicit Convolution(const Descriptor& d)
      : src(part(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X)),
        weights(part(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW)),
        dst(part(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY)),
        written(d.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR         ? dst
                : d.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR ? src
                                                                                         : weights) {
    const Descriptor& how = part(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC);
    require(how.one<cudnnConvolutionMode_t>(CUDNN_ATTR_CONVOLUTION_CONV_MODE) == CUDNN_CROSS_CORRELATION, "the kernel is mirrored");
    require(how.one<cudnnDataType_t>(CUDNN_ATTR_CONVOLUTION_COMP_TYPE) == CUDNN_DATA_FLOAT, "sums are not f32");
    stride = how.all<std::int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
    before = how.all<std::int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS);
    after = how.all<std::int64_t>(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS);
    require(stride.size() == 2 && before.size() == 2 && after.size() == 2, "a picture has two sides");
    for (std::size_t i = 0; i < 2; ++i) {
      const std::int64_t padded = src.extents[i + 2] + before[i] + after[i];
      require(dst.extents[i + 2] == (padded - weights.extents[i + 2]) / stride[i] + 1, "dst's extents do not fit");
    }
    require(src.extents[1] % weights.extents[1] == 0 && dst.extents[1] == weights.extents[0] && dst.extents[0] == src.extents[0],
            "channels or images do not fit");
  }

  void run(const std::function<float*(std::int64_t)>& memory) const {
    const float *x = memory(src.id), *w = memory(weights.id), *y = memory(dst.id);
    std::vector<double> sums(static_cast<std::size_t>(written.count()), 0.0);
    const std::int64_t groups = src.extents[1] / weights.extents[1], outputs = dst.extents[1] / groups;
    for (std::int64_t n = 0; n < dst.extents[0]; ++n)
      for (std::int64_t k = 0; k < dst.extents[1]; ++k)
        for (std::int64_t p = 0; p < dst.extents[2]; ++p)
          for (std::int64_t q = 0; q < dst.extents[3]; ++q)
            for (std::int64_t c = 0; c < weights.extents[1]; ++c)
              for (std::int64_t r = 0; r < weights.extents[2]; ++r)
                for (std::int64_t s = 0; s < weights.extents[3]; ++s) {
                  const std::int64_t h = p * stride[0] + r - before[0], v = q * stride[1] + s - before[1];
                  if (h < 0 || v < 0 || h >= src.extents[2] || v >= src.extents[3]) continue;
                  const std::size_t i = src.at(n, k / outputs * weights.extents[1] + c, h, v), j = weights.at(k, c, r, s),
                                    o = dst.at(n, k, p, q);
                  if (&written == &dst) sums[o] += static_cast<double>(x[i]) * static_cast<double>(w[j]);
                  if (&written == &src) sums[i] += static_cast<double>(y[o]) * static_cast<double>(w[j]);
                  if (&written == &weights) sums[j] += static_cast<double>(x[i]) * static_cast<double>(y[o]);
                }
    std::copy(sums.begin(), sums.end(), memory(written.id));
  }
};

bool is_convolution(const Descriptor& d) { return d.type != CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR; }

// The operations of a graph, in order; what is virtual is computed in place of the last one's dst.
void execute(const Descriptor& plan, const Descriptor& arguments) {
  const StandinEngine& engine = plan.engine;
  require(engine.runs, "an engine that fails", CUDNN_STATUS_EXECUTION_FAILED);
  const auto ids = arguments.all<std::int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
  const auto pointers = arguments.all<float*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
  require(ids.size() == pointers.size(), "not a pointer for each id");
  std::map<std::int64_t, float*> given;
  for (std::size_t i = 0; i < ids.size(); ++i) given[ids[i]] = pointers[i];
  auto* scratch = arguments.one<std::byte*>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
  require(engine.scratch_bytes == 0 || scratch != nullptr, "no scratch");
  if (engine.scratch_bytes > 0) {
    std::memset(scratch, 0x7f, engine.scratch_bytes);  // to see that nobody else counts on what lies there
    emulator::mark_written(scratch, engine.scratch_bytes);
  }
  const auto& operations =
      plan.link(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG).link(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH).linked(CUDNN_ATTR_OPERATIONGRAPH_OPS);
  const Convolution convolution(*operations.at(0));
  const View result = operations.size() == 1 ? convolution.written : View(operations.back()->link(CUDNN_ATTR_OPERATION_POINTWISE_YDESC));
  const auto memory = [&](std::int64_t id) {
    const bool is_virtual = id == convolution.written.id && !given.contains(id);
    float* at = given[is_virtual ? result.id : id];
    require(at != nullptr && reinterpret_cast<std::uintptr_t>(at) % 16 == 0, "a tensor without memory, or not aligned");
    return at;
  };
  for (const View* read : {&convolution.src, &convolution.weights, &convolution.dst}) {
    if (read != &convolution.written) emulator::check_written(memory(read->id), static_cast<std::size_t>(read->count()) * sizeof(float));
  }
  convolution.run(memory);
  float* y = memory(result.id);
  for (std::size_t i = 1; i < operations.size(); ++i) {
    const bool adds =
        operations[i]->link(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR).one<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE) ==
        CUDNN_POINTWISE_ADD;
    const float* bias = adds ? memory(View(operations[i]->link(CUDNN_ATTR_OPERATION_POINTWISE_BDESC)).id) : nullptr;
    for (std::int64_t j = 0; j < result.count(); ++j) y[j] = adds ? y[j] + bias[j % result.extents[1]] : std::max(y[j], 0.0F);
  }
  emulator::mark_written(y, static_cast<std::size_t>(result.count()) * sizeof(float));
  emulator::device_state().clock_ms += engine.ms;
  cudnn_standin().runs.push_back(engine.id);
}

void finalize(Descriptor& d) {
  if (d.type == CUDNN_BACKEND_TENSOR_DESCRIPTOR) View{d};
  if (d.attributes.contains(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X) ||
      d.attributes.contains(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W) ||
      d.attributes.contains(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X))
    Convolution{d};
  if (d.type == CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR) {
    const auto& operations = d.link(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH).linked(CUDNN_ATTR_OPERATIONGRAPH_OPS);
    const bool fallback = d.one<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE) == CUDNN_HEUR_MODE_FALLBACK;
    const bool is_forward = operations.at(0)->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR;
    for (const StandinEngine& engine : cudnn_standin().engines) {
      if (engine.is_fallback == fallback && (engine.fuses || operations.size() == 1) && (engine.knows_backward || is_forward))
        d.offers.push_back(engine);
    }
    require(!d.offers.empty(), "no engine", CUDNN_STATUS_NOT_SUPPORTED);
  }
  if (d.type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR) {
    d.engine = d.link(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG).engine;
    require(d.one<cudnnHandle_t>(CUDNN_ATTR_EXECUTION_PLAN_HANDLE) != nullptr, "no handle");
    require(d.engine.builds, "this engine does not want to", CUDNN_STATUS_NOT_SUPPORTED);
  }
  d.is_final = true;
}

template <class T>
void give(const std::vector<T>& all, std::int64_t most, std::int64_t* count, void* values) {
  *count = std::min(most, static_cast<std::int64_t>(all.size()));
  std::memcpy(values, all.data(), static_cast<std::size_t>(*count) * sizeof(T));
}

void read(const Shared& d, cudnnBackendAttributeName_t name, std::int64_t most, std::int64_t* count, void* values) {
  const auto fill = [&](std::size_t number, const std::function<void(Descriptor&, std::size_t)>& set) {
    *count = static_cast<std::int64_t>(number);
    for (std::size_t i = 0; i < std::min(number, static_cast<std::size_t>(most)); ++i)
      set(*shared(static_cast<cudnnBackendDescriptor_t*>(values)[i]), i);
  };
  switch (name) {
    case CUDNN_ATTR_ENGINEHEUR_RESULTS:
      return fill(d->offers.size(), [&](Descriptor& config, std::size_t i) {
        config.engine = d->offers[i];
        config.attributes[CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH] = d->attributes.at(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
      });
    case CUDNN_ATTR_ENGINECFG_ENGINE:
      return fill(1, [&](Descriptor& engine, std::size_t) { engine.engine = d->engine; });
    case CUDNN_ATTR_ENGINECFG_KNOB_CHOICES:
      return fill(d->engine.knobs.size(), [&](Descriptor& choice, std::size_t i) { choice.knob = d->engine.knobs[i]; });
    case CUDNN_ATTR_ENGINE_GLOBAL_INDEX:
      return give(std::vector{d->engine.id}, most, count, values);
    case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
      return give(d->engine.notes, most, count, values);
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE:
      return give(std::vector{d->knob.first}, most, count, values);
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE:
      return give(std::vector{d->knob.second}, most, count, values);
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
      return give(std::vector{static_cast<std::int64_t>(d->engine.scratch_bytes)}, most, count, values);
    default:
      require(false, "an attribute that the stand-in does not tell");
  }
}

std::size_t bytes_of(cudnnBackendAttributeType_t type) {
  if (type == CUDNN_TYPE_BOOLEAN || type == CUDNN_TYPE_CHAR) return 1;
  return type == CUDNN_TYPE_INT64 || type == CUDNN_TYPE_VOID_PTR || type == CUDNN_TYPE_HANDLE || type == CUDNN_TYPE_BACKEND_DESCRIPTOR ? 8
                                                                                                                                       : 4;
}

cudnnStatus_t guarded(const std::function<void()>& call) {
  try {
    call();
    return CUDNN_STATUS_SUCCESS;
  } catch (const Refused& refused) {
    last_error = refused.why;
    return refused.status;
  }
}

}  // namespace
}  // namespace alexnet::test

using namespace alexnet::test;  // NOLINT(google-build-using-namespace): what follows are cuDNN's own names

std::size_t cudnnGetVersion() { return cudnn_standin().version; }
const char* cudnnGetErrorString(cudnnStatus_t status) { return status == CUDNN_STATUS_NOT_SUPPORTED ? "NOT_SUPPORTED" : "another status"; }
void cudnnGetLastErrorString(char* message, std::size_t bytes) { std::strncpy(message, last_error.c_str(), bytes); }
cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  if (!cudnn_standin().starts) return CUDNN_STATUS_NOT_INITIALIZED;
  *handle = reinterpret_cast<cudnnHandle_t>(&cudnn_standin());
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t) { return CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnSetStream(cudnnHandle_t, cudaStream_t stream) {
  return stream == nullptr ? CUDNN_STATUS_BAD_PARAM : CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t* descriptor) {
  *descriptor = new Shared(new Descriptor{type, false, {}, {}, {}, {}});
  ++cudnn_standin().num_descriptors;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
  delete static_cast<Shared*>(descriptor);
  --cudnn_standin().num_descriptors;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor) {
  return guarded([&] { finalize(*shared(descriptor)); });
}
cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, std::int64_t count, const void* values) {
  return guarded([&] {
    require(!shared(descriptor)->is_final, "a finished descriptor is changed");
    const auto* bytes = static_cast<const std::byte*>(values);
    Attribute attribute{type, {bytes, bytes + static_cast<std::size_t>(count) * bytes_of(type)}, {}};
    for (std::int64_t i = 0; type == CUDNN_TYPE_BACKEND_DESCRIPTOR && i < count; ++i) {
      const Shared& value = shared(static_cast<const cudnnBackendDescriptor_t*>(values)[i]);
      require(value->is_final || value->type == CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, "an unfinished descriptor is used");
      attribute.descriptors.push_back(value);
    }
    shared(descriptor)->attributes[name] = std::move(attribute);
  });
}
cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t,
                                       std::int64_t most, std::int64_t* count, void* values) {
  return guarded([&] { read(shared(descriptor), name, most, count, values); });
}
cudnnStatus_t cudnnBackendExecute(cudnnHandle_t, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t arguments) {
  return guarded([&] { execute(*shared(plan), *shared(arguments)); });
}
