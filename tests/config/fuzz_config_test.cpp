// Thousands of damaged configurations: each one is read, or refused with an Error of the right kind in one line.
#include <fstream>
#include <random>
#include <sstream>

#include "config_fixture.hpp"
#include "support/reduced.hpp"

namespace alexnet {
namespace {

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  std::string mutate(std::string text) {
    const std::size_t times = 1 + below(4);
    for (std::size_t i = 0; i < times; ++i) mutate_once(text);
    return text;
  }
  std::size_t below(std::size_t n) { return n == 0 ? 0 : random_() % n; }

 private:
  void mutate_once(std::string& text) {
    static const std::vector<std::string> tokens{"[",
                                                 "]",
                                                 "{",
                                                 "}",
                                                 ":",
                                                 ": ",
                                                 ",",
                                                 "- ",
                                                 "? ",
                                                 "'",
                                                 "\"",
                                                 "#",
                                                 "\n",
                                                 "\n  ",
                                                 "|",
                                                 ">",
                                                 "&a ",
                                                 "*a",
                                                 "!!str ",
                                                 "!x ",
                                                 "<<: ",
                                                 "---\n",
                                                 "...\n",
                                                 "%YAML",
                                                 "\t",
                                                 "\r",
                                                 "null",
                                                 "~",
                                                 "true",
                                                 "yes",
                                                 "-1",
                                                 "0",
                                                 "1e5",
                                                 "1.0e+99",
                                                 ".inf",
                                                 ".nan",
                                                 "0x10",
                                                 "9999999999999999999",
                                                 "\\x00",
                                                 "\\u0041",
                                                 "\xff",
                                                 std::string(1, '\0'),
                                                 "name",
                                                 "type: relu",
                                                 "conv1",
                                                 "{0: 1, 3: 2}",
                                                 "[1, 2]",
                                                 "num_classes",
                                                 "auto",
                                                 "{{{{{{",
                                                 "[[[[[[[[",
                                                 "data:",
                                                 "model: ",
                                                 "file: x",
                                                 "remove: [conv1]",
                                                 "\xc3\xa4"};
    const std::size_t at = below(text.size() + 1);
    switch (below(6)) {
      case 0:
        text.insert(at, tokens[below(tokens.size())]);
        break;
      case 1:
        text.erase(at, 1 + below(20));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(random_());
        break;
      case 3: {  // a line or more again somewhere else
        const std::size_t from = below(text.size() + 1);
        text.insert(at, text.substr(from, 1 + below(120)));
        break;
      }
      case 4:
        text.resize(at);
        break;
      default: {  // one word for another
        const std::size_t end = text.find_first_of(" ,}\n]", at);
        text.replace(at, end == std::string::npos ? std::string::npos : end - at, tokens[below(tokens.size())]);
      }
    }
  }
  std::mt19937 random_;
};

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// True when it was read. Anything but an Error goes through and fails the test.
bool survives(const std::string& text, const std::vector<std::string>& sets) {
  try {
    const std::string dump = dump_config(parse_config(text, "fuzz.yaml", sets));
    EXPECT_EQ(dump_config(parse_config(dump, "dump.yaml")), dump) << text;
    return true;
  } catch (const Error& e) {
    const bool expected = e.code() == ExitCode::configuration || e.code() == ExitCode::command_line || e.code() == ExitCode::no_input;
    EXPECT_TRUE(expected) << e.what();
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << e.what();
    return false;
  }
}

TEST(FuzzConfig, DamagedFilesAreReadOrRefused) {
  Mutator mutator(1);
  std::vector<std::string> texts{kMinimal};
  for (const char* name : {"smoke", "alexnet", "cifar10_quick"}) texts.push_back(read(shipped_path(name)));
  texts.push_back(dump_config(load_config(shipped_path("smoke"), {})));
  const int times = reduced() ? 500 : 3000;
  int read_count = 0;
  for (int i = 0; i < times; ++i) {
    const std::string text = mutator.mutate(texts[static_cast<std::size_t>(i) % texts.size()]);
    ASSERT_NO_THROW(read_count += survives(text, {}) ? 1 : 0) << text;
  }
  EXPECT_GT(read_count, times / 20) << "the mutations are so hard that nothing is read any more";
  EXPECT_LT(read_count, times * 19 / 20);
}

TEST(FuzzConfig, DamagedSetsAreReadOrRefused) {
  Mutator mutator(2);
  const std::vector<std::string> sets{"model.layers.conv1.pad.right=2",
                                      "data.color_noise.std={0: 0.1, 67: 0}",
                                      "model.remove=[conv4, act4]",
                                      "schedule.learning_rate=0.02",
                                      "model.layers.act1.type=tanh",
                                      "model.defaults.bias.lr_mult=1",
                                      "data.limit=200",
                                      "model.layers.fc8.num_output=num_classes"};
  const std::string text = read(shipped_path("alexnet"));
  const int times = reduced() ? 200 : 1500;
  int read_count = 0;
  for (int i = 0; i < times; ++i) {
    const std::string& whole = sets[mutator.below(sets.size())];
    const std::size_t kept = i % 2 == 0 ? 0 : whole.find('=') + 1;  // every other one keeps its key
    const std::string set = whole.substr(0, kept) + mutator.mutate(whole.substr(kept));
    ASSERT_NO_THROW(read_count += survives(text, {set}) ? 1 : 0) << set;
  }
  EXPECT_GT(read_count, times / 20);
}

}  // namespace
}  // namespace alexnet
