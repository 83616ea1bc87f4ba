// Tars in every dialect, and each way in which one can be damaged.
#include "data/tar_walk.hpp"

#include <cstring>

#include "data/imagenet_support.hpp"

namespace alexnet {
namespace {

using testing::ElementsAre;

std::string with_checksum(std::string tar) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < kTarBlock; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(tar[i]);
  tar.replace(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return tar;
}

std::string with_field(std::string tar, std::size_t at, const std::string& value) {
  tar.replace(at, value.size(), value);
  return with_checksum(tar);
}

std::string pax(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) ++length;
  return tar_member("PaxHeaders/x", std::to_string(length) + rest, 'x');
}

struct Found {
  std::vector<std::string> files;  // "name=content"
  std::vector<std::string> others;
  bool has_end_mark = false;
};

Found walked(const std::string& tar) {
  TarWalk walk([&](std::uint64_t offset, std::uint8_t* to, std::size_t count) { std::memcpy(to, tar.data() + offset, count); }, 0,
               tar.size(), "a.tar", "fetch it again");
  Found found;
  for (TarMember member; walk.next(member);) {
    EXPECT_LE(member.offset + member.bytes, tar.size());
    if (member.is_file) found.files.push_back(member.name + "=" + tar.substr(member.offset, member.bytes));
    if (!member.is_file) found.others.push_back(member.name);
  }
  found.has_end_mark = walk.has_end_mark();
  return found;
}

void expect_refusal(const std::string& tar, const std::vector<std::string>& words) {
  expect_error(ExitCode::bad_data, words, [&] { walked(tar); });
}

TEST(TarWalkTest, ReadsUstar) {
  const std::string prefixed = with_field(tar_member("b.jpg", "two"), 345, "some/folder");
  const Found found = walked(tar_member("folder/", "", '5') + tar_member("a.jpg", "one") + prefixed + kTarEnd);
  EXPECT_THAT(found.files, ElementsAre("a.jpg=one", "some/folder/b.jpg=two"));
  EXPECT_THAT(found.others, ElementsAre("folder/"));
  EXPECT_TRUE(found.has_end_mark);
}

TEST(TarWalkTest, ReadsGnu) {
  const std::string name = std::string(180, 'd') + "/a.jpg";
  // A GNU header has times where ustar has the prefix of the name.
  const std::string times = with_field(with_field(tar_member("b.jpg", "two"), 257, "ustar  "), 345, "14567654321");
  std::string large_size = tar_member("c.jpg", "three");
  large_size = with_field(large_size, 124, std::string("\x80\0\0\0\0\0\0\0\0\0\0\5", 12));
  const Found found = walked(tar_member("././@LongLink", name + '\0', 'L') + tar_member("cut", "one") + times + large_size + kTarEnd);
  EXPECT_THAT(found.files, ElementsAre(name + "=one", "b.jpg=two", "c.jpg=three"));
}

TEST(TarWalkTest, ReadsPax) {
  std::string no_size = with_field(tar_member("a.jpg", "one!"), 124, "00000000000");
  const std::string global = tar_member("x", "30 comment=a tar of all sorts\n", 'g');
  const Found found = walked(global + pax("path", "long/a.jpg") + pax("size", "4") + no_size + tar_member("b.jpg", "two") + kTarEnd);
  EXPECT_THAT(found.files, ElementsAre("long/a.jpg=one!", "b.jpg=two"));
}

TEST(TarWalkTest, ReadsTheOldestForm) {
  const std::string old = with_field(with_field(tar_member("a.jpg", "one"), 257, std::string(8, '\0')), 156, std::string(1, '\0'));
  EXPECT_THAT(walked(old + kTarEnd).files, ElementsAre("a.jpg=one"));
}

TEST(TarWalkTest, LinksHaveNoContents) {
  const std::string link = with_field(tar_member("a.jpg", "", '1'), 124, "00000000777");
  const Found found = walked(link + tar_member("b.jpg", "two"));
  EXPECT_THAT(found.others, ElementsAre("a.jpg"));
  EXPECT_THAT(found.files, ElementsAre("b.jpg=two"));
  EXPECT_FALSE(found.has_end_mark);
}

TEST(TarWalkTest, RefusesDamage) {
  const std::string good = tar_member("a.jpg", std::string(700, 'x'));
  expect_refusal(std::string(600, 'x'), {"a.tar: no tar header at byte 0; fetch it again"});
  expect_refusal(good + std::string(512, 'x'), {"a.tar: no tar header at byte 1536"});
  expect_refusal(with_field(good, 124, "9"), {"a.tar: tar header at byte 0: no size"});
  expect_refusal(with_field(good, 124, std::string("\x80\1\0\0\0\0\0\0\0\0\0\5", 12)), {"tar header at byte 0: no size"});
  expect_refusal(with_field(good, 124, "\xff"), {"tar header at byte 0: no size"});
  expect_refusal(good.substr(0, 1000), {"tar header at byte 0: 700 bytes run past the end at byte 1000: cut short"});
  expect_refusal(with_field(good, 124, std::string("\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 12)), {"run past the end"});
  expect_refusal(pax("size", "18446744073709551615") + good, {"18446744073709551615 bytes run past the end"});
  expect_refusal(tar_member("x", std::string((1 << 20) + 1, 'x'), 'x'), {"an extension of 1048577 bytes, 1048576 at most"});
}

TEST(TarWalkTest, RefusesDamagedExtensions) {
  for (const char* record : {"x", "9", "99 path=a\n", "10 path=ab", "11pathh=ab\n", "3 =\n", "0 path=ab\n", "7 path\n=", "-1 path=a\n"})
    expect_refusal(tar_member("x", record, 'x') + tar_member("a.jpg", "one"), {"a.tar: the tar's extended header at byte 0 is damaged"});
  expect_refusal(pax("size", "many") + tar_member("a.jpg", "one"), {"extended header at byte 0: no size 'many'"});
}

TEST(TarWalkTest, RefusesNamesThatLeadOutside) {
  for (const std::string name : {"../a.jpg", "some/../../a.jpg", "/etc/passwd", ".."})
    expect_refusal(tar_member(name, "one"),
                   {"tar header at byte 0: the member is called '" + name + "'", "absolute names and .. are refused"});
  expect_refusal(pax("path", "../\n.jpg") + tar_member("a.jpg", "one"), {"at byte 1024", "called '../\\n.jpg'"});
  EXPECT_THAT(walked(tar_member("a..b/..c.jpg", "one")).files, ElementsAre("a..b/..c.jpg=one"));
}

TEST(TarWalkTest, RefusesFilesWithHoles) {
  expect_refusal(tar_member("a.jpg", "one", 'S'), {"tar header at byte 0: a.jpg is stored with holes"});
  expect_refusal(pax("GNU.sparse.major", "1") + tar_member("a.jpg", "one"), {"a.jpg is stored with holes", "--sparse"});
}

}  // namespace
}  // namespace alexnet
