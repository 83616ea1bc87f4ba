#include "support/run_command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <sstream>
#include <stdexcept>

#include "support/messages_seen.hpp"

extern char** environ;

namespace alexnet {
namespace {

using Clock = std::chrono::steady_clock;

class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  void reset(int fd) {
    close();
    fd_ = fd;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

[[noreturn]] void give_up(const char* what) { throw std::runtime_error(std::string(what) + ": " + std::strerror(errno)); }

void make_pipe(File& reader, File& writer) {
  std::array<int, 2> fds{};
  if (pipe2(fds.data(), O_CLOEXEC) != 0) give_up("pipe2");
  reader.reset(fds[0]);
  writer.reset(fds[1]);
}

// stdin is a file in memory: the program may ignore it, and nobody waits for anybody.
void fill(const File& file, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = write(file.get(), text.data() + done, text.size() - done);
    if (n < 0) give_up("write");
    done += static_cast<std::size_t>(n);
  }
  lseek(file.get(), 0, SEEK_SET);
}

std::vector<std::string> environment(const RunOptions& options) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable = *entry;
    bool replaced = false;
    for (const auto& [name, value] : options.env) replaced |= variable.substr(0, variable.find('=')) == name;
    if (!replaced) variables.push_back(variable);
  }
  for (const auto& [name, value] : options.env) variables.push_back(std::string(name).append("=").append(value));
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& s : strings) result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

// The program's errors and warnings; those, and no others, stand in lines that begin so.
void note_messages(const CommandResult& result) {
  static const std::string kError = "error: ";
  std::istringstream lines(result.err);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kError)) note_message_seen(result.exit_code, line.substr(kError.size()));
    if (line.starts_with("warning: ")) note_message_seen(result.exit_code, line);
  }
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& argv, const RunOptions& options) {
  File in(memfd_create("stdin", MFD_CLOEXEC));
  if (in.get() < 0) give_up("memfd_create");
  fill(in, options.in);
  std::array<File, 2> readers, writers;  // stdout, stderr
  for (std::size_t i = 0; i < 2; ++i) make_pipe(readers[i], writers[i]);
  std::vector<std::string> arguments = argv, variables = environment(options);
  const std::vector<char*> argument_pointers = pointers(arguments), variable_pointers = pointers(variables);
  const rlim_t limit = options.file_size_limit_bytes.value_or(0);
  const rlimit file_size{limit, limit};

  const pid_t child = fork();
  if (child < 0) give_up("fork");
  if (child == 0) {  // only async-signal-safe calls here: the test may have threads
    if (options.file_size_limit_bytes) {
      setrlimit(RLIMIT_FSIZE, &file_size);
      signal(SIGXFSZ, SIG_IGN);
    }
    if (!options.cwd.empty() && chdir(options.cwd.c_str()) != 0) _exit(127);
    dup2(in.get(), STDIN_FILENO);
    dup2(writers[0].get(), STDOUT_FILENO);
    dup2(writers[1].get(), STDERR_FILENO);
    execvpe(argument_pointers[0], argument_pointers.data(), variable_pointers.data());
    _exit(127);
  }
  for (File& writer : writers) writer.close();

  CommandResult result;
  std::array<std::string*, 2> texts{&result.out, &result.err};
  const auto deadline = Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(options.timeout_s * 1000));
  while (readers[0].get() >= 0 || readers[1].get() >= 0) {
    std::array<pollfd, 2> polls{{{readers[0].get(), POLLIN, 0}, {readers[1].get(), POLLIN, 0}}};
    const int ready = poll(polls.data(), polls.size(), milliseconds_until(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      kill(child, SIGKILL);
      break;
    }
    for (std::size_t i = 0; i < 2; ++i) {
      if (readers[i].get() < 0 || polls[i].revents == 0) continue;
      std::array<char, 65536> buffer{};
      const ssize_t n = read(readers[i].get(), buffer.data(), buffer.size());
      if (n > 0) texts[i]->append(buffer.data(), static_cast<std::size_t>(n));
      if (n == 0 || (n < 0 && errno != EINTR)) readers[i].close();
    }
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) give_up("waitpid");
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  note_messages(result);
  return result;
}

CommandResult run_alexnet(std::vector<std::string> args, const RunOptions& options) {
  args.insert(args.begin(), ALEXNET_BINARY);
  return run_command(args, options);
}

}  // namespace alexnet
