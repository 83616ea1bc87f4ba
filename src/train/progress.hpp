// How fast a training goes and when it will be done, as text and numbers.
#pragma once

#include <cstdint>
#include <string>

namespace alexnet {

double now_s();  // of the steady clock

// A piece of training: its seconds, those of them spent waiting for the loader, its pictures.
struct Pace {
  double seconds = 0, waited_s = 0;
  std::uint64_t images = 0;
  double images_per_s() const { return seconds > 0 ? static_cast<double>(images) / seconds : 0; }
  // Fraction of the seconds.
  double data_wait() const { return seconds > 0 ? waited_s / seconds : 0; }
  void add(const Pace& other) {
    seconds += other.seconds;
    waited_s += other.waited_s;
    images += other.images;
  }
};

std::string format_duration(double seconds);  // "1:02:03", "4:05"

// "step 200/3910  epoch 0.51  loss 4.2101  top-1 92.00 %  38.1 images/s  data-wait 1 %  left 1:02:03"
struct ProgressLine {
  std::uint64_t step = 0, last_step = 0;
  double epoch = 0, loss = 0, top1_error = 0, seconds_left = 0;
  Pace pace;
  std::string str() const;
};

}  // namespace alexnet
