#include "support/mpirun.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "support/expect_error.hpp"

namespace alexnet {
namespace {

std::vector<std::string> words_of(const std::string& path) {
  std::vector<std::string> words;
  std::istringstream text(read_file(path));
  for (std::string word; std::getline(text, word, '\0');) words.push_back(word);
  return words;
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::string why_no_mpirun() {
#if defined(__SANITIZE_THREAD__)
  return "MPI's libraries are not instrumented for ThreadSanitizer";
#endif
  if (run_command({"mpirun", "--version"}).exit_code != 0) return "there is no mpirun";
  return run_alexnet({"--version", "--json"}).out.find("\"mpi\"") == std::string::npos ? "built without MPI" : "";
}

CommandResult run_processes(const std::vector<std::vector<std::string>>& args_of_ranks, RunOptions options) {
  std::vector<std::string> words = {"mpirun", "--oversubscribe", "--bind-to", "none"};
  for (std::size_t i = 0; i < args_of_ranks.size(); ++i) {
    if (i > 0) words.emplace_back(":");
    auto first = args_of_ranks[i].begin();
    for (const char* word : {"-n", "1"}) words.emplace_back(word);
    if (*first == "--wdir") words.insert(words.end(), {*first++, *first++});
    words.emplace_back(ALEXNET_BINARY);
    words.insert(words.end(), first, args_of_ranks[i].end());
  }
  if (options.cwd.empty()) options.cwd = smoke().folder().path().string();
  for (const auto& [name, value] : {std::pair{"OMP_NUM_THREADS", "1"},
                                    {"OMPI_ALLOW_RUN_AS_ROOT", "1"},
                                    {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
                                    // ASan's search for leaks finds those of MPI itself.
                                    {"ASAN_OPTIONS", "detect_leaks=0:allocator_may_return_null=1"}})
    options.env.emplace_back(name, value);
  return run_command(words, options);
}

CommandResult run_processes(int num_ranks, const std::vector<std::string>& args, RunOptions options) {
  return run_processes(std::vector(static_cast<std::size_t>(num_ranks), args), std::move(options));
}

int process_of_rank(int rank, const std::string& word) {
  namespace fs = std::filesystem;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::vector<std::string> words = words_of(entry.path().string() + "/cmdline");
    if (words.empty() || !contains(words, word)) continue;
    if (rank < 0 ? words.front() == "mpirun"
                 : words.front() == ALEXNET_BINARY &&
                       contains(words_of(entry.path().string() + "/environ"), "OMPI_COMM_WORLD_RANK=" + std::to_string(rank)))
      return std::stoi(name);
  }
  return 0;
}

void expect_ranks_refused(const CommandResult& result, ExitCode code, const std::vector<std::string>& words) {
  std::string errors;
  std::istringstream lines(result.err);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("error: ")) errors += line + "\n";
  }
  expect_refused({result.exit_code, result.out, errors}, code, words);
}

}  // namespace alexnet
