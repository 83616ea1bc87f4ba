// Mean image and colour axes of a training split, in one pass.
//
// Only integers are summed, so the sums are exact and do not depend on the order of the pictures or on how many workers share them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "alexnet/data/dataset.hpp"

namespace alexnet {

class StatisticsAccumulator {
 public:
  StatisticsAccumulator(std::int64_t height, std::int64_t width);

  void add(const std::uint8_t* rgb);  // (height, width, 3)
  void merge(const StatisticsAccumulator& other);
  std::uint64_t num_images() const { return num_images_; }

  // All that was added, for going on later: number of images, sums, products.
  std::vector<std::uint64_t> sums() const;
  void restore(const std::vector<std::uint64_t>& sums);

  // mean_image: per pixel and channel. Axes: eigenvectors of the covariance of (R, G, B) over all pixels of all pictures about the mean
  // colour, the largest component of each positive; eigenvalues: variances along them, descending. Needs one picture at least.
  DatasetStatistics finish() const;

 private:
  std::int64_t height_, width_;
  std::uint64_t num_images_ = 0;
  std::vector<std::uint64_t> sum_;           // (height, width, 3)
  std::array<std::uint64_t, 6> products_{};  // sums of RR, RG, RB, GG, GB, BB; exact up to 2^48 pixels
};

}  // namespace alexnet
