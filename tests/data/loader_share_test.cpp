// Several ranks cut the stream of pictures among themselves: together they get what one alone would.
#include <algorithm>

#include "data/loader_fixture.hpp"

namespace alexnet {
namespace {

// One position of the stream, as a rank got it.
struct Image {
  std::uint64_t index = 0;
  std::int32_t label = 0;
  std::array<float, 6> transform{};
  bool operator==(const Image&) const = default;
};

class LoaderShareTest : public LoaderTest {
 protected:
  // Adds a rank's images to `stream`; each position must be new.
  static void add(const std::vector<Copy>& batches, std::map<std::uint64_t, Image>& stream) {
    for (const Copy& c : batches) {
      for (std::size_t i = 0; i < c.indices.size(); ++i)
        EXPECT_TRUE(stream.emplace(c.first_sample + i, Image{c.indices[i], c.labels[i], c.transforms[i]}).second) << c.first_sample + i;
    }
  }
};

TEST(Share, CutsABatchIntoContiguousParts) {
  for (const std::int64_t batch_size : {7, 8, 9, 14, 128}) {
    for (const int num_ranks : {1, 2, 3, 7}) {
      std::int64_t next = 0, before = batch_size;
      for (int rank = 0; rank < num_ranks; ++rank) {
        const Share share{rank, num_ranks};
        const std::int64_t size = share.size(batch_size);
        EXPECT_EQ(share.begin(batch_size), next);
        EXPECT_LE(size, before) << "the first parts are the longer ones";
        EXPECT_LE(batch_size / num_ranks, size);
        EXPECT_LE(size, batch_size / num_ranks + 1);
        next += size;
        before = size;
      }
      EXPECT_EQ(next, batch_size);
    }
  }
}

TEST_F(LoaderShareTest, RanksSeeEveryPositionOfTrainingOnce) {
  for (const std::int64_t batch_size : {7, 9, 16}) {
    for (const std::uint64_t first_sample : {0, 5}) {
      const int num_batches = 80 / static_cast<int>(batch_size) + 1;  // four epochs of 20, with batches over their ends
      std::map<std::uint64_t, Image> alone;
      add(take(*training(batch_size, 2, first_sample), num_batches), alone);
      ASSERT_EQ(alone.size(), static_cast<std::size_t>(num_batches * batch_size));
      for (const int num_ranks : {2, 3, 7}) {
        std::map<std::uint64_t, Image> together;
        for (int rank = 0; rank < num_ranks; ++rank) {
          const Share share{rank, num_ranks};
          const std::vector<Copy> batches = take(*training(batch_size, 2, first_sample, 0, share), num_batches);
          ASSERT_EQ(batches.size(), static_cast<std::size_t>(num_batches));
          for (std::size_t b = 0; b < batches.size(); ++b) {
            EXPECT_EQ(batches[b].valid, share.size(batch_size));
            EXPECT_EQ(batches[b].labels.size(), static_cast<std::size_t>(share.size(batch_size)));
            EXPECT_EQ(batches[b].first_sample,
                      first_sample + b * static_cast<std::uint64_t>(batch_size) + static_cast<std::uint64_t>(share.begin(batch_size)));
            expect_known_picture(batches[b], 0, "train");
          }
          add(batches, together);
        }
        EXPECT_EQ(together, alone) << num_ranks << " ranks, batches of " << batch_size;
      }
    }
  }
}

TEST_F(LoaderShareTest, RanksEvaluateEveryPictureOnce) {
  for (const std::uint64_t num_pictures : {7, 19, 28}) {
    options_.samples["val"] = num_pictures;
    manifest_ = write_small_dataset(folder(), options_);
    for (const std::int64_t batch_size : {7, 10, 40}) {
      for (const int num_ranks : {1, 2, 3, 7}) {
        std::map<std::uint64_t, Image> together;
        for (int rank = 0; rank < num_ranks; ++rank) {
          const std::vector<Copy> batches = take(*evaluation(batch_size, 2, 0, {rank, num_ranks}), 100);
          EXPECT_EQ(batches.size(), (num_pictures + static_cast<std::uint64_t>(batch_size) - 1) / static_cast<std::uint64_t>(batch_size))
              << "the same for every rank";
          for (const Copy& c : batches) {
            for (std::size_t i = 0; i < c.indices.size(); ++i) expect_known_picture(c, i, "val");
            EXPECT_TRUE(std::all_of(c.pixels.begin() + c.valid * 192, c.pixels.end(), [](std::uint8_t v) { return v == 0; }));
          }
          add(batches, together);
        }
        ASSERT_EQ(together.size(), num_pictures);
        for (const auto& [position, image] : together) EXPECT_EQ(image.index, position);
      }
    }
  }
}

TEST_F(LoaderShareTest, RejectsSharesThatAreNone) {
  for (const Share share : {Share{0, 0}, Share{-1, 2}, Share{2, 2}})
    expect_error(ExitCode::internal, {fmt::format("rank {} of {}", share.rank, share.num_ranks)}, [&] { training(4, 1, 0, 0, share); });
  expect_error(ExitCode::configuration, {"train.batch_size: 2", "from 3, an image for each rank"}, [&] { training(2, 1, 0, 0, {0, 3}); });
}

}  // namespace
}  // namespace alexnet
