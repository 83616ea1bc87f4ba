// A picture of any format, decoded, resized and encoded as prepare does. Big ones cost time and no thought: they are left to the tests.
#include "alexnet/data/decode.hpp"
#include "fuzz_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alexnet;
  refuse_or_read([&] {
    const Picture picture = decode_picture({data, size});
    if (picture.rgb.size() != static_cast<std::size_t>(picture.height * picture.width) * 3) std::abort();
    if (picture.height * picture.width > 1 << 20) return;
    const Picture stored = resize_and_crop(picture, 32);
    std::vector<std::uint8_t> again(32 * 32 * 3);
    decode_picture_into(encode_ppm(stored), 32, 32, again.data());
    if (again != stored.rgb) std::abort();
  });
  return 0;
}
