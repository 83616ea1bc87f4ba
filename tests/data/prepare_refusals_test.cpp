// What prepare refuses, and what is left of it then.
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "data/prepare_fixture.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;
using PrepareRefusalsTest = PrepareTest;

TEST_F(PrepareRefusalsTest, NamesBadFilesAndLeavesNothing) {
  two_classes(5);
  const Bytes whole = encode_jpeg(smooth_picture(50, 50), 90);
  source_.write("cat/cut.jpg", text_of({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2)}));
  expect_error(ExitCode::bad_data, {"1 of 11 pictures", "--max-bad allows 0", "cat/cut.jpg: truncated JPEG"},
               [&] { prepare_dataset(options()); });
  expect_nothing_left();
  source_.write("cat/letter.jpg", "Dear reader,");
  source_.write("dog/empty.jpg", "");
  expect_error(ExitCode::bad_data, {"3 of 13 pictures", "cat/letter.jpg: a text file", "dog/empty.jpg: an empty file"},
               [&] { prepare_dataset(options()); });
  expect_nothing_left();
}

TEST_F(PrepareRefusalsTest, LeavesOutAsManyBadFilesAsAllowed) {
  two_classes(5);
  source_.write("cat/letter\t1.jpg", "Dear reader,");
  source_.write("dog/moving.gif", "GIF89a");
  PrepareOptions o = options();
  for (const char* enough : {"2", "17%"}) {
    o.max_bad = enough;
    o.out = out_ / fmt::format("enough {}", enough);
    EXPECT_EQ(prepare_dataset(o).manifest.num_bad_files, 2U);
    EXPECT_EQ(read_manifest(o.out).num_bad_files, 2U);
    std::set<std::string> reasons;
    std::istringstream lines(read_text_file(o.out + "/bad_files.jsonl"));
    for (std::string line; std::getline(lines, line);) reasons.insert(nlohmann::json::parse(line).at("reason"));
    EXPECT_EQ(reasons, (std::set<std::string>{"a text file", "GIF (not read: convert it to PNG)"}));
  }
  for (const char* too_little : {"1", "0", "16%"}) {
    o.max_bad = too_little;
    o.out = out_ / "too little";
    expect_error(ExitCode::bad_data, {"2 of 12 pictures"}, [&] { prepare_dataset(o); });
    EXPECT_FALSE(fs::exists(o.out));
  }
}

TEST_F(PrepareRefusalsTest, EveryClassNeedsAPictureThatCanBeRead) {
  two_classes(3);
  source_.write("eel/1.jpg", "text");
  PrepareOptions o = options();
  o.max_bad = "100%";
  expect_error(ExitCode::bad_data, {"class eel", "none of its training pictures could be read"}, [&] { prepare_dataset(o); });
  expect_nothing_left();
}

TEST_F(PrepareRefusalsTest, RefusesAnOutputThatExists) {
  two_classes(3);
  prepare_dataset(options());
  const auto before = all_files(out_ / "set");
  expect_error(ExitCode::output_exists, {"/set", "holds a data set already"}, [&] { prepare_dataset(options()); });
  EXPECT_EQ(all_files(out_ / "set"), before);

  PrepareOptions o = options();
  o.out = out_ / "other";
  out_.write("other/thesis.txt", "mine");
  expect_error(ExitCode::output_exists, {"/other", "not empty", "thesis.txt"}, [&] { prepare_dataset(o); });
  o.out = out_ / "other/thesis.txt";
  expect_error(ExitCode::output_exists, {"thesis.txt", "a file"}, [&] { prepare_dataset(o); });
  o.out = out_ / "other/thesis.txt/set";
  expect_error(ExitCode::io_failed, {"thesis.txt/set", "cannot be made"}, [&] { prepare_dataset(o); });
}

TEST_F(PrepareRefusalsTest, RemovesWhatAKilledRunLeft) {
  two_classes(3);
  out_.write("set/.partial/train-000007.tar", "half a shard");
  prepare_dataset(options());
  EXPECT_EQ(all_files(out_ / "set").count("train-000007.tar"), 0U);
  EXPECT_FALSE(fs::exists(out_ / "set/.partial"));
}

TEST_F(PrepareRefusalsTest, RefusesWrongOptions) {
  two_classes(3);
  const auto refused = [&](std::initializer_list<std::string> words, auto change) {
    PrepareOptions o = options();
    change(o);
    expect_error(ExitCode::command_line, words, [&] { prepare_dataset(o); });
  };
  for (const char* text : {"", "many", "-1", "1.5", "101%", "5 %", "%", "1e99", "nan", "2x"}) {
    refused({"--max-bad " + std::string(text)}, [&](PrepareOptions& o) { o.max_bad = text; });
  }
  refused({"--size 7"}, [](PrepareOptions& o) { o.size = 7; });
  refused({"--size -1"}, [](PrepareOptions& o) { o.size = -1; });
  refused({"--encoding png"}, [](PrepareOptions& o) { o.encoding = "png"; });
  refused({"--quality 0"}, [](PrepareOptions& o) { o.quality = 0; });
  refused({"--shard-mib 0"}, [](PrepareOptions& o) { o.shard_mib = 0; });
  refused({"--val-fraction 1"}, [](PrepareOptions& o) { o.val_fraction = 1; });
  refused({"--val-fraction nan"}, [](PrepareOptions& o) { o.val_fraction = std::nan(""); });
  refused({"--save-seconds -1"}, [](PrepareOptions& o) { o.save_seconds = -1; });
  refused({"--workers -1"}, [](PrepareOptions& o) { o.workers = -1; });
  refused({"OUT"}, [](PrepareOptions& o) { o.out = ""; });
  expect_nothing_left();
}

TEST_F(PrepareRefusalsTest, EveryClassNeedsATrainingPicture) {
  PrepareOptions o = options();
  o.source = "drawn:classes=4,train=2,val=4";
  expect_error(ExitCode::bad_data, {"drawn:classes=4,train=2,val=4: no training picture of class "}, [&] { prepare_dataset(o); });
}

TEST_F(PrepareRefusalsTest, RefusesOneClass) {
  picture("only/1.jpg");
  expect_error(ExitCode::bad_data, {"one class only ('only')"}, [&] { prepare_dataset(options()); });
  expect_nothing_left();
}

TEST_F(PrepareRefusalsTest, ChecksTheFreeSpaceFirst) {
  PrepareOptions o = options();
  o.source = "drawn:train=1000000,val=0";
  o.size = 1024;
  o.encoding = "raw";
  o.val_fraction = 0;
  const auto needed = 3.146e12;
  if (static_cast<double>(fs::space(out_.path()).available) > needed) GTEST_SKIP() << "more than 3 TB are free here";
  expect_error(ExitCode::io_failed, {"GiB are needed", "are free"}, [&] { prepare_dataset(o); });
  expect_nothing_left();
}

TEST_F(PrepareRefusalsTest, VerifyNamesDamage) {
  two_classes(20);
  PrepareOptions o = options();
  prepare_dataset(o);
  EXPECT_THAT(verify_dataset(o.out), testing::IsEmpty());
  std::string tar = read_text_file(o.out + "/train-000000.tar");
  tar[600] = static_cast<char>(tar[600] ^ 1);
  out_.write("set/train-000000.tar", tar);
  EXPECT_THAT(verify_dataset(o.out), testing::ElementsAre(testing::AllOf(testing::HasSubstr("train-000000.tar: its hash is "),
                                                                         testing::EndsWith("; damaged: 00000000"))));
  tar[600] = static_cast<char>(tar[600] ^ 1);
  tar[tar.size() - 1] = 1;  // behind the last picture
  out_.write("set/train-000000.tar", tar);
  EXPECT_THAT(verify_dataset(o.out), testing::ElementsAre(testing::EndsWith("; every picture in it is whole")));
  const std::string table = read_text_file(o.out + "/train.tsv");
  fs::remove(o.out + "/train.tsv");
  const auto no_table = testing::Eq("train.tsv: missing or not readable");
  EXPECT_THAT(verify_dataset(o.out), testing::ElementsAre(testing::HasSubstr("; which pictures cannot be told: "), no_table));
  out_.write("set/train-000000.tar", tar.substr(0, 1000));
  EXPECT_THAT(verify_dataset(o.out), testing::ElementsAre(testing::HasSubstr("train-000000.tar: 1000 bytes"), no_table));
  fs::remove(out_ / "set/val-000000.tar");
  out_.write("set/train.tsv", table);
  EXPECT_THAT(verify_dataset(o.out), testing::ElementsAre(testing::HasSubstr("train"), testing::HasSubstr("val-000000.tar: missing")));
  expect_error(ExitCode::no_input, {"dataset.json"}, [&] { verify_dataset(source_.path().string()); });
}

TEST_F(PrepareRefusalsTest, VerifyComparesWhatLiesBesideTheShards) {
  two_classes(20);
  source_.write("cat/bad.jpg", "a letter");
  PrepareOptions o = options();
  o.max_bad = "1";
  prepare_dataset(o);
  ASSERT_THAT(verify_dataset(o.out), testing::IsEmpty());
  const std::vector<std::string> names = {"bad_files.jsonl", "statistics.safetensors", "train-000000.idx", "train.tsv", "val.tsv"};
  for (const std::string& name : names) {
    const std::string content = read_text_file(o.out + "/" + name);
    std::string damaged = content;
    damaged.back() = static_cast<char>(damaged.back() ^ 1);
    out_.write("set/" + name, damaged);
    EXPECT_THAT(verify_dataset(o.out), testing::ElementsAre(testing::StartsWith(name + ": its hash is ")));
    out_.write("set/" + name, content);
  }
  fs::remove(o.out + "/train-000000.idx");
  EXPECT_THAT(verify_dataset(o.out), testing::IsEmpty()) << "an index may be deleted";

  out_.write("set/train.tsv", "not known");
  DatasetManifest older = read_manifest(o.out);
  older.files.clear();
  write_manifest(o.out, older);
  EXPECT_THAT(verify_dataset(o.out), testing::IsEmpty()) << "no hash, no damage";
}

TEST_F(PrepareRefusalsTest, VerifyFindsPicturesBesideAMissingShard) {
  two_classes(500);
  PrepareOptions o = options();
  o.shard_mib = 1;
  prepare_dataset(o);
  std::string tar = read_text_file(o.out + "/train-000001.tar");
  tar[600] = static_cast<char>(tar[600] ^ 1);
  out_.write("set/train-000001.tar", tar);
  fs::remove(o.out + "/train-000000.tar");
  const std::uint64_t first = read_manifest(o.out).splits.at("train").shards[0].num_samples;
  EXPECT_THAT(verify_dataset(o.out),
              testing::ElementsAre("train-000000.tar: missing or not readable", testing::EndsWith(fmt::format("; damaged: {:08}", first))));
}

}  // namespace
}  // namespace alexnet
