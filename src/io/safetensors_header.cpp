// A SAX parser: it builds nothing that the format does not have, so that neither depth nor doubled keys nor numbers without end
// cost memory, and knows the place of everything it refuses.
#include "io/safetensors_header.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "alexnet/core/error.hpp"

namespace alexnet {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxRank = 16;

std::size_t bits_of(const std::string& dtype) {
  static const std::map<std::string, std::size_t> kBits = {
      {"BOOL", 8},  {"U8", 8},   {"I8", 8},   {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"I16", 16}, {"U16", 16}, {"F16", 16},
      {"BF16", 16}, {"I32", 32}, {"U32", 32}, {"F32", 32},    {"I64", 64},    {"U64", 64},    {"F64", 64}, {"C64", 64}};
  const auto found = kBits.find(dtype);
  return found == kBits.end() ? 0 : found->second;
}

// Names come from the file: shown with what is not printable replaced, and not at any length.
std::string shown(const std::string& name) {
  std::string text = name.substr(0, 80);
  for (char& c : text) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return text + (name.size() > 80 ? "..." : "");
}

class HeaderParser final : public nlohmann::json_sax<json> {
 public:
  HeaderParser(const std::string& path, SafetensorsHeader& header) : path_(path), header_(header) {}

  bool null() override { return misplaced("null"); }
  bool boolean(bool) override { return misplaced("true or false"); }
  bool number_integer(number_integer_t value) override { return misplaced(fmt::format("the number {}", value)); }
  bool number_float(number_float_t, const string_t& text) override { return misplaced(fmt::format("the number {}", shown(text))); }
  bool binary(binary_t&) override { return misplaced("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (where_ == Where::shape && numbers_.size() >= kMaxRank) refuse(fmt::format("has more than {} dimensions", kMaxRank));
    if (where_ == Where::offsets && numbers_.size() >= 2) refuse("has more than two data_offsets");
    if (where_ != Where::shape && where_ != Where::offsets) return misplaced(fmt::format("the number {}", value));
    if (value > static_cast<std::uint64_t>(INT64_MAX)) refuse(fmt::format("has the extent or offset {}, which overflows", value));
    numbers_.push_back(static_cast<std::int64_t>(value));
    return true;
  }

  bool string(string_t& value) override {
    if (where_ == Where::metadata) {
      header_.metadata[key_] = std::move(value);
    } else if (where_ == Where::tensor && key_ == "dtype") {
      if (bits_of(value) == 0) refuse(fmt::format("has the unknown dtype '{}'", shown(value)));
      tensor_.dtype = std::move(value);
    } else {
      return misplaced(fmt::format("the string '{}'", shown(value)));
    }
    return true;
  }

  bool start_object(std::size_t) override {
    switch (where_) {
      case Where::outside:
        where_ = Where::top;
        return true;
      case Where::top:
        where_ = key_ == "__metadata__" ? Where::metadata : Where::tensor;
        tensor_ = {};
        tensor_.name = key_;
        has_shape_ = has_offsets_ = false;
        keys_.clear();
        return true;
      default:
        return misplaced("an object");
    }
  }

  bool key(string_t& name) override {
    auto& known = where_ == Where::top ? names_ : keys_;
    if (!known.insert(name).second) {
      if (where_ == Where::tensor) refuse(fmt::format("has the key '{}' twice", shown(name)));
      fail(ExitCode::bad_data, "{}: {} '{}' appears twice in the header", path_, where_ == Where::top ? "the name" : "the metadata key",
           shown(name));
    }
    if (where_ == Where::tensor && name != "dtype" && name != "shape" && name != "data_offsets") {
      refuse(fmt::format("has the unknown key '{}'", shown(name)));
    }
    key_ = std::move(name);
    return true;
  }

  bool end_object() override {
    if (where_ == Where::tensor) {
      if (tensor_.dtype.empty() || !has_shape_ || !has_offsets_) refuse("lacks dtype, shape or data_offsets");
      check_extent();
      header_.tensors.push_back(std::move(tensor_));
    }
    where_ = where_ == Where::top ? Where::outside : Where::top;
    return true;
  }

  bool start_array(std::size_t) override {
    if (where_ != Where::tensor || key_ == "dtype") return misplaced("an array");
    where_ = key_ == "shape" ? Where::shape : Where::offsets;
    numbers_.clear();
    return true;
  }

  bool end_array() override {
    if (where_ == Where::shape) {
      tensor_.shape = numbers_;
      has_shape_ = true;
    } else {
      if (numbers_.size() != 2 || numbers_[0] > numbers_[1]) refuse("has data_offsets that are not [begin, end]");
      tensor_.begin = static_cast<std::size_t>(numbers_[0]);
      tensor_.end = static_cast<std::size_t>(numbers_[1]);
      has_offsets_ = true;
    }
    where_ = Where::tensor;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail(ExitCode::bad_data, "{}: damaged: the header is not JSON at its byte {}", path_, position);
  }

 private:
  enum class Where { outside, top, metadata, tensor, shape, offsets };

  [[noreturn]] void refuse(const std::string& what) const {
    fail(ExitCode::bad_data, "{}: damaged: tensor '{}' {}", path_, shown(tensor_.name), what);
  }

  bool misplaced(const std::string& what) const {
    switch (where_) {
      case Where::outside:
        fail(ExitCode::internal, "{}: {} outside of the header's object", path_, what);  // it begins with {
      case Where::top:
        fail(ExitCode::bad_data, "{}: damaged: '{}' is {} instead of an object", path_, shown(key_), what);
      case Where::metadata:
        fail(ExitCode::bad_data, "{}: damaged: the metadata value '{}' is {} instead of a string", path_, shown(key_), what);
      case Where::tensor:
        refuse(fmt::format("has {} as its {}", what, key_));
      case Where::shape:
        refuse(fmt::format("has {} in its shape", what));
      case Where::offsets:
        refuse(fmt::format("has {} in its data_offsets", what));
    }
    return false;
  }

  void check_extent() const {
    std::size_t bytes = bits_of(tensor_.dtype) / 8;
    for (const std::int64_t extent : tensor_.shape) {
      if (__builtin_mul_overflow(bytes, static_cast<std::size_t>(extent), &bytes)) refuse("has a shape whose size overflows");
    }
    if (bytes != tensor_.end - tensor_.begin) {
      refuse(fmt::format("of {} [{}] needs {} bytes, its data_offsets give {}", tensor_.dtype, fmt::join(tensor_.shape, ", "), bytes,
                         tensor_.end - tensor_.begin));
    }
  }

  const std::string& path_;
  SafetensorsHeader& header_;
  Where where_ = Where::outside;
  std::string key_;
  SafetensorsTensor tensor_;
  bool has_shape_ = false, has_offsets_ = false;
  std::vector<std::int64_t> numbers_;
  std::unordered_set<std::string> names_, keys_;
};

void check_coverage(const std::string& path, const std::vector<SafetensorsTensor>& tensors, std::size_t data_bytes) {
  std::size_t covered = 0;
  for (const SafetensorsTensor& tensor : tensors) {
    if (tensor.begin != covered) {
      fail(ExitCode::bad_data, "{}: damaged: tensor '{}' begins at byte {} of the data, {} {}", path, shown(tensor.name), tensor.begin,
           tensor.begin < covered ? "inside the tensor before it, which ends at" : "leaving a hole after", covered);
    }
    covered = tensor.end;
  }
  if (covered > data_bytes) {
    fail(ExitCode::bad_data, "{}: cut short: the header promises {} bytes of data, the file has {}", path, covered, data_bytes);
  }
  if (covered < data_bytes) {
    fail(ExitCode::bad_data, "{}: damaged: {} bytes follow that belong to no tensor", path, data_bytes - covered);
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(const std::string& path, std::string_view text, std::size_t data_bytes) {
  SafetensorsHeader header;
  HeaderParser parser(path, header);
  json::sax_parse(text.begin(), text.end(), &parser);  // every failure throws
  std::stable_sort(header.tensors.begin(), header.tensors.end(), [](const SafetensorsTensor& a, const SafetensorsTensor& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  check_coverage(path, header.tensors, data_bytes);
  return header;
}

}  // namespace alexnet
