#include "config/tree.hpp"

#include "config_fixture.hpp"

namespace alexnet {
namespace {

void expect_rejected(const std::string& yaml, const std::vector<std::string>& words) {
  SCOPED_TRACE(yaml.size() < 2000 ? yaml : "(long)");
  expect_error(ExitCode::configuration, words, [&] { parse_tree(yaml, "bad.yaml"); });
}

TEST(ParseTree, KeepsOrderTextAndLines) {
  const Tree tree = parse_tree("b: 1\na:\n  - x\n  - 'y'\nc: {d: ~}\n", "f.yaml");
  ASSERT_EQ(tree.entries.size(), 3U);
  EXPECT_EQ(tree.entries[0].key, "b");
  EXPECT_EQ(tree.entries[1].key, "a");
  EXPECT_EQ(tree.find("b")->where(), "f.yaml:1");
  const Tree& list = *tree.find("a");
  ASSERT_EQ(list.items.size(), 2U);
  EXPECT_FALSE(list.items[0].quoted);
  EXPECT_TRUE(list.items[1].quoted);
  EXPECT_EQ(list.items[1].where(), "f.yaml:4");
  EXPECT_EQ(tree.find("c")->find("d")->kind, Tree::Kind::null);
  EXPECT_EQ(tree.find("e"), nullptr);
}

TEST(ParseTree, CopiesAliases) {
  const Tree tree = parse_tree("a: &x {b: 1}\nc: *x\n", "f.yaml");
  EXPECT_EQ(tree.find("c")->find("b")->text, "1");
}

TEST(ParseTree, EmptyTextIsNull) { EXPECT_EQ(parse_tree("# nothing\n", "f.yaml").kind, Tree::Kind::null); }

TEST(ParseTree, RefusesWhatIsNoYaml) {
  expect_rejected("a: [1, 2\nb: 3\n", {"bad.yaml:", "not valid YAML"});
  expect_rejected("a: 'open\n", {"bad.yaml:", "not valid YAML"});
  expect_rejected("a: *nowhere\n", {"bad.yaml:1", "not valid YAML"});
}

TEST(ParseTree, RefusesDoubledKeys) {
  expect_rejected("a: 1\nb: 2\na: 3\n", {"bad.yaml:3", "key a is given twice", "first in line 1"});
  expect_rejected("x: {crop: 1, 'crop': 2}\n", {"bad.yaml:1", "key crop is given twice"});
}

TEST(ParseTree, RefusesMergeKeysTagsAndSecondDocuments) {
  expect_rejected("a: &x {b: 1}\nc: {<<: *x}\n", {"bad.yaml:2", "merge keys"});
  expect_rejected("a: !!int '5'\n", {"bad.yaml:1", "tag", "plain value"});
  expect_rejected("a: !thing {b: 1}\n", {"bad.yaml:1", "tag"});
  expect_rejected("a: 1\n---\nb: 2\n", {"bad.yaml:", "second document"});
  expect_rejected("a: 1\n%YAML 1.2\n", {"bad.yaml", "begins with %"});
  expect_rejected("a:\n\tb: 2\n", {"bad.yaml", "line 2 is indented with a tab"});
  expect_rejected("a:\n  -\t{b: 2}\n", {"line 2 is indented with a tab"});
  expect_rejected("? [a, b]\n: 1\n", {"bad.yaml:1", "a key must be a word, not a list"});
}

TEST(ParseTree, RefusesBytesThatAreNoText) {
  expect_rejected(std::string("a: 1\nb: \0x\n", 11), {"line 2", "not text"});
  expect_rejected("a: \x01\n", {"line 1", "not text"});
  expect_rejected("a: 1\n# b\rc: 3\n", {"line 2", "not text"});
  EXPECT_EQ(parse_tree("a: 1\r\nb: 2\r\n", "f").find("b")->text, "2");
  for (const char* bytes :
       {"\xff", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc2\x85", "\xe2\x80\xa8", "\xf0\x9f\x98"}) {
    expect_rejected("ok: 1\nx: '" + std::string(bytes) + "'\n", {"line 2", "not text"});
  }
  EXPECT_EQ(parse_tree("x: 'd\xc3\xa4t\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80'\n", "f").find("x")->text,
            "d\xc3\xa4t\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
}

TEST(ParseTree, RefusesHostileSizes) {
  expect_rejected("a: " + std::string(std::size_t{1} << 20, 'x'), {"bad.yaml", "1048579 bytes", "at most 1048576"});
  expect_rejected(std::string(200, '['), {"bad.yaml:1", "deeper than 32"});
  expect_rejected(std::string(1000000, '['), {"bad.yaml:1", "deeper than 32"});
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  expect_rejected(deep, {"deeper than 32"});
  std::string many = "a: [0";
  for (int i = 0; i < 30000; ++i) many += ",0";
  expect_rejected(many + "]\n", {"bad.yaml:1", "more than 20000 nodes"});
}

TEST(ParseTree, RefusesAliasBombs) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    bomb += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  }
  expect_rejected(bomb, {"bad.yaml:", "more than 20000 nodes"});
  std::string tower = "a0: &a0 [x]\n";
  for (int i = 1; i < 60; ++i) tower += fmt::format("a{0}: &a{0} [*a{1}]\n", i, i - 1);
  expect_rejected(tower, {"deeper than 32"});
}

TEST(ParseTree, RefusesAliasesInsideTheirOwnNode) {
  expect_rejected("a: &x [1, *x]\n", {"bad.yaml:1", "inside the node that it names"});
  expect_rejected("&x a: {b: &y {c: *y}}\n", {"bad.yaml:1", "inside the node that it names"});
}

}  // namespace
}  // namespace alexnet
