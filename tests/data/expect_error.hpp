// Runs `call`, which must throw alexnet::Error with this exit code and all these words in its one line.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "alexnet/core/error.hpp"

namespace alexnet {

template <class Call>
void expect_error(ExitCode code, std::initializer_list<std::string> words, Call call) {
  try {
    call();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& e) {
    const std::string message = e.what();
    EXPECT_EQ(e.code(), code) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    for (const std::string& word : words) EXPECT_NE(message.find(word), std::string::npos) << "no '" << word << "' in: " << message;
  }
}

}  // namespace alexnet
