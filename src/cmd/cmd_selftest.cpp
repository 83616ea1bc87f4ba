// alexnet selftest: every op of a backend against the double-precision reference.
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "alexnet/model/device.hpp"
#include "alexnet/selftest/selftest.hpp"
#include "cmd/commands.hpp"

namespace alexnet {
namespace {

struct SelftestCommand {
  std::string backend = "auto", dtype = "f32", op;
  int threads = 0;
  bool json = false;
};

void print_head() {
  constexpr const char* kLine = "{:<22} {:<34} {:<22} {:>10} {:>10}\n";
  std::cout << fmt::format(kLine, "", "", "", "largest", "of what is") << fmt::format(kLine, "op", "shape", "pass", "error", "allowed");
}

void print_line(const SelftestResult& r) {
  std::cout << fmt::format("{:<22} {:<34} {:<22} {:>10} {:>10}  {}\n", r.op, r.shape, r.pass,
                           r.largest == 0 ? "exact" : fmt::format("{:.1e}", r.largest),
                           r.largest == 0 ? "" : fmt::format("{:.0f} %", 100 * r.error), r.trouble.empty() ? "ok" : "WRONG: " + r.trouble);
}

nlohmann::ordered_json to_json(const SelftestResult& r, const std::string& dtype) {
  nlohmann::ordered_json json = {{"op", r.op},     {"shape", r.shape},           {"pass", r.pass},
                                 {"dtype", dtype}, {"largest_error", r.largest}, {"ok", r.trouble.empty()}};
  json["share_of_tolerance"] = std::isfinite(r.error) ? nlohmann::ordered_json(r.error) : nlohmann::ordered_json();
  if (!r.trouble.empty()) json["trouble"] = r.trouble;
  return json;
}

ExitCode run(const SelftestCommand& command) {
  const std::shared_ptr<Backend> backend = make_backend(command.backend, {command.threads});
  std::size_t num_checks = 0, num_wrong = 0;
  auto results = nlohmann::ordered_json::array();
  run_selftest(
      backend, command.op,
      [&](const SelftestResult& result) {
        if (num_checks++ == 0 && !command.json) print_head();
        num_wrong += result.trouble.empty() ? 0 : 1;
        if (command.json) {
          results.push_back(to_json(result, command.dtype));
        } else {
          print_line(result);
          std::cout.flush();
        }
      },
      activation_type(command.dtype));
  if (command.json) {
    const nlohmann::ordered_json json = {{"backend", backend->name()},
                                         {"device", backend->description()},
                                         {"checks", num_checks},
                                         {"wrong", num_wrong},
                                         {"results", results}};
    std::cout << json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
  } else {
    std::cout << fmt::format("{} checks, {} wrong\n", num_checks, num_wrong);
  }
  return num_wrong == 0 ? ExitCode::done : ExitCode::answer_is_no;
}

}  // namespace

void add_selftest_command(CLI::App& app, ExitCode& exit_code) {
  auto command = std::make_shared<SelftestCommand>();
  CLI::App* sub = app.add_subcommand("selftest", "Check every op of a backend against the reference, on this machine's device");
  sub->add_option("--backend", command->backend, "auto|onednn|cuda|cudnn")->capture_default_str();
  sub->add_option("--dtype", command->dtype, "Of the activations: f32|bf16")->check(CLI::IsMember({"f32", "bf16"}))->capture_default_str();
  sub->add_option("--op", command->op, fmt::format("Only this one: {} [all]", fmt::join(selftest_ops(), "|")));
  sub->add_option("--threads", command->threads, "Of the CPU; 0: all that this process may use")->capture_default_str();
  sub->add_flag("--json", command->json, "The results as one JSON object");
  sub->callback([command, &exit_code] { exit_code = run(*command); });
}

}  // namespace alexnet
