// The pictures of MiniatureImagenet as a source.
#pragma once

#include <filesystem>

#include "data/imagenet_support.hpp"
#include "data/source_fixture.hpp"

namespace alexnet {

class ImagenetSourceTest : public SourceTest {
 protected:
  void remove(const std::string& name) { std::filesystem::remove_all(folder_ / name); }
  void expect_everything(const Source& source) {
    EXPECT_THAT(ids(source), testing::ElementsAre("n00000010", "n00000011", "n00000012"));
    EXPECT_THAT(names(source), testing::ElementsAre("name 0, other name", "name 1, other name", "name 2, other name"));
    EXPECT_THAT(labels(source, "train"), testing::ElementsAre(0, 0, 0, 1, 1, 1, 2, 2, 2));
    EXPECT_THAT(labels(source, "val"), testing::ElementsAre(0, 0, 1, 1, 2, 2));
    std::size_t at = 0;
    for (int c = 0; c < 3; ++c) {
      for (const int i : {0, 2, 1}) EXPECT_EQ(loaded(source, "train", at++), MiniatureImagenet::picture(c, i));  // _10, _100, _55
    }
    at = 0;
    for (const int number : {2, 6, 1, 5, 3, 4})
      EXPECT_EQ(loaded(source, "val", at++), MiniatureImagenet::picture(MiniatureImagenet::val_class(number), 10 + number));
    EXPECT_EQ(source.splits.size(), 2U);
    EXPECT_EQ(source.native_size, 0);
  }
  MiniatureImagenet miniature_{folder_};
};

}  // namespace alexnet
