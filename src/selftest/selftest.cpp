#include "alexnet/selftest/selftest.hpp"

#include <algorithm>
#include <limits>

#include "alexnet/core/error.hpp"
#include "selftest/checks.hpp"

namespace alexnet {
namespace {

struct NamedCheck {
  const char* op;
  void (*run)(Backend&, DType, const selftest::Report&);
};

constexpr NamedCheck kChecks[] = {
    {"conv2d", selftest::check_conv2d},
    {"fully_connected", selftest::check_fully_connected},
    {"lrn", selftest::check_lrn},
    {"spatial_norm", selftest::check_spatial_norm},
    {"max_pool", selftest::check_max_pool},
    {"average_pool", selftest::check_average_pool},
    {"activation", selftest::check_activation},
    {"dropout", selftest::check_dropout},
    {"copy_channels", selftest::check_copy_channels},
    {"input", selftest::check_input},
    {"softmax_cross_entropy", selftest::check_softmax_cross_entropy},
    {"top_k", selftest::check_top_k},
    {"sgd", selftest::check_sgd},
    {"exchange", selftest::check_exchange},
};
constexpr const char* kTraining = "training";

// A backend that breaks down in one op is wrong there; the others are checked all the same.
template <class Run>
void run_check(const char* op, const selftest::Report& report, Run run) {
  try {
    run();
  } catch (const Error& error) {
    if (error.code() != ExitCode::internal) throw;
    report({op, "", "", std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity(), error.what()});
  }
}

}  // namespace

const std::vector<std::string>& selftest_ops() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const NamedCheck& check : kChecks) result.emplace_back(check.op);
    result.emplace_back(kTraining);
    return result;
  }();
  return names;
}

void run_selftest(const std::shared_ptr<Backend>& backend, const std::string& op, const std::function<void(const SelftestResult&)>& report,
                  DType type) {
  const auto& names = selftest_ops();
  if (!op.empty() && std::ranges::find(names, op) == names.end())
    fail(ExitCode::command_line, "--op {}: unknown; one of {}", op, fmt::join(names, ", "));
  backend->check_activation_type(type);
  for (const NamedCheck& check : kChecks) {
    if (op.empty() || op == check.op) run_check(check.op, report, [&] { check.run(*backend, type, report); });
  }
  if (op.empty() || op == kTraining) run_check(kTraining, report, [&] { selftest::check_training(backend, type, report); });
}

}  // namespace alexnet
