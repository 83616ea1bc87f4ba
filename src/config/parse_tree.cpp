// YAML text -> Tree, from the parser's stream of events: limits are checked while the document is read, and both halves of a
// doubled key are seen.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "alexnet/core/error.hpp"
#include "config/tree.hpp"

namespace alexnet {
namespace {

// A comment with a byte that no document may hold, put behind the document's end: an open quote swallows it, which the parser itself
// does not mind.
constexpr const char* kEnd = "#\x01";

int count_nodes(const Tree& tree) {
  int count = 1;
  for (const Tree& item : tree.items) count += count_nodes(item);
  for (const Tree::Entry& entry : tree.entries) count += 1 + count_nodes(entry.value);
  return count;
}

int depth_of(const Tree& tree) {
  int depth = 0;
  for (const Tree& item : tree.items) depth = std::max(depth, depth_of(item));
  for (const Tree::Entry& entry : tree.entries) depth = std::max(depth, depth_of(entry.value));
  return depth + 1;
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const std::string> origin, bool has_lines) : origin_(std::move(origin)), has_lines_(has_lines) {}

  Tree take() { return root_ ? std::move(*root_) : node(Tree::Kind::null, YAML::Mark::null_mark()); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (root_) reject(mark, "a second document begins; a configuration is one YAML document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, node(Tree::Kind::null, mark), anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto target = anchors_.find(anchor);
    if (target == anchors_.end()) reject(mark, "an alias stands inside the node that it names");
    count(mark, count_nodes(target->second));
    check_depth(mark, depth_of(target->second));
    add(mark, target->second, YAML::NullAnchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    if (tag != "!") check_tag(mark, tag);
    if (value.find(kEnd) != std::string::npos) reject(mark, "not valid YAML: a quote is opened here and not closed");
    Tree scalar = node(Tree::Kind::scalar, mark);
    scalar.text = value;
    scalar.quoted = tag == "!";
    add(mark, std::move(scalar), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(Tree::Kind::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(Tree::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  [[noreturn]] void reject(const YAML::Mark& mark, const std::string& message) const {
    Tree here;
    here.origin = origin_;
    here.line = line_of(mark);
    fail(ExitCode::configuration, "{}: {}", here.where(), message);
  }

 private:
  struct Frame {
    Tree tree;
    YAML::Mark mark;
    YAML::anchor_t anchor;
    std::optional<Tree> key;  // of a map: the value comes next
  };

  int line_of(const YAML::Mark& mark) const { return has_lines_ && !mark.is_null() ? mark.line + 1 : 0; }
  Tree node(Tree::Kind kind, const YAML::Mark& mark) const {
    Tree tree;
    tree.kind = kind;
    tree.origin = origin_;
    tree.line = line_of(mark);
    return tree;
  }
  void count(const YAML::Mark& mark, int more) {
    num_nodes_ += more;
    if (num_nodes_ > kMaxTreeNodes)
      reject(mark, fmt::format("more than {} nodes (aliases count each time); no configuration is that large", kMaxTreeNodes));
  }
  void check_depth(const YAML::Mark& mark, int more) const {
    if (static_cast<int>(frames_.size()) + more > kMaxTreeDepth) reject(mark, fmt::format("nested deeper than {} levels", kMaxTreeDepth));
  }
  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?")
      reject(mark, fmt::format("the tag {} is not part of the configuration language; write the plain value", tag));
  }
  void open(Tree::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(mark, tag);
    check_depth(mark, 1);
    frames_.push_back({node(kind, mark), mark, anchor, std::nullopt});
  }
  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    add(frame.mark, std::move(frame.tree), frame.anchor);
  }
  void add(const YAML::Mark& mark, Tree value, YAML::anchor_t anchor) {
    count(mark, 1);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = value;
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.tree.kind == Tree::Kind::sequence) {
      frame.tree.items.push_back(std::move(value));
    } else if (frame.key) {
      frame.tree.entries.push_back({std::move(frame.key->text), frame.key->line, std::move(value)});
      frame.key.reset();
    } else {
      check_key(mark, frame.tree, value);
      frame.key = std::move(value);
    }
  }
  void check_key(const YAML::Mark& mark, const Tree& map, const Tree& key) const {
    if (key.kind != Tree::Kind::scalar) reject(mark, fmt::format("a key must be a word, not {}", describe_node(key)));
    if (key.text == "<<" && !key.quoted) reject(mark, "merge keys (<<) are not part of the configuration language; write the keys out");
    for (const Tree::Entry& entry : map.entries) {
      if (entry.key != key.text) continue;
      if (!has_lines_) reject(mark, fmt::format("key {} is given twice in the same block", key.text));
      reject(mark, fmt::format("key {} is given twice in the same block, first in line {}", key.text, entry.line));
    }
  }

  std::shared_ptr<const std::string> origin_;
  bool has_lines_;
  int num_nodes_ = 0;
  std::optional<Tree> root_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Tree> anchors_;  // complete nodes only: an alias inside its own node finds nothing
};

// The line of the first byte that is no text that every YAML reader takes alike (UTF-8 without control characters and without the line
// ends that only some readers know, a lone carriage return among them); 0 when there is none.
int line_of_bad_byte(const std::string& text) {
  int line = 1;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      if (byte == 0x7f || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r')) return line;
      if (byte == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return line;
      line += byte == '\n' ? 1 : 0;
      ++i;
      continue;
    }
    const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    if (byte < 0xc2 || byte > 0xf4 || i + length > text.size()) return line;
    std::uint32_t code = byte & (0x7fU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0U) != 0x80U) return line;
      code = code << 6U | (next & 0x3fU);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool unprintable = code < 0xa0 || (code >= 0xd800 && code < 0xe000) || code == 0xfffe || code == 0xffff || code > 0x10ffff;
    if (overlong || unprintable || code == 0x2028 || code == 0x2029) return line;
    i += length;
  }
  return 0;
}

// The first line that a tab indents, which some readers take for spaces and others refuse; 0 when there is none.
int line_of_tab_indent(const std::string& text) {
  int line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const std::size_t first = text.find_first_not_of(" -", begin);
    if (first != std::string::npos && text[first] == '\t') return line;
    const std::size_t end = text.find('\n', begin);
    begin = end == std::string::npos ? text.size() : end + 1;
  }
  return 0;
}

}  // namespace

Tree parse_tree(const std::string& yaml, const std::string& origin, bool has_lines) {
  TreeBuilder builder(std::make_shared<const std::string>(origin), has_lines);
  if (yaml.size() > kMaxConfigBytes) {
    builder.reject(YAML::Mark::null_mark(), fmt::format("{} bytes; a configuration has at most {}", yaml.size(), kMaxConfigBytes));
  }
  if (const int line = line_of_bad_byte(yaml)) {
    builder.reject(YAML::Mark::null_mark(), fmt::format("line {} holds a byte that is not text (UTF-8 without control characters)", line));
  }
  if (const int line = line_of_tab_indent(yaml)) {
    builder.reject(YAML::Mark::null_mark(), fmt::format("line {} is indented with a tab; use spaces", line));
  }
  if (yaml.starts_with('%') || yaml.find("\n%") != std::string::npos) {
    builder.reject(YAML::Mark::null_mark(), "a line begins with %; YAML directives are not part of the configuration language");
  }
  try {
    std::istringstream stream(yaml + "\n" + kEnd + "\n");
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) continue;
  } catch (const YAML::Exception& e) {
    builder.reject(e.mark, fmt::format("not valid YAML: {}", e.msg));
  }
  return builder.take();
}

}  // namespace alexnet
