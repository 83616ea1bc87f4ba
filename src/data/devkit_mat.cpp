// Reads MATLAB 5 files as far as the devkit's meta.mat needs it: numbers and texts in the fields of one struct array.
//
// After a head of 128 bytes come elements: type and size (4 bytes each, or 2 and 2 with up to 4 bytes of data beside them), data, padding
// to 8 bytes. An array is an element whose data are elements again: flags with its class, extents, name, then its contents. A struct
// array holds the names of its fields, each in the same number of bytes, then the fields of its elements one after the other, as arrays.
// An array at the outermost level may be packed by zlib. Extents run down the columns, as MATLAB's do.
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "alexnet/core/error.hpp"
#include "data/devkit.hpp"
#include "data/text_lines.hpp"

namespace alexnet {
namespace {

static_assert(std::endian::native == std::endian::little);

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kHeadBytes = 128, kMaxUnpackedBytes = std::size_t{1} << 26, kMaxFields = 100;
enum ElementType : std::uint32_t {
  kInt8 = 1,
  kUint8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kSingle,
  kDouble = 9,
  kInt64 = 12,
  kUint64,
  kMatrix,
  kCompressed,
  kUtf8,
  kUtf16
};
enum ArrayClass : std::uint8_t { kStruct = 2, kChar = 4, kFirstNumeric = 6, kLastNumeric = 15 };

// Why the file is refused; read_synsets adds which one.
struct Damage {
  std::string reason;
};

template <class T>
T value_at(Bytes bytes, std::size_t at = 0) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::string text_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

struct Element {
  std::uint32_t type;
  Bytes data;
};

class Elements {
 public:
  explicit Elements(Bytes bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }

  Element next() {
    const Bytes tag = take(8);
    const auto word = value_at<std::uint32_t>(tag);
    if (const std::uint32_t small_bytes = word >> 16; small_bytes != 0) {
      if (small_bytes > 4) throw Damage{fmt::format("a small element of {} bytes", small_bytes)};
      return {word & 0xffff, tag.subspan(4, small_bytes)};
    }
    const auto bytes = value_at<std::uint32_t>(tag, 4);
    const Element element{word, take(bytes)};
    if (word != kCompressed) rest_ = rest_.subspan(std::min<std::size_t>((8 - bytes % 8) % 8, rest_.size()));
    return element;
  }

 private:
  Bytes take(std::size_t count) {
    if (count > rest_.size()) throw Damage{fmt::format("cut short: {} bytes where {} are needed", rest_.size(), count)};
    const Bytes taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  Bytes rest_;
};

struct Array {
  std::uint8_t kind = 0;
  std::uint64_t count = 0;
  std::string name;
  Elements contents{{}};
};

Array open_array(const Element& element) {
  if (element.type != kMatrix) throw Damage{fmt::format("an element of type {} where an array is expected", element.type)};
  Array array;
  if (element.data.empty()) return array;
  Elements parts(element.data);
  const Element flags = parts.next(), extents = parts.next(), name = parts.next();
  if (flags.type != kUint32 || flags.data.size() != 8 || extents.type != kInt32 || name.type != kInt8)
    throw Damage{"an array without flags, extents and name"};
  array.kind = flags.data[0];
  array.count = 1;
  for (std::size_t at = 0; at + 4 <= extents.data.size(); at += 4) {
    const auto extent = value_at<std::int32_t>(extents.data, at);
    if (extent < 0) throw Damage{fmt::format("an extent of {}", extent)};
    array.count *= static_cast<std::uint64_t>(extent);
    if (array.count > std::numeric_limits<std::uint32_t>::max()) throw Damage{"an array of more than 4 billion elements"};
  }
  array.name = text_of(name.data);
  array.contents = parts;
  return array;
}

// MATLAB keeps texts as UTF-8, as Latin or as 16-bit units.
std::string text_value(Array array) {
  if (array.count == 0) return "";
  if (array.kind != kChar) throw Damage{"no text"};
  const Element element = array.contents.next();
  if (element.type == kUtf8 || element.type == kInt8 || element.type == kUint8) return text_of(element.data);
  if (element.type != kUtf16 && element.type != kUint16) throw Damage{fmt::format("a text of type {}", element.type)};
  std::string text;
  for (std::size_t at = 0; at + 2 <= element.data.size(); at += 2) {
    const auto unit = value_at<std::uint16_t>(element.data, at);
    if (unit < 0x80) {
      text += static_cast<char>(unit);
    } else if (unit < 0x800) {
      text += {static_cast<char>(0xc0 | unit >> 6), static_cast<char>(0x80 | (unit & 0x3f))};
    } else {
      text += {static_cast<char>(0xe0 | unit >> 12), static_cast<char>(0x80 | (unit >> 6 & 0x3f)), static_cast<char>(0x80 | (unit & 0x3f))};
    }
  }
  return text;
}

template <class T>
double number_as(Bytes data) {
  if (data.size() < sizeof(T)) throw Damage{"a number that is cut short"};
  return static_cast<double>(value_at<T>(data));
}

std::int64_t whole_number(Array array) {
  if (array.kind < kFirstNumeric || array.kind > kLastNumeric || array.count != 1) throw Damage{"no single number"};
  const Element element = array.contents.next();
  const auto read = [&]() -> double {
    switch (element.type) {
      case kInt8:
        return number_as<std::int8_t>(element.data);
      case kUint8:
        return number_as<std::uint8_t>(element.data);
      case kInt16:
        return number_as<std::int16_t>(element.data);
      case kUint16:
        return number_as<std::uint16_t>(element.data);
      case kInt32:
        return number_as<std::int32_t>(element.data);
      case kUint32:
        return number_as<std::uint32_t>(element.data);
      case kSingle:
        return number_as<float>(element.data);
      case kDouble:
        return number_as<double>(element.data);
      case kInt64:
        return number_as<std::int64_t>(element.data);
      case kUint64:
        return number_as<std::uint64_t>(element.data);
      default:
        throw Damage{fmt::format("a number of type {}", element.type)};
    }
  };
  const double value = read();
  constexpr double kMost = 1e9;
  if (!(std::abs(value) <= kMost) || value != std::floor(value)) throw Damage{fmt::format("{} where a whole number is expected", value)};
  return static_cast<std::int64_t>(value);
}

std::vector<std::uint8_t> unpack(Bytes packed) {
  std::vector<std::uint8_t> bytes(std::min(kMaxUnpackedBytes, packed.size() * 8 + 1024));
  z_stream stream = {};
  if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
  stream.next_in = const_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  int status = Z_OK;
  for (;;) {
    stream.next_out = bytes.data() + stream.total_out;
    stream.avail_out = static_cast<uInt>(bytes.size() - stream.total_out);
    status = inflate(&stream, Z_NO_FLUSH);
    if (status != Z_OK || stream.avail_out != 0 || bytes.size() == kMaxUnpackedBytes) break;
    bytes.resize(std::min(kMaxUnpackedBytes, bytes.size() * 2));
  }
  const std::size_t filled = stream.total_out;
  inflateEnd(&stream);
  if (status != Z_STREAM_END) throw Damage{filled == kMaxUnpackedBytes ? "too large when unpacked" : "its packed data are damaged"};
  bytes.resize(filled);
  return bytes;
}

std::vector<std::string> field_names(Elements& contents) {
  const Element width = contents.next(), names = contents.next();
  const std::size_t bytes = width.type == kInt32 && width.data.size() == 4 ? value_at<std::uint32_t>(width.data) : 0;
  const bool whole = bytes != 0 && names.data.size() % bytes == 0;
  if (!whole || names.data.size() / bytes > kMaxFields) throw Damage{"a struct array without names of fields"};
  std::vector<std::string> fields;
  for (std::size_t at = 0; at < names.data.size(); at += bytes) {
    const std::string name = text_of(names.data.subspan(at, bytes));
    fields.push_back(name.substr(0, name.find('\0')));
  }
  return fields;
}

std::vector<Synset> read_struct_array(Array array) {
  const std::vector<std::string> fields = field_names(array.contents);
  for (const char* name : {"ILSVRC2012_ID", "WNID", "words", "num_children"}) {
    if (std::ranges::count(fields, name) != 1) throw Damage{fmt::format("`synsets` has no field {}", name)};
  }
  std::vector<Synset> classes;
  for (std::uint64_t i = 0; i < array.count; ++i) {
    Synset synset;
    std::int64_t num_children = 0;
    for (const std::string& field : fields) {
      const Element element = array.contents.next();
      try {
        if (field == "ILSVRC2012_ID") synset.ilsvrc_id = whole_number(open_array(element));
        if (field == "WNID") synset.wnid = text_value(open_array(element));
        if (field == "words") synset.words = text_value(open_array(element));
        if (field == "num_children") num_children = whole_number(open_array(element));
      } catch (const Damage& damage) {
        throw Damage{fmt::format("synsets({}).{}: {}", i + 1, field, damage.reason)};
      }
    }
    if (!is_wnid(synset.wnid))
      throw Damage{fmt::format("synsets({}).WNID is '{}', no WordNet id such as n01440764", i + 1, escaped(synset.wnid.substr(0, 40)))};
    if (num_children == 0) classes.push_back(std::move(synset));
  }
  return classes;
}

std::vector<Synset> find_synsets(Bytes mat) {
  if (mat.size() < kHeadBytes || text_of(mat.subspan(126, 2)) != "IM" || mat[125] != 1)
    throw Damage{text_of(mat.first(std::min<std::size_t>(mat.size(), 10))) == "MATLAB 7.3" ? "saved as MATLAB 7.3" : "no MATLAB 5 file"};
  Elements elements(mat.subspan(kHeadBytes));
  while (!elements.empty()) {
    Element element = elements.next();
    std::vector<std::uint8_t> unpacked;
    if (element.type == kCompressed) {
      unpacked = unpack(element.data);
      element = Elements(unpacked).next();
    }
    if (element.type != kMatrix) continue;
    const Array array = open_array(element);
    if (array.kind == kStruct && array.name == "synsets") return read_struct_array(array);
  }
  throw Damage{"no struct array `synsets` in it"};
}

}  // namespace

std::vector<Synset> read_synsets(Bytes mat, const std::string& path) {
  try {
    return find_synsets(mat);
  } catch (const Damage& damage) {
    fail(ExitCode::bad_data, "{}: {}; fetch the devkit again", path, damage.reason);
  }
}

}  // namespace alexnet
