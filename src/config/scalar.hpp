// What a plain scalar means, by the rules of YAML 1.1 that PyYAML follows, narrowed to what cannot be misread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace alexnet {

// Decimal, without leading zeros or underscores. False: not an integer, or beyond 64 bits.
std::optional<std::int64_t> parse_int64(const std::string& text);
std::optional<std::uint64_t> parse_uint64(const std::string& text);
bool is_integer(const std::string& text);  // of any size

// An integer, or digits with a dot and an optional exponent that has a sign; finite.
std::optional<double> parse_number(const std::string& text);

// Some YAML 1.1 reader takes this plain text for something else than text (number, time, boolean, null, merge key).
bool is_ambiguous_text(const std::string& text);

// How to write it instead: "write true" for yes, "write 5.0e-4" for 5e-4; "" when there is nothing to say.
std::string boolean_advice(const std::string& text);
std::string number_advice(const std::string& text);

// The shortest text that reads as the same double; with a dot, and a signed exponent where there is one.
std::string format_double(double value);

// Plain where that is unambiguous, otherwise in double quotes.
std::string format_text(const std::string& text);

}  // namespace alexnet
