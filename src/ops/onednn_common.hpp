// What the ops on oneDNN share: engine, descriptors, primitives with their arguments, weights in oneDNN's own order.
//
// A primitive is made once, when its op is made; a pass sets the data pointers and runs it. Scratchpads are the user's: they come out
// of Op::scratch_. Errors of oneDNN become alexnet::Error with the op and its shape in the message.
#pragma once

#include <cstddef>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "alexnet/ops/conv2d.hpp"  // Epilogue

namespace alexnet::onednn {

using dnnl::memory;

dnnl::engine& engine();
dnnl::stream& stream();

// Throws Error(out_of_memory) or Error(internal): "what: oneDNN: message".
[[noreturn]] void rethrow(const std::string& what, const dnnl::error& error);

// f(), with dnnl::error turned into Error.
template <class F>
decltype(auto) guarded(const std::string& what, F&& f) {
  try {
    return std::forward<F>(f)();
  } catch (const dnnl::error& error) {
    rethrow(what, error);
  }
}

// Says in the log how this CPU computes in bf16. Throws Error(unavailable) when oneDNN cannot: it takes AVX-512.
void check_bf16();

// f32 or bf16.
memory::data_type data_type(DType type);

// Descriptors. oneDNN names extents N, C, H, W whatever the order in memory is. any_format: oneDNN shall choose the order.
memory::desc nhwc(std::int64_t N, std::int64_t H, std::int64_t W, std::int64_t C, DType type);
memory::desc matrix(std::int64_t rows, std::int64_t columns, DType type = DType::f32);
memory::desc vector(std::int64_t count, DType type = DType::f32);
memory::desc any_format(const memory::dims& dims, DType type);

// Scratchpad from the user; ReLU applied before the result is stored, if asked for.
dnnl::primitive_attr attributes(Epilogue epilogue = Epilogue::none);

// A primitive and its arguments.
class Call {
 public:
  Call() = default;
  Call(std::string what, const dnnl::primitive& primitive, const memory::desc& scratchpad,
       const std::vector<std::pair<int, memory::desc>>& arguments);
  void set(int argument, const void* data);
  void run(std::byte* scratchpad);
  std::size_t scratchpad_bytes() const { return scratchpad_bytes_; }

 private:
  std::string what_;
  dnnl::primitive primitive_;
  std::unordered_map<int, memory> arguments_;
  std::size_t scratchpad_bytes_ = 0;
  int num_threads_ = 0;  // that the primitive was made for
};

// A pass that reads or writes weights. The program keeps them in OHWI order and f32; where oneDNN chose another order or reads bf16,
// they are reordered and rounded through scratch in every call: [weights in oneDNN's order | scratchpad].
class WeightsPass {
 public:
  WeightsPass() = default;
  // `argument`: DNNL_ARG_WEIGHTS (read) or DNNL_ARG_DIFF_WEIGHTS (written).
  WeightsPass(const std::string& what, Call call, int argument, const memory::desc& plain, const memory::desc& chosen);
  void set(int argument, const void* data) { call_.set(argument, data); }
  void run(void* weights, std::byte* scratch);
  std::size_t scratch_bytes() const { return chosen_bytes_ + scratchpad_bytes_; }
  bool reorders() const { return chosen_bytes_ > 0; }

 private:
  Call call_;
  Call reorder_;
  int argument_ = 0;
  std::size_t chosen_bytes_ = 0;  // 0: no reorder
  std::size_t scratchpad_bytes_ = 0;
};

}  // namespace alexnet::onednn
