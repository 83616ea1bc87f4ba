#include "data/drawn.hpp"

#include <set>

#include "data/picture_support.hpp"
#include "data/source.hpp"

namespace alexnet {
namespace {

std::unique_ptr<Source> drawn(const std::string& text, std::uint64_t seed = 1, std::int64_t size = 0) {
  return open_source("drawn:" + text, {"auto", seed, size});
}

Picture load(const Source& source, const std::string& split, std::size_t i) {
  return std::get<Picture>(source.load(split, source.splits.at(split).at(i)));
}

TEST(DrawnTest, HasTheDefaultsOfTheContract) {
  const auto source = drawn("");
  EXPECT_EQ(source->layout, "drawn");
  EXPECT_EQ(source->classes.size(), 10U);
  EXPECT_EQ(source->splits.at("train").size(), 2000U);
  EXPECT_EQ(source->splits.at("val").size(), 500U);
  EXPECT_EQ(source->native_size, 64);
  const Picture picture = load(*source, "train", 0);
  EXPECT_EQ(picture.height, 64);
  EXPECT_EQ(picture.rgb.size(), 64U * 64 * 3);
}

TEST(DrawnTest, ReadsItsKeys) {
  const auto source = drawn("val=7,classes=12,train=24", 1, 48);
  EXPECT_EQ(source->classes.size(), 12U);
  EXPECT_EQ(source->splits.at("train")[13].label, 1);
  EXPECT_EQ(source->splits.at("val").size(), 7U);
  EXPECT_EQ(load(*source, "val", 6).width, 48);
  EXPECT_EQ(drawn("val=0")->splits.count("val"), 0U);
}

TEST(DrawnTest, RefusesBadTexts) {
  const std::pair<const char*, const char*> texts[] = {{"classes=13", "classes=13: must be a whole number from 2 to 12"},
                                                       {"classes=1", "classes=1"},
                                                       {"train=0", "train=0"},
                                                       {"train=many", "train=many"},
                                                       {"train=5x", "train=5x"},
                                                       {"train", "train="},
                                                       {"val=-1", "val=-1"},
                                                       {"images=5", "unknown key 'images'"},
                                                       {"train=5,train=6", "'train' is given twice"},
                                                       {"train=99999999999999999999", "train="}};
  for (const auto& [text, word] : texts) expect_error(ExitCode::command_line, {word}, [&, t = text] { drawn(t); });
  expect_error(ExitCode::command_line, {"--size 8"}, [] { drawn("", 1, 8); });
  expect_error(ExitCode::command_line, {"--layout folder"}, [] { open_source("drawn:", {"folder", 1, 0}); });
}

TEST(DrawnTest, IsAFunctionOfSeedSplitAndIndex) {
  const auto a = drawn("train=40,val=40"), b = drawn("train=40,val=40"), other_seed = drawn("train=40,val=40", 2);
  std::set<std::string> seen;
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(load(*a, "train", i).rgb, load(*b, "train", i).rgb);
    for (const Picture& picture : {load(*a, "train", i), load(*a, "val", i), load(*other_seed, "train", i)})
      seen.insert(text_of(picture.rgb));
  }
  EXPECT_EQ(seen.size(), 120U) << "no picture comes twice";
}

// The bytes must not change from machine to machine or from version to version: experiments name a data set by its seed.
TEST(DrawnTest, DrawsTheSameBytesEverywhere) {
  std::uint64_t sum = 0;
  for (std::size_t shape = 0; shape < drawn_shapes().size(); ++shape) {
    const Picture picture = draw_picture(5, shape, static_cast<int>(shape), 64);
    for (const std::uint8_t value : picture.rgb) sum = sum * 1099511628211ULL + value;
  }
  EXPECT_EQ(sum, 9061413161061641205U);
}

TEST(DrawnTest, ColourSaysNothingAboutTheClass) {
  // The mean colour of 100 pictures of each class: the same within what 100 random colours allow (74 / sqrt(100) = 7.4 a deviation).
  for (int shape = 0; shape < 10; ++shape) {
    double mean = 0;
    for (std::uint64_t i = 0; i < 100; ++i) {
      const Picture picture = draw_picture(9, i * 16 + static_cast<std::uint64_t>(shape), shape, 32);
      for (const std::uint8_t value : picture.rgb) mean += value / (100.0 * 32 * 32 * 3);
    }
    EXPECT_NEAR(mean, 127.5, 20) << drawn_shapes()[static_cast<std::size_t>(shape)];
  }
}

}  // namespace
}  // namespace alexnet
