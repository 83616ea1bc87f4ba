// The devkit: what meta.mat and the ground truth say, and each way in which they can be wrong.
#include "data/devkit.hpp"

#include <random>

#include "data/imagenet_support.hpp"
#include "support/messages_seen.hpp"
#include "support/reduced.hpp"

namespace alexnet {
namespace {

using testing::ElementsAre;

std::vector<std::string> described(const std::vector<Synset>& synsets) {
  std::vector<std::string> result;
  for (const Synset& s : synsets) result.push_back(fmt::format("{} {} {}", s.ilsvrc_id, s.wnid, s.words));
  return result;
}

std::vector<Synset> read(const std::string& mat) {
  return read_synsets({reinterpret_cast<const std::uint8_t*>(mat.data()), mat.size()}, "meta.mat");
}

void expect_refusal(const std::string& mat, const std::vector<std::string>& words) {
  expect_error(ExitCode::bad_data, {"meta.mat: "}, [&] { read(mat); });
  expect_error(ExitCode::bad_data, words, [&] { read(mat); });
}

TEST(MetaMatTest, ReadsClassesWithoutChildren) {
  for (const bool compressed : {false, true})
    EXPECT_THAT(described(read(MiniatureImagenet::meta(compressed))),
                ElementsAre("1 n00000011 name 1, other name", "2 n00000012 name 2, other name", "3 n00000010 name 0, other name"));
}

TEST(MetaMatTest, ReadsEveryKindOfNumberAndText) {
  const auto number = [](std::uint32_t type, const std::string& data) { return mat_array(6, {1, 1}, "", mat_element(type, data)); };
  const std::string utf16 = raw(std::uint16_t{'n'}) + raw(std::uint16_t{0xe9}) + raw(std::uint16_t{0x20ac});
  std::vector<MatSynset> synsets;
  const std::vector<std::string> numbers = {number(1, raw(std::int8_t{7})),
                                            number(2, raw(std::uint8_t{7})),
                                            number(3, raw(std::int16_t{7})),
                                            number(4, raw(std::uint16_t{7})),
                                            number(5, raw(std::int32_t{7})),
                                            number(6, raw(std::uint32_t{7})),
                                            number(7, raw(7.0F)),
                                            number(9, raw(7.0)),
                                            number(12, raw(std::int64_t{7})),
                                            number(13, raw(std::uint64_t{7}))};
  for (const std::string& id : numbers) synsets.push_back({id, mat_text("n00000001"), mat_array(4, {1, 3}, "", mat_element(4, utf16))});
  synsets.push_back({mat_number(7), mat_text("n00000001"), mat_array(6, {0, 0}, "", mat_element(9, ""))});  // words = []
  std::vector<std::string> expected(numbers.size(), "7 n00000001 n\u00e9\u20ac");
  expected.emplace_back("7 n00000001 ");
  EXPECT_EQ(described(read(mat_file(mat_number(1) + mat_synsets(synsets)))), expected) << "another array stands before it";
}

TEST(MetaMatTest, RefusesOtherFiles) {
  expect_refusal("", {"no MATLAB 5 file", "fetch the devkit again"});
  expect_refusal("<html>" + std::string(200, ' '), {"no MATLAB 5 file"});
  std::string newer = MiniatureImagenet::meta();
  newer.replace(0, 10, "MATLAB 7.3");
  newer[125] = 2;
  expect_refusal(newer, {"saved as MATLAB 7.3"});
  expect_refusal(mat_file(""), {"no struct array `synsets` in it"});
  expect_refusal(mat_file(mat_number(1)), {"no struct array `synsets` in it"});
  expect_refusal(mat_file(mat_synsets({}, {"WNID", "words", "num_children"})), {"`synsets` has no field ILSVRC2012_ID"});
  expect_refusal(mat_file(mat_array(2, {1, 1}, "synsets", mat_element(5, "") + mat_element(1, ""))), {"without names of fields"});
}

TEST(MetaMatTest, RefusesDamage) {
  const std::string good = MiniatureImagenet::meta(false), packed = MiniatureImagenet::meta(true);
  expect_refusal(good.substr(0, good.size() - 100), {"cut short"});
  expect_refusal(packed.substr(0, packed.size() - 20), {"cut short"});
  std::string damaged = packed;
  damaged[packed.size() / 2] ^= 0x55;
  expect_refusal(damaged, {"its packed data are damaged"});
  expect_refusal(mat_file(mat_compressed(std::string(std::size_t{1} << 27, '\0'))), {"too large when unpacked"});
  expect_refusal(mat_file(raw(std::uint32_t{5 << 16 | 1}) + "abcd"), {"a small element of 5 bytes"});
  expect_refusal(mat_file(mat_element(14, mat_element(6, "12345678"))), {"cut short"});
  expect_refusal(mat_file(mat_element(14, mat_element(5, "12345678") + mat_element(5, "1") + mat_element(1, "a"))),
                 {"an array without flags, extents and name"});
  expect_refusal(mat_file(mat_array(2, {-1, 1}, "synsets", "")), {"an extent of -1"});
  expect_refusal(mat_file(mat_array(2, {1 << 30, 1 << 30}, "synsets", "")), {"more than 4 billion elements"});
}

TEST(MetaMatTest, RefusesWrongFields) {
  const auto refused = [](const MatSynset& wrong, const std::vector<std::string>& words) {
    expect_refusal(mat_file(mat_synsets({synset(1, "n00000001", "a"), wrong})), words);
  };
  const std::string wnid = mat_text("n00000002"), words = mat_text("b");
  refused({mat_text("2"), wnid, words}, {"synsets(2).ILSVRC2012_ID: no single number"});
  refused({mat_number(1.5), wnid, words}, {"synsets(2).ILSVRC2012_ID: 1.5 where a whole number is expected"});
  refused({mat_array(6, {1, 1}, "", mat_element(9, "1234")), wnid, words}, {"ILSVRC2012_ID: a number that is cut short"});
  refused({mat_array(6, {1, 1}, "", mat_element(16, "12345678")), wnid, words}, {"ILSVRC2012_ID: a number of type 16"});
  refused({mat_element(9, raw(2.0)), wnid, words}, {"ILSVRC2012_ID: an element of type 9 where an array is expected"});
  refused({mat_number(2), mat_number(2), words}, {"synsets(2).WNID: no text"});
  refused({mat_number(2), mat_array(4, {1, 1}, "", mat_element(9, raw(2.0))), words}, {"synsets(2).WNID: a text of type 9"});
  for (const char* id : {"", "n0000002", "n000000020", "m00000002", "n0000000x"})
    refused({mat_number(2), mat_text(id), words}, {"synsets(2).WNID is '" + std::string(id) + "', no WordNet id such as n01440764"});
}

// Whatever stands in the file: classes or an Error(bad_data).
TEST(MetaMatTest, SurvivesFuzzing) {
  std::mt19937 random(5);
  int read_well = 0, refused = 0;
  for (int i = 0; i < (reduced() ? 2000 : 20000); ++i) {
    std::string mat = MiniatureImagenet::meta(i % 4 == 0);
    for (unsigned n = random() % 4 + 1; n > 0; --n) {
      const std::size_t at = 128 + random() % (mat.size() - 128);
      mat[at] = random() % 2 == 0 ? static_cast<char>(mat[at] ^ 1 << random() % 8) : static_cast<char>(random());
    }
    try {
      read(mat);
      ++read_well;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::bad_data) << e.what();
      ++refused;
    }
  }
  EXPECT_GT(read_well, 100);
  EXPECT_GT(refused, 100);
}

class DevkitTest : public testing::Test {
 protected:
  std::string archive(const std::string& meta, const std::string& ground_truth) {
    return folder_.write("ILSVRC2012_devkit_t12.tar.gz", devkit_tgz(meta, ground_truth));
  }
  static std::string meta(const std::vector<MatSynset>& synsets) { return mat_file(mat_synsets(synsets)); }
  static void expect_refusal(const std::string& path, const std::vector<std::string>& words, ExitCode code = ExitCode::bad_data) {
    expect_error(code, words, [&] { read_devkit(path); });
  }
  TemporaryFolder folder_;
};

TEST_F(DevkitTest, ReadsTheArchiveAndTheFolder) {
  const MiniatureImagenet miniature(folder_);
  miniature.write_devkit();
  miniature.write_devkit_folder();
  for (const char* name : {"ILSVRC2012_devkit_t12.tar.gz", "ILSVRC2012_devkit_t12"}) {
    const Devkit devkit = read_devkit(folder_ / name);
    EXPECT_THAT(described(devkit.classes),
                ElementsAre("1 n00000011 name 1, other name", "2 n00000012 name 2, other name", "3 n00000010 name 0, other name"));
    EXPECT_THAT(devkit.val_wnid, ElementsAre("n00000011", "n00000010", "n00000012", "n00000012", "n00000011", "n00000010")) << name;
    EXPECT_EQ(devkit.ground_truth, folder_ / std::string(name) + "/data/ILSVRC2012_validation_ground_truth.txt");
  }
}

// libarchive warns of a name that the locale has no letters for; the contents are whole.
TEST_F(DevkitTest, AWarningIsNoDamage) {
  const std::string path = "ILSVRC2012_devkit_t12/\u00e9.txt", record = fmt::format("{} path={}\n", 9 + path.size(), path);
  const std::string tar =
      tar_member("name", record, 'x') + tar_member("e.txt", "letters") + tar_member("name", record, 'x') + tar_member("e.txt", "letters") +
      tar_of({{"ILSVRC2012_devkit_t12/data/meta.mat", MiniatureImagenet::meta()},
              {"ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt", MiniatureImagenet::ground_truth()}});
  const std::string archive = folder_.write("ILSVRC2012_devkit_t12.tar.gz", deflated(tar, true));
  testing::internal::CaptureStderr();
  EXPECT_EQ(read_devkit(archive).val_wnid.size(), 6U);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, testing::StartsWith("warning: " + archive + ": "));
  note_message_seen(0, said.substr(0, said.find('\n')));
  EXPECT_EQ(std::ranges::count(said, '\n'), 1) << said;
}

TEST_F(DevkitTest, IsFoundHereAndInTheParent) {
  std::filesystem::create_directories(folder_ / "pictures/deep");
  EXPECT_EQ(find_devkit(folder_ / "pictures"), "");
  MiniatureImagenet(folder_).write_devkit();
  EXPECT_EQ(find_devkit(folder_.path()), folder_ / "ILSVRC2012_devkit_t12.tar.gz");
  EXPECT_EQ(find_devkit(folder_ / "pictures"), folder_ / "ILSVRC2012_devkit_t12.tar.gz");
  EXPECT_EQ(find_devkit(folder_ / "pictures/"), folder_ / "ILSVRC2012_devkit_t12.tar.gz");
  EXPECT_EQ(find_devkit(folder_ / "pictures/deep"), "");
}

TEST_F(DevkitTest, RefusesWrongClasses) {
  expect_refusal(archive(meta({synset(1, "n00000001", "a"), synset(1, "n00000002", "b")}), "1\n"), {"two classes have the ILSVRC id 1"});
  expect_refusal(archive(meta({synset(1, "n00000001", "a"), synset(2, "n00000001", "b")}), "1\n"),
                 {"data/meta.mat: two classes have the WordNet id n00000001"});
  expect_refusal(archive(meta({{mat_number(1), mat_text("n00000001"), mat_text("a"), mat_number(4)}}), "1\n"),
                 {"no class in `synsets`: none without children"});
  EXPECT_EQ(read_devkit(archive(meta({synset(1, "n00000001", "same"), synset(2, "n00000002", "same")}), "1\n")).classes.size(), 2U);
}

TEST_F(DevkitTest, RefusesWrongGroundTruth) {
  const std::string two = meta({synset(1, "n00000001", "a"), synset(2, "n00000002", "b")});
  for (const std::string wrong : {"3", "0", "-1", "1 2", "n00000001", "1.0", "99999999999999999999"})
    expect_refusal(archive(two, "2\r\n" + wrong + "\n1\n"),
                   {"ILSVRC2012_validation_ground_truth.txt:2: '" + wrong + "' is no ILSVRC id of a class in meta.mat (1 to 2)"});
  expect_refusal(archive(two, "2\n\n1\n"), {"ILSVRC2012_validation_ground_truth.txt:3: a blank line before this one"});
}

TEST_F(DevkitTest, RefusesWhatIsNoDevkit) {
  const std::string whole = devkit_tgz(MiniatureImagenet::meta(), MiniatureImagenet::ground_truth());
  const std::string path = folder_.write("ILSVRC2012_devkit_t12.tar.gz", whole.substr(0, whole.size() / 2));
  expect_refusal(path, {"ILSVRC2012_devkit_t12.tar.gz: damaged or cut short", "fetch it again"});
  folder_.write("ILSVRC2012_devkit_t12.tar.gz", "<html>not found</html>");
  expect_refusal(path, {"damaged or cut short: Unrecognized archive format"});
  folder_.write("ILSVRC2012_devkit_t12.tar.gz", deflated(tar_of({{"data/meta.mat", MiniatureImagenet::meta()}}), true));
  expect_refusal(path, {"no data/ILSVRC2012_validation_ground_truth.txt in it"}, ExitCode::no_input);
  folder_.write("ILSVRC2012_devkit_t12/readme.txt", "");
  expect_refusal(folder_ / "ILSVRC2012_devkit_t12", {"no data/meta.mat in it", "fetch ILSVRC2012_devkit_t12.tar.gz again"},
                 ExitCode::no_input);
  folder_.write("ILSVRC2012_devkit_t12.tar.gz", deflated(tar_of({{"data/meta.mat", std::string((1 << 26) + 1, 'x')}}), true));
  expect_refusal(path, {"data/meta.mat has 67108865 bytes, 67108864 at most"});
  std::string huge = tar_member("data/film.avi", "");
  huge.replace(124, 12, "20000000000" + std::string(1, '\0'));  // 2 GiB, said by the header alone
  huge.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : huge) sum += static_cast<unsigned char>(c);
  huge.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  folder_.write("ILSVRC2012_devkit_t12.tar.gz", deflated(huge, true));
  expect_refusal(path, {"more than 1073741824 bytes in it: no devkit"});
}

}  // namespace
}  // namespace alexnet
