#include "config/scalar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace alexnet {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits off the front of `text`; returns how many.
std::size_t take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto n = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(n);
  return n;
}

void take_sign(std::string_view& text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
}

bool is_float(std::string_view text) {
  take_sign(text);
  if (take_digits(text) == 0 || text.empty() || text[0] != '.') return false;
  text.remove_prefix(1);
  take_digits(text);
  if (text.empty()) return true;
  if (text.size() < 3 || (text[0] != 'e' && text[0] != 'E') || (text[1] != '+' && text[1] != '-')) return false;
  text.remove_prefix(2);
  return take_digits(text) > 0 && text.empty();
}

template <class T>
std::optional<T> from_text(const std::string& text) {
  const char* begin = text.data() + (!text.empty() && text[0] == '+' ? 1 : 0);  // from_chars knows no plus
  const char* end = text.data() + text.size();
  T value{};
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

template <std::size_t N>
bool is_one_of(const std::string& text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 3> kTrueWords{"true", "yes", "on"};
constexpr std::array<std::string_view, 3> kFalseWords{"false", "no", "off"};

}  // namespace

bool is_integer(const std::string& text) {
  std::string_view digits = text;
  take_sign(digits);
  const bool leading_zero = digits.size() > 1 && digits[0] == '0';
  return !leading_zero && take_digits(digits) > 0 && digits.empty();
}

std::optional<std::int64_t> parse_int64(const std::string& text) { return is_integer(text) ? from_text<std::int64_t>(text) : std::nullopt; }

std::optional<std::uint64_t> parse_uint64(const std::string& text) {
  return is_integer(text) ? from_text<std::uint64_t>(text) : std::nullopt;
}

std::optional<double> parse_number(const std::string& text) {
  return is_integer(text) || is_float(text) ? from_text<double>(text) : std::nullopt;
}

bool is_ambiguous_text(const std::string& text) {
  if (text.empty()) return true;
  const std::string word = lower(text);
  constexpr std::array<std::string_view, 7> kOthers{"null", "~", "=", "<<", ".inf", ".nan", "-.inf"};
  if (is_one_of(word, kTrueWords) || is_one_of(word, kFalseWords) || is_one_of(word, kOthers) || word == "+.inf") return true;
  // Integers in any base, floats, base 60, dates and times: more than one reader takes, but nobody names a class or a folder so.
  const bool starts_like_one = is_digit(text[0]) || text[0] == '+' || text[0] == '-' || text[0] == '.';
  return starts_like_one && word.find_first_of("0123456789") != std::string::npos &&
         word.find_first_not_of("0123456789abcdefxotz_:.+- ") == std::string::npos;
}

std::string boolean_advice(const std::string& text) {
  const std::string word = lower(text);
  if (is_one_of(word, kTrueWords) || word == "y" || word == "1") return "write true";
  if (is_one_of(word, kFalseWords) || word == "n" || word == "0") return "write false";
  return {};
}

std::string number_advice(const std::string& text) {
  const std::string word = lower(text);
  if (word.find("inf") != std::string::npos || word.find("nan") != std::string::npos) return "it must be finite";
  double value = 0;
  const std::size_t sign = !text.empty() && text[0] == '+' ? 1 : 0;
  const auto [stop, error] = std::from_chars(text.data() + sign, text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return "it does not fit into a double";
  if (stop != text.data() + text.size() || text.empty()) return {};
  const std::size_t exponent = word.find('e');
  if (exponent == std::string::npos || is_float(text)) return "write " + format_double(value);
  // 5e-4 and 5.0e4 are text in YAML 1.1: a dot and a sign make them numbers.
  std::string mantissa = word.substr(0, exponent), power = word.substr(exponent + 1);
  if (mantissa.find('.') == std::string::npos) mantissa += ".0";
  if (mantissa[0] == '.') mantissa = "0" + mantissa;
  if (power[0] != '+' && power[0] != '-') power = "+" + power;
  return fmt::format("{} is text in YAML 1.1: write {}e{}", text, mantissa, power);
}

std::string format_double(double value) {
  const double magnitude = std::abs(value);
  const bool fixed = magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e15);
  std::array<char, 64> buffer{};
  const auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format);
  std::string text(buffer.data(), end);
  if (text.find('.') != std::string::npos) return text;
  const std::size_t exponent = text.find('e');
  return exponent == std::string::npos ? text + ".0" : text.insert(exponent, ".0");
}

std::string format_text(const std::string& text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
  const bool plain = !text.empty() && text[0] != '-' && text.find_first_not_of(kPlain) == std::string::npos && !is_ambiguous_text(text);
  if (plain && text != "...") return text;
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result + "\"";
}

}  // namespace alexnet
