// The loader: order, resume, threads, limits, padding, damage, early end. Run under ThreadSanitizer too.
#include <algorithm>
#include <numeric>

#include "data/loader_fixture.hpp"

namespace alexnet {
namespace {

TEST_F(LoaderTest, EveryEpochIsAPermutation) {
  const std::vector<Copy> batches = take(*training(6, 2), 20);  // 120 pictures: 6 epochs of 20, with batches over their ends
  std::vector<std::uint64_t> stream;
  for (std::size_t b = 0; b < batches.size(); ++b) {
    EXPECT_EQ(batches[b].first_sample, b * 6);
    EXPECT_EQ(batches[b].valid, 6);
    for (std::size_t i = 0; i < 6; ++i) expect_known_picture(batches[b], i, "train");
    stream.insert(stream.end(), batches[b].indices.begin(), batches[b].indices.end());
  }
  ASSERT_EQ(stream.size(), 120U);
  std::vector<std::uint64_t> all(20), first(stream.begin(), stream.begin() + 20);
  std::iota(all.begin(), all.end(), 0U);
  EXPECT_NE(first, all);
  for (std::ptrdiff_t e = 0; e < 6; ++e) {
    std::vector<std::uint64_t> epoch(stream.begin() + 20 * e, stream.begin() + 20 * (e + 1));
    EXPECT_TRUE(e == 0 || epoch != first);
    std::sort(epoch.begin(), epoch.end());
    EXPECT_EQ(epoch, all) << "epoch " << e;
  }
}

TEST_F(LoaderTest, TransformsAreTheAugmenters) {
  const Augmenter a(config_, 3, statistics_, 8, 8);
  for (const Copy& c : take(*training(6, 2), 5)) {
    for (std::size_t i = 0; i < 6; ++i) {
      const SampleTransform t = a.draw(c.first_sample + i, 20);
      EXPECT_EQ(c.transforms[i], (std::array<float, 6>{static_cast<float>(t.top), static_cast<float>(t.left), static_cast<float>(t.flip),
                                                       t.noise[0], t.noise[1], t.noise[2]}));
    }
  }
}

TEST_F(LoaderTest, ThreadsDoNotChangeBatches) {
  // 21 pictures a batch: chunks that do not divide it.
  const std::vector<Copy> one = take(*training(21, 1), 12), one_eval = take(*evaluation(3, 1), 12);
  for (const int threads : {2, 3}) {
    EXPECT_EQ(take(*training(21, threads), 12), one);
    EXPECT_EQ(take(*evaluation(3, threads), 12), one_eval);
  }
}

TEST_F(LoaderTest, ResumesAnywhere) {
  const std::vector<Copy> whole = take(*training(6, 2), 15);
  for (const std::uint64_t batch : {1, 3, 7, 10}) {
    const std::vector<Copy> rest = take(*training(6, 2, batch * 6), static_cast<int>(15 - batch));
    EXPECT_EQ(rest, std::vector<Copy>(whole.begin() + static_cast<std::ptrdiff_t>(batch), whole.end()));
  }
  // Another batch size cuts the same stream elsewhere.
  const Copy odd = take(*training(5, 2, 7), 1)[0];
  EXPECT_EQ(odd.indices, (std::vector<std::uint64_t>{whole[1].indices[1], whole[1].indices[2], whole[1].indices[3], whole[1].indices[4],
                                                     whole[1].indices[5]}));
  EXPECT_TRUE(std::equal(odd.transforms.begin(), odd.transforms.end(), whole[1].transforms.begin() + 1));
}

TEST_F(LoaderTest, LimitTakesTheFirstPictures) {
  std::vector<std::uint64_t> seen;
  for (const Copy& c : take(*training(4, 2, 0, 7), 7)) seen.insert(seen.end(), c.indices.begin(), c.indices.end());
  ASSERT_EQ(seen.size(), 28U);  // 4 epochs of 7
  for (std::ptrdiff_t e = 0; e < 4; ++e) {
    std::vector<std::uint64_t> epoch(seen.begin() + 7 * e, seen.begin() + 7 * (e + 1));
    std::sort(epoch.begin(), epoch.end());
    EXPECT_EQ(epoch, (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6}));
  }
  EXPECT_EQ(take(*training(4, 1, 0, 1000), 6), take(*training(4, 1), 6));
  const std::vector<Copy> eval = take(*evaluation(4, 2, 5), 9);
  ASSERT_EQ(eval.size(), 2U);
  EXPECT_EQ(eval[1].indices, (std::vector<std::uint64_t>{4}));
}

TEST_F(LoaderTest, BatchLargerThanTheDataSet) {
  const Copy c = take(*training(50, 2), 1)[0];
  ASSERT_EQ(c.indices.size(), 50U);
  for (const std::ptrdiff_t epoch : {0, 1}) {
    std::vector<std::uint64_t> order(c.indices.begin() + 20 * epoch, c.indices.begin() + 20 * (epoch + 1));
    std::sort(order.begin(), order.end());
    for (std::uint64_t i = 0; i < 20; ++i) EXPECT_EQ(order[i], i);
  }
}

TEST_F(LoaderTest, EvaluationPadsItsLastBatch) {
  const auto loader = evaluation(3, 2);
  const std::vector<Copy> batches = take(*loader, 9);
  ASSERT_EQ(batches.size(), 3U);
  std::uint64_t next = 0;
  for (const Copy& c : batches) {
    EXPECT_EQ(c.first_sample, next);
    for (std::size_t i = 0; i < c.indices.size(); ++i) {
      EXPECT_EQ(c.indices[i], next++);
      expect_known_picture(c, i, "val");
    }
    for (const auto& t : c.transforms) EXPECT_EQ(t, (std::array<float, 6>{1, 1, 0, 0, 0, 0}));  // (8 - 5) / 2
  }
  EXPECT_EQ(next, 7U);
  EXPECT_EQ(batches[2].valid, 1);
  EXPECT_EQ(batches[2].labels, (std::vector<std::int32_t>{batches[2].labels[0], 0, 0}));
  EXPECT_TRUE(std::all_of(batches[2].pixels.begin() + 192, batches[2].pixels.end(), [](std::uint8_t v) { return v == 0; }));
  EXPECT_EQ(loader->next(), nullptr);
}

TEST_F(LoaderTest, PaddingIsZeroedWhenASlotIsUsedAgain) {
  options_.samples["val"] = 19;
  manifest_ = write_small_dataset(folder(), options_);
  const std::vector<Copy> batches = take(*evaluation(3, 2), 9);  // 7 batches in 4 slots
  ASSERT_EQ(batches.size(), 7U);
  EXPECT_EQ(batches[6].valid, 1);
  EXPECT_TRUE(std::all_of(batches[6].pixels.begin() + 192, batches[6].pixels.end(), [](std::uint8_t v) { return v == 0; }));
}

TEST_F(LoaderTest, TwoBatchesMayBeOutInAnyOrder) {
  const std::vector<Copy> expected = take(*training(4, 1), 30);
  const auto loader = training(4, 2);
  const Batch* held = loader->next();  // held back while the ring goes round many times
  for (std::size_t i = 1; i < 30; ++i) {
    const Batch* batch = loader->next();
    EXPECT_EQ(copy(*batch), expected[i]);
    loader->give_back(batch);
  }
  EXPECT_EQ(copy(*held), expected[0]);
  const Batch* second = loader->next();
  expect_error(ExitCode::internal, {"2 batches are out"}, [&] { loader->next(); });
  loader->give_back(held);
  loader->give_back(second);
  expect_error(ExitCode::internal, {"not out"}, [&] { loader->give_back(second); });
}

TEST_F(LoaderTest, DamagedPictureIsNamed) {
  damage("val", {4, 5});
  for (const int threads : {1, 3}) {
    const auto loader = evaluation(3, threads);
    EXPECT_EQ(take(*loader, 1)[0].indices, (std::vector<std::uint64_t>{0, 1, 2}));
    for (int again = 0; again < 2; ++again)
      expect_error(ExitCode::bad_data, {"val-000000.tar", "picture 00000004", "alexnet prepare"}, [&] { loader->next(); });
  }
}

TEST_F(LoaderTest, TheFirstOfSeveralDamagedPicturesIsNamed) {
  options_.samples["val"] = 60;
  manifest_ = write_small_dataset(folder(), options_);
  damage("val", {11, 27, 43, 58});
  for (int round = 0; round < 10; ++round) {
    const auto loader = evaluation(60, 3);
    expect_error(ExitCode::bad_data, {"val-000001.tar", "picture 00000011"}, [&] { loader->next(); });
  }
}

TEST_F(LoaderTest, PictureOfAnotherSizeIsNamed) {
  manifest_.size = 9;
  const auto loader = evaluation(3, 2);
  expect_error(ExitCode::bad_data, {"val-000000.tar", "picture 00000000"}, [&] { loader->next(); });
}

TEST_F(LoaderTest, LabelOutsideTheClassesIsNamed) {
  manifest_.classes.resize(1);
  const auto loader = evaluation(3, 2);
  expect_error(ExitCode::bad_data, {"val-000000.tar", "picture 00000001", "1 classes"}, [&] { loader->next(); });
}

TEST_F(LoaderTest, MayBeDestroyedAtAnyTime) {
  for (int round = 0; round < 30; ++round) {
    const auto loader = training(16, round % 3 + 1);
    for (int i = 0; i < round % 3; ++i) {
      const Batch* batch = loader->next();
      ASSERT_NE(batch, nullptr);
      if (round % 2 == 0) loader->give_back(batch);
    }
  }
}

TEST_F(LoaderTest, RejectsWhatCannotBeLoaded) {
  expect_error(ExitCode::configuration, {"train.batch_size: 0"}, [&] { training(0, 1); });
  expect_error(ExitCode::configuration, {"train.batch_size: 99999999999"}, [&] { training(99999999999, 1); });
  manifest_.splits["none"] = {};
  expect_error(ExitCode::bad_data, {"no pictures"}, [&] { Loader(shards("none"), manifest_, 3, 1, 5, 0); });
  expect_error(ExitCode::configuration, {"data.crop: 9", "8x8"}, [&] { Loader(shards("val"), manifest_, 3, 1, 9, 0); });
}

}  // namespace
}  // namespace alexnet
