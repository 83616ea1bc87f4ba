#include <cmath>
#include <limits>

#include "io/io_fixture.hpp"
#include "support/limits.hpp"

namespace alexnet {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

using SafetensorsTest = IoTest;

const std::string kEntryA = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
const std::string kEightBytes(8, '\1');

TEST_F(SafetensorsTest, ReadsBackWhatItWrote) {
  CountingTensors tensors;
  tensors.add("conv1.weight", {3, 2, 2, 1});
  tensors.add("conv1.bias", {3});
  tensors.add("nothing", {0, 4});
  tensors.add("scalar", {});
  tensors.add("a \"quoted\"\n name", {2});
  write_safetensors(path("f"), tensors.entries(), {{"format", "pt"}, {"alexnet", "{\"step\": 3}"}});

  const SafetensorsFile file(path("f"));
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.metadata().at("alexnet"), "{\"step\": 3}");
  EXPECT_EQ(file.metadata().at("data_xxh3_128").size(), 32U);
  EXPECT_EQ(file.metadata().size(), 3U);
  EXPECT_THAT(file.names(), ElementsAre("conv1.weight", "conv1.bias", "nothing", "scalar", "a \"quoted\"\n name"));
  EXPECT_FALSE(file.has("conv2.weight"));
  for (const auto& [name, tensor] : tensors.entries()) {
    ASSERT_TRUE(file.has(name));
    EXPECT_EQ(file.shape(name), tensor.shape());
    EXPECT_EQ(file.read_f32(name), std::vector<float>(tensor.data<float>(), tensor.data<float>() + tensor.count())) << name;
  }
  EXPECT_EQ(num_files(), 1U) << "a temporary file was left";
}

TEST_F(SafetensorsTest, KeepsEveryBitPattern) {
  std::vector<float> values = {0.0F, -0.0F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(),
                               std::numeric_limits<float>::denorm_min()};
  write_safetensors(path("f"), {{"x", Tensor(values.data(), {5}, DType::f32)}}, {});
  const std::vector<float> read = SafetensorsFile(path("f")).read_f32("x");
  ASSERT_EQ(read.size(), values.size());
  EXPECT_EQ(std::memcmp(read.data(), values.data(), values.size() * sizeof(float)), 0);
}

TEST_F(SafetensorsTest, SameArgumentsSameBytes) {
  CountingTensors tensors;
  tensors.add("b", {5});
  tensors.add("a", {2, 2});
  write_safetensors(path("first"), tensors.entries(), {{"z", "1"}, {"a", "2"}});
  write_safetensors(path("second"), tensors.entries(), {{"a", "2"}, {"z", "1"}});
  EXPECT_EQ(read_text_file(path("first")), read_text_file(path("second")));
}

TEST_F(SafetensorsTest, WritesNothingAtAllAndMetadataThatIsNoUtf8) {
  write_safetensors(path("f"), {}, {{"path", "caf\xe9"}});
  const SafetensorsFile file(path("f"));
  EXPECT_TRUE(file.names().empty());
  EXPECT_THAT(file.metadata().at("path"), StartsWith("caf"));
}

TEST_F(SafetensorsTest, NamesAFileThatCannotBeMapped) {
  std::filesystem::resize_file(folder_.write("f", ""), std::uintmax_t{4} << 30);  // a hole: no disk is filled
  expect_error(ExitCode::no_input, {path("f") + ": mapping 4294967296 bytes failed: Cannot allocate memory"}, [&] {
    const AddressSpaceLimit limit;
    const SafetensorsFile file(path("f"));
  });
}

TEST_F(SafetensorsTest, RefusesToWriteNonsense) {
  float value = 1;
  const Tensor f32(&value, {1}, DType::f32);
  expect_error(ExitCode::internal, {"'x'", "doubled"}, [&] { write_safetensors(path("f"), {{"x", f32}, {"x", f32}}, {}); });
  expect_error(ExitCode::internal, {"'__metadata__'", "reserved"}, [&] { write_safetensors(path("f"), {{"__metadata__", f32}}, {}); });
  expect_error(ExitCode::internal, {"'x'", "i32"}, [&] { write_safetensors(path("f"), {{"x", Tensor(&value, {1}, DType::i32)}}, {}); });
  expect_error(ExitCode::internal, {"'x'", "no memory"}, [&] {
    write_safetensors(path("f"), {{"x", Tensor(nullptr, {1}, DType::f32)}}, {});
  });
  EXPECT_EQ(num_files(), 0U);
}

TEST_F(SafetensorsTest, ListsForeignTypesAndRefusesToReadThem) {
  const std::string header =
      R"({"half":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"brain":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]},)"
      R"("long":{"dtype":"I64","shape":[1],"data_offsets":[8,16]},"double":{"dtype":"F64","shape":[],"data_offsets":[16,24]}})";
  folder_.write("f", safetensors_bytes(header, std::string(24, 'x')));
  const SafetensorsFile file(path("f"));
  EXPECT_THAT(file.names(), ElementsAre("half", "brain", "long", "double"));
  EXPECT_EQ(file.shape("brain"), Shape({2}));
  for (const auto& [name, dtype] : {std::pair{"half", "F16"}, {"brain", "BF16"}, {"long", "I64"}, {"double", "F64"}}) {
    expect_error(ExitCode::bad_data, {path("f"), name, dtype, "only F32"}, [&, n = name] { file.read_f32(n); });
  }
}

TEST_F(SafetensorsTest, NamesFileAndTensorThatIsMissing) {
  CountingTensors tensors;
  tensors.add("conv1.weight", {1});
  write_safetensors(path("f"), tensors.entries(), {});
  const SafetensorsFile file(path("f"));
  expect_error(ExitCode::bad_data, {path("f"), "'conv1.weigth'", "'conv1.weight'"}, [&] { file.read_f32("conv1.weigth"); });
  expect_error(ExitCode::bad_data, {path("f"), "'fc6.bias'"}, [&] { file.shape("fc6.bias"); });
}

TEST_F(SafetensorsTest, OrderOfTheHeaderIsNotTheOrderOfTheData) {
  const std::string header =
      R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  const std::vector<float> values = {1.5F, -2.0F};
  std::string data(8, '\0');
  std::memcpy(data.data(), values.data(), 8);
  folder_.write("f", safetensors_bytes(header, data));
  const SafetensorsFile file(path("f"));
  EXPECT_THAT(file.names(), ElementsAre("a", "b"));
  EXPECT_THAT(file.read_f32("a"), ElementsAre(1.5F));
  EXPECT_THAT(file.read_f32("b"), ElementsAre(-2.0F));
}

TEST_F(SafetensorsTest, FindsAFlippedBitByItsHash) {
  CountingTensors tensors;
  tensors.add("x", {100});
  write_safetensors(path("f"), tensors.entries(), {});
  std::string bytes = read_text_file(path("f"));
  bytes[bytes.size() - 77] ^= 4;
  folder_.write("f", bytes);
  expect_error(ExitCode::bad_data, {path("f"), "damaged", "hash"}, [&] { SafetensorsFile file(path("f")); });
  EXPECT_EQ(SafetensorsFile(path("f"), false).read_f32("x").size(), 100U) << "without the check it is read";
}

TEST_F(SafetensorsTest, MissingFilesAndFolders) {
  expect_error(ExitCode::no_input, {path("absent"), "No such file"}, [&] { SafetensorsFile file(path("absent")); });
  expect_error(ExitCode::no_input, {folder_.path().string(), "folder"}, [&] { SafetensorsFile file(folder_.path().string()); });
  expect_error(ExitCode::no_input, {"/dev/null", "no regular file"}, [&] { SafetensorsFile file("/dev/null"); });
}

TEST_F(SafetensorsTest, EveryCutIsFound) {
  CountingTensors tensors;
  tensors.add("x", {3});
  tensors.add("y", {4});
  write_safetensors(path("whole"), tensors.entries(), {{"format", "pt"}});
  const std::string bytes = read_text_file(path("whole"));
  for (std::size_t kept = 0; kept < bytes.size(); ++kept) {
    const std::string cut = folder_.write(fmt::format("cut{}", kept), bytes.substr(0, kept));
    const char* word = kept == 0 ? "empty" : kept < 8 ? "not a safetensors file" : "cut short";
    expect_error(ExitCode::bad_data, {cut, word}, [&] { SafetensorsFile file(cut); });
  }
  folder_.write("f", bytes.substr(0, bytes.size() - 10));
  expect_error(ExitCode::bad_data, {"promises 28 bytes", "has 18"}, [&] { SafetensorsFile file(path("f")); });
  folder_.write("f", bytes + "more");
  expect_error(ExitCode::bad_data, {"4 bytes follow", "no tensor"}, [&] { SafetensorsFile file(path("f")); });
}

struct BadHeader {
  const char* what;
  std::string header;
  std::vector<std::string> words;
};

class SafetensorsBadHeaderTest : public IoTest, public ::testing::WithParamInterface<BadHeader> {};

TEST_P(SafetensorsBadHeaderTest, IsRefused) {
  folder_.write("f", safetensors_bytes(GetParam().header, kEightBytes));
  std::vector<std::string> words = GetParam().words;
  words.push_back(path("f"));
  expect_error(ExitCode::bad_data, words, [&] { SafetensorsFile file(path("f")); });
}

INSTANTIATE_TEST_SUITE_P(
    All, SafetensorsBadHeaderTest,
    ::testing::Values(
        BadHeader{"NotJson", R"({"a":)", {"not JSON"}}, BadHeader{"TwoDocuments", "{" + kEntryA + "}{}", {"not JSON"}},
        BadHeader{"NotUtf8", "{\"\xff\xfe\":1}", {"not JSON"}},
        BadHeader{"DoubledName", "{" + kEntryA + "," + kEntryA + "}", {"'a'", "twice"}},
        BadHeader{"DoubledKey", R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", {"'a'", "'dtype'", "twice"}},
        BadHeader{"DoubledMetadata", R"({"__metadata__":{"k":"1","k":"2"},)" + kEntryA + "}", {"metadata", "'k'", "twice"}},
        BadHeader{"MetadataNumber", R"({"__metadata__":{"k":1},)" + kEntryA + "}", {"metadata", "'k'", "number 1"}},
        BadHeader{"MetadataObject", R"({"__metadata__":{"k":{}},)" + kEntryA + "}", {"metadata", "'k'", "an object"}},
        BadHeader{"MetadataArray", R"({"__metadata__":[],)" + kEntryA + "}", {"'__metadata__'", "an array"}},
        BadHeader{"TensorNull", R"({"a":null})", {"'a'", "null"}}, BadHeader{"TensorString", R"({"a":"b"})", {"'a'", "string 'b'"}},
        BadHeader{"TensorBoolean", R"({"a":true})", {"'a'", "true or false"}},
        BadHeader{"UnknownKey", R"({"a":{"dtype":"F32","colour":1}})", {"'a'", "'colour'"}},
        BadHeader{"LacksShape", R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", {"'a'", "lacks"}},
        BadHeader{"UnknownType", R"({"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}})", {"'a'", "'F31'"}},
        BadHeader{"TypeNumber", R"({"a":{"dtype":32}})", {"'a'", "32", "dtype"}},
        BadHeader{"TypeArray", R"({"a":{"dtype":["F32"]}})", {"'a'", "an array", "dtype"}},
        BadHeader{"ShapeNumber", R"({"a":{"dtype":"F32","shape":2}})", {"'a'", "number 2", "shape"}},
        BadHeader{"NegativeExtent", R"({"a":{"dtype":"F32","shape":[-2]}})", {"'a'", "-2", "shape"}},
        BadHeader{"FractionalExtent", R"({"a":{"dtype":"F32","shape":[2.0]}})", {"'a'", "2.0", "shape"}},
        BadHeader{"StringExtent", R"({"a":{"dtype":"F32","shape":["2"]}})", {"'a'", "string '2'", "shape"}},
        BadHeader{"NestedShape", R"({"a":{"dtype":"F32","shape":[[2]]}})", {"'a'", "an array", "shape"}},
        BadHeader{"HugeExtent", R"({"a":{"dtype":"F32","shape":[9223372036854775808]}})", {"'a'", "overflows"}},
        BadHeader{
            "OverflowingShape", R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", {"'a'", "size overflows"}},
        BadHeader{
            "OverflowingBytes", R"({"a":{"dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]}})", {"'a'", "size overflows"}},
        BadHeader{"ManyDimensions", R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}})", {"'a'", "dimensions"}},
        BadHeader{"WrongSize", R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", {"'a'", "12 bytes", "8"}},
        BadHeader{"TextInOffsets", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,"8"]}})", {"'a'", "in its data_offsets"}},
        BadHeader{"OneOffset", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8]}})", {"'a'", "[begin, end]"}},
        BadHeader{"ThreeOffsets", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,16]}})", {"'a'", "more than two"}},
        BadHeader{"OffsetsReversed", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", {"'a'", "[begin, end]"}},
        BadHeader{"OffsetsOutside", R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", {"cut short", "16 bytes", "has 8"}},
        BadHeader{"Hole", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", {"'a'", "hole"}},
        BadHeader{"Overlap", R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},)" + kEntryA + "}", {"'b'", "inside"}},
        BadHeader{"Uncovered", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", {"4 bytes follow"}},
        BadHeader{"Deep", R"({"a":)" + std::string(100'000, '['), {"'a'", "an array"}},
        BadHeader{"ControlCharactersInNames", "{\"a\\u001b[31m\\n\":1}", {"'a?[31m?'"}},
        BadHeader{"LongNames", "{\"" + std::string(500, 'n') + "\":1}", {"nnn...'"}}),
    [](const auto& test) { return test.param.what; });

TEST_F(SafetensorsTest, LengthOfTheHeaderIsBounded) {
  std::string bytes = safetensors_bytes("{" + kEntryA + "}", kEightBytes);
  const auto with_length = [&](std::uint64_t length) {
    std::memcpy(bytes.data(), &length, sizeof(length));
    folder_.write("f", bytes);
  };
  with_length(1'000);
  expect_error(ExitCode::bad_data, {path("f"), "cut short", "1000", std::to_string(bytes.size())}, [&] { SafetensorsFile f(path("f")); });
  for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{100'000'001}, UINT64_MAX, UINT64_MAX - 7}) {
    with_length(length);
    expect_error(ExitCode::bad_data, {path("f"), "not a safetensors file"}, [&] { SafetensorsFile f(path("f")); });
  }
}

}  // namespace
}  // namespace alexnet
