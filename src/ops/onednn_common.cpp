#include "ops/onednn_common.hpp"

#include <omp.h>

#include <algorithm>

#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"

namespace alexnet::onednn {

dnnl::engine& engine() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& stream() {
  thread_local dnnl::stream stream(engine());  // a stream belongs to one thread at a time; ranks may be threads
  return stream;
}

void rethrow(const std::string& what, const dnnl::error& error) {
  const bool memory_is_short = error.status == dnnl_out_of_memory;
  fail(memory_is_short ? ExitCode::out_of_memory : ExitCode::internal, "{}: oneDNN: {}", what, error.what());
}

void check_bf16() {
  const auto has = [isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa())](dnnl::cpu_isa wanted) {
    return (isa & static_cast<unsigned>(wanted)) == static_cast<unsigned>(wanted);
  };
  if (!has(dnnl::cpu_isa::avx512_core)) {
    fail(ExitCode::unavailable,
         "device.precision is bf16: oneDNN computes in it with AVX-512 alone, which this CPU lacks; set device.precision=f32");
  }
  log::info("bf16 activations: oneDNN computes with {}", has(dnnl::cpu_isa::avx512_core_amx) ? "AMX"
                                                         : has(dnnl::cpu_isa::avx512_core_bf16)
                                                             ? "AVX512_BF16"
                                                             : "AVX-512 that emulates bf16: f32 may be faster");
}

memory::data_type data_type(DType type) { return type == DType::bf16 ? memory::data_type::bf16 : memory::data_type::f32; }

memory::desc nhwc(std::int64_t N, std::int64_t H, std::int64_t W, std::int64_t C, DType type) {
  return {{N, C, H, W}, data_type(type), memory::format_tag::nhwc};
}

memory::desc matrix(std::int64_t rows, std::int64_t columns, DType type) {
  return {{rows, columns}, data_type(type), memory::format_tag::ab};
}

memory::desc vector(std::int64_t count, DType type) { return {{count}, data_type(type), memory::format_tag::a}; }

memory::desc any_format(const memory::dims& dims, DType type) { return {dims, data_type(type), memory::format_tag::any}; }

dnnl::primitive_attr attributes(Epilogue epilogue) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (epilogue == Epilogue::relu) {
    dnnl::post_ops post_ops;
    post_ops.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
    attr.set_post_ops(post_ops);
  }
  return attr;
}

Call::Call(std::string what, const dnnl::primitive& primitive, const memory::desc& scratchpad,
           const std::vector<std::pair<int, memory::desc>>& arguments)
    : what_(std::move(what)),
      primitive_(primitive),
      scratchpad_bytes_(aligned_bytes(scratchpad.get_size())),
      num_threads_(omp_get_max_threads()) {
  guarded(what_, [&] {
    for (const auto& [argument, desc] : arguments) arguments_.emplace(argument, memory(desc, engine(), DNNL_MEMORY_NONE));
    if (scratchpad_bytes_ > 0) arguments_.emplace(DNNL_ARG_SCRATCHPAD, memory(scratchpad, engine(), DNNL_MEMORY_NONE));
  });
}

void Call::set(int argument, const void* data) {
  guarded(what_, [&] { arguments_.at(argument).set_data_handle(const_cast<void*>(data)); });
}

void Call::run(std::byte* scratchpad) {
  if (scratchpad_bytes_ > 0) set(DNNL_ARG_SCRATCHPAD, scratchpad);
  if (omp_get_max_threads() != num_threads_) omp_set_num_threads(num_threads_);  // oneDNN asks the calling thread
  guarded(what_, [&] {
    primitive_.execute(stream(), arguments_);
    stream().wait();
  });
}

WeightsPass::WeightsPass(const std::string& what, Call call, int argument, const memory::desc& plain, const memory::desc& chosen)
    : call_(std::move(call)), argument_(argument), scratchpad_bytes_(call_.scratchpad_bytes()) {
  if (chosen == plain) return;
  const bool is_read = argument == DNNL_ARG_WEIGHTS;
  const memory::desc& from = is_read ? plain : chosen;
  const memory::desc& to = is_read ? chosen : plain;
  guarded(what, [&] {
    const dnnl::reorder::primitive_desc pd(engine(), from, engine(), to, attributes());
    reorder_ = Call(what + " (reorder of weights)", dnnl::reorder(pd), pd.scratchpad_desc(), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  });
  chosen_bytes_ = aligned_bytes(chosen.get_size());
  scratchpad_bytes_ = std::max(scratchpad_bytes_, reorder_.scratchpad_bytes());
}

void WeightsPass::run(void* weights, std::byte* scratch) {
  if (!reorders()) {
    call_.set(argument_, weights);
    call_.run(scratch);
    return;
  }
  std::byte* const scratchpad = scratch + chosen_bytes_;
  call_.set(argument_, scratch);
  if (argument_ == DNNL_ARG_WEIGHTS) {
    reorder_.set(DNNL_ARG_FROM, weights);
    reorder_.set(DNNL_ARG_TO, scratch);
    reorder_.run(scratchpad);
    call_.run(scratchpad);
  } else {
    call_.run(scratchpad);
    reorder_.set(DNNL_ARG_FROM, scratch);
    reorder_.set(DNNL_ARG_TO, weights);
    reorder_.run(scratchpad);
  }
}

}  // namespace alexnet::onednn
