// PyYAML reads the same tree from our files as we do.
#include <fstream>
#include <sstream>

#include "config/scalar.hpp"
#include "config/tree.hpp"
#include "config_fixture.hpp"
#include "support/run_command.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

constexpr const char* kPython = "/usr/bin/python3";

// Prints a tree with the type of every value: floats by their bits, so that 1, 1.0, true and "1" all differ.
constexpr const char* kScript = R"(
import sys, yaml
def show(x):
    if isinstance(x, dict): return '{' + ','.join(show(k) + ':' + show(v) for k, v in x.items()) + '}'
    if isinstance(x, list): return '[' + ','.join(map(show, x)) + ']'
    if isinstance(x, float): return 'float ' + x.hex()
    if isinstance(x, bool): return 'bool ' + str(x).lower()
    if isinstance(x, int): return 'int %d' % x
    if isinstance(x, str): return 'text ' + x
    if x is None: return 'null'
    return type(x).__name__
for path in sys.argv[1:]:
    print(show(yaml.safe_load(open(path, encoding='utf-8'))))
)";

// Python's float.hex.
std::string hex(double value) {
  if (value == 0) return "0x0.0p+0";
  char text[64];
  std::snprintf(text, sizeof text, "%.13a", value);
  return text;
}

std::string show_scalar(const std::string& text, bool quoted) {
  if (quoted) return "text " + text;
  if (text == "true" || text == "false") return "bool " + text;
  if (text == "null" || text == "~") return "null";
  if (is_integer(text)) return "int " + std::to_string(parse_int64(text).value());
  if (const auto number = parse_number(text)) return "float " + hex(*number);
  return is_ambiguous_text(text) ? "ambiguous " + text : "text " + text;
}

std::string show(const Tree& tree) {
  std::string text;
  switch (tree.kind) {
    case Tree::Kind::null:
      return "null";
    case Tree::Kind::scalar:
      return show_scalar(tree.text, tree.quoted);
    case Tree::Kind::sequence:
      for (const Tree& item : tree.items) text += (text.empty() ? "" : ",") + show(item);
      return "[" + text + "]";
    case Tree::Kind::map:
      for (const Tree::Entry& entry : tree.entries)
        text += (text.empty() ? "" : ",") + show_scalar(entry.key, false) + ":" + show(entry.value);
      return "{" + text + "}";
  }
  return text;
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void expect_same_trees(const std::vector<std::string>& paths) {
  if (run_command({kPython, "-c", "import yaml"}).exit_code != 0) GTEST_SKIP() << "no " << kPython << " with the module yaml";
  std::vector<std::string> command{kPython, "-c", kScript};
  command.insert(command.end(), paths.begin(), paths.end());
  const CommandResult python = run_command(command);
  ASSERT_EQ(python.exit_code, 0) << python.err;
  std::istringstream lines(python.out);
  for (const std::string& path : paths) {
    std::string line;
    std::getline(lines, line);
    EXPECT_EQ(line, show(parse_tree(read(path), path))) << path;
  }
}

TEST(PythonTree, OfTheShippedConfigsIsOurs) {
  std::vector<std::string> paths;
  for (const std::string& name : shipped_configs()) paths.push_back(shipped_path(name));
  expect_same_trees(paths);
}

TEST(PythonTree, OfTheirDumpsIsOurs) {
  const TemporaryFolder folder;
  std::vector<std::string> paths;
  for (const std::string& name : shipped_configs())
    paths.push_back(folder.write(name + ".yaml", dump_config(load_config(shipped_path(name), {}))));
  expect_same_trees(paths);
}

TEST(PythonTree, OfAwkwardValuesIsOurs) {
  const TemporaryFolder folder;
  Config config = parse_config(kMinimal, "t",
                               {"schedule.learning_rate=1.25e-7", "train.epochs=1000000", "checkpoint.every_minutes=0.30000000000000004"});
  std::vector<std::string> paths;
  for (const char* text : {"2012", "a: b", "yes", "null", "it's \"so\" \\ #1", "d\xc3\xa4t\xc3\xa4", "1:30", "2012-09-30", "5e-4", "...",
                           "=", ".5", "0o7", "0b1", " x "}) {
    config.data.path = text;
    paths.push_back(folder.write(std::to_string(paths.size()) + ".yaml", dump_config(config)));
  }
  expect_same_trees(paths);
}

}  // namespace
}  // namespace alexnet
