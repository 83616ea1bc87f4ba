// The lines of the small text files that come with data sets: lists, labels, class names.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace alexnet {

// Calls use(number from 1, line) for each line that is not blank, without the blanks and the \r at its end, and without the mark that
// editors on Windows put in front of UTF-8.
template <class Use>
void for_each_line(std::string_view text, Use use) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t last = line.find_last_not_of(" \t\r");
    if (last != std::string_view::npos) use(number, line.substr(0, last + 1));
  }
}

// A field of a .tsv, or a text from outside in a message: backslash, tab, line ends and other control characters become \\ \t \n \r \x1b.
std::string escaped(std::string_view text);

}  // namespace alexnet
