// Other files given as a checkpoint are named for what they are.
#include "io/io_fixture.hpp"

namespace alexnet {
namespace {

using namespace std::string_literals;

struct ForeignFile {
  const char* what;
  std::string bytes;
  std::string words;
};

class FileKindTest : public IoTest, public ::testing::WithParamInterface<ForeignFile> {};

TEST_P(FileKindTest, IsNamed) {
  folder_.write("model", GetParam().bytes);
  expect_error(ExitCode::bad_data, {path("model"), "not a safetensors file", GetParam().words}, [&] { SafetensorsFile f(path("model")); });
}

const std::string kZeros(600, '\0');

INSTANTIATE_TEST_SUITE_P(
    All, FileKindTest,
    ::testing::Values(
        ForeignFile{"Empty", "", "an empty file"}, ForeignFile{"Tiny", "\x01\x02", "2 bytes"},
        ForeignFile{"Zip", "PK\x03\x04" + kZeros, "a zip archive, such as a PyTorch .pt file"},
        ForeignFile{"OldPyTorch", "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19." + kZeros, "a Python pickle"},
        ForeignFile{"Hdf5", "\x89HDF\r\n\x1a\n" + kZeros, "an HDF5 file"}, ForeignFile{"Gzip", "\x1f\x8b\x08" + kZeros, "a gzip file"},
        ForeignFile{"Numpy", "\x93NUMPY\x01" + kZeros, "a NumPy array"}, ForeignFile{"Jpeg", "\xff\xd8\xff\xe0" + kZeros, "a JPEG picture"},
        ForeignFile{"Tar", "folder/00000001.jpg" + std::string(238, '\0') + "ustar" + kZeros, "a tar archive"},
        ForeignFile{"Html", "\n <!DOCTYPE HTML><html><body>Not found</body></html>", "an HTML page"},
        ForeignFile{"GitLfs", "version https://git-lfs.github.com/spec/v1\noid sha256:12\n", "git lfs pull"},
        ForeignFile{"Text", "model:\n  layers: [conv1]\n", "a text file"}, ForeignFile{"Zeros", kZeros, "a file of zero bytes"},
        ForeignFile{"Caffe", "\x0a\x07"s + "AlexNet" + "\xa2\x06\x14\x0a" + kZeros, "a Caffe model"},
        ForeignFile{"OldCaffe", "\x0a\x09"s + "CaffeNet1" + "\x12\x20\x22" + kZeros, "a Caffe model"},
        ForeignFile{"Onnx", "\x08\x06\x12\x07pytorch"s + kZeros, "an ONNX model"},
        ForeignFile{"Noise", "\xee\xdd\xcc\xbb\xaa\x99\x88\x77\x66\x55"s + kZeros, "no JSON header"}),
    [](const auto& test) { return test.param.what; });

}  // namespace
}  // namespace alexnet
