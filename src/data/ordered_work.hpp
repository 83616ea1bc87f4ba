// n pieces of work made by threads and taken in order: for i = 0 ... n-1, consume(i, produce(worker, i)).
//
// At most `window` pieces are ahead of the one being consumed, so memory is bounded however uneven the work is. `consume` runs on the
// calling thread; when it returns false the rest is dropped. The first exception of either side ends all threads and is thrown here.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace alexnet {

template <class Result, class Produce, class Consume>
void ordered_work(std::uint64_t n, int num_workers, std::size_t window, Produce produce, Consume consume) {
  std::mutex mutex;
  std::condition_variable room, arrival;
  std::vector<std::optional<Result>> slots(window);
  std::uint64_t next = 0, consumed = 0;
  bool stop = false;
  std::exception_ptr failure;

  const auto work = [&](int worker) {
    std::unique_lock lock(mutex);
    for (;;) {
      room.wait(lock, [&] { return stop || next == n || next < consumed + window; });
      if (stop || next == n) return;
      const std::uint64_t i = next++;
      lock.unlock();
      std::optional<Result> result;
      std::exception_ptr thrown;
      try {
        result.emplace(produce(worker, i));
      } catch (...) {
        thrown = std::current_exception();
      }
      lock.lock();
      if (thrown) {
        if (!failure) failure = thrown;
        stop = true;
        room.notify_all();
      } else {
        slots[i % window] = std::move(result);
      }
      arrival.notify_one();
    }
  };

  std::vector<std::thread> threads;
  const auto end_threads = [&] {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    room.notify_all();
    for (std::thread& thread : threads) thread.join();
  };
  try {
    for (int worker = 0; worker < num_workers; ++worker) threads.emplace_back(work, worker);
    bool go_on = true;
    for (std::uint64_t i = 0; i < n && go_on; ++i) {
      std::unique_lock lock(mutex);
      arrival.wait(lock, [&] { return failure || slots[i % window].has_value(); });
      if (failure) break;
      Result result = std::move(*slots[i % window]);
      slots[i % window].reset();
      lock.unlock();
      go_on = consume(i, std::move(result));
      lock.lock();
      consumed = i + 1;
      lock.unlock();
      room.notify_all();
    }
  } catch (...) {
    end_threads();
    throw;
  }
  end_threads();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace alexnet
