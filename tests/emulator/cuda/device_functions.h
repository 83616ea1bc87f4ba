// CUDA's functions of the device: barriers, warp operations, atomics, arithmetic. What needs other threads is in the model
// (schedule.cpp); the wrappers are inlined always, so that a call's address belongs to a line of the kernel.
#pragma once

#include <math.h>  // NOLINT

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace alexnet::emulator {

enum class WarpKind : std::uint8_t { sync, shuffle, shuffle_up, shuffle_down, shuffle_xor, ballot };

// Waits until every unfinished lane of `mask` is here. Shuffles give the bits of the other lane's value, ballot those whose value is
// not 0.
std::uint64_t warp_operation(WarpKind kind, unsigned mask, std::uint64_t value, int argument, int width);

// The two halves of an atomic operation: other threads may run before the first, none between them.
std::uint64_t atomic_load(const void* address, unsigned bytes);
void atomic_store(void* address, unsigned bytes, std::uint64_t bits);

template <class T>
[[gnu::always_inline]] inline T exchange(WarpKind kind, unsigned mask, T value, int argument, int width) {
  static_assert(std::is_trivially_copyable_v<T> && (sizeof(T) == 4 || sizeof(T) == 8));
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  return std::bit_cast<T>(static_cast<Bits>(warp_operation(kind, mask, std::bit_cast<Bits>(value), argument, width)));
}

// The value at *address before; afterwards it holds next(value).
template <class T, class F>
[[gnu::always_inline]] inline T atomic_update(T* address, F next) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  const T before = std::bit_cast<T>(static_cast<Bits>(atomic_load(address, sizeof(T))));
  atomic_store(address, sizeof(T), std::bit_cast<Bits>(static_cast<T>(next(before))));
  return before;
}

}  // namespace alexnet::emulator

void __syncthreads();
#define ALEXNET_EMULATOR_INLINE [[gnu::always_inline]] inline

ALEXNET_EMULATOR_INLINE void __syncwarp(unsigned mask = 0xffffffffU) {
  alexnet::emulator::warp_operation(alexnet::emulator::WarpKind::sync, mask, 0, 0, 32);
}
template <class T>
ALEXNET_EMULATOR_INLINE T __shfl_sync(unsigned mask, T value, int lane, int width = 32) {
  return alexnet::emulator::exchange(alexnet::emulator::WarpKind::shuffle, mask, value, lane, width);
}
template <class T>
ALEXNET_EMULATOR_INLINE T __shfl_up_sync(unsigned mask, T value, unsigned lanes, int width = 32) {
  return alexnet::emulator::exchange(alexnet::emulator::WarpKind::shuffle_up, mask, value, static_cast<int>(lanes), width);
}
template <class T>
ALEXNET_EMULATOR_INLINE T __shfl_down_sync(unsigned mask, T value, unsigned lanes, int width = 32) {
  return alexnet::emulator::exchange(alexnet::emulator::WarpKind::shuffle_down, mask, value, static_cast<int>(lanes), width);
}
template <class T>
ALEXNET_EMULATOR_INLINE T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32) {
  return alexnet::emulator::exchange(alexnet::emulator::WarpKind::shuffle_xor, mask, value, lane_mask, width);
}
ALEXNET_EMULATOR_INLINE unsigned __ballot_sync(unsigned mask, int predicate) {
  return static_cast<unsigned>(alexnet::emulator::warp_operation(alexnet::emulator::WarpKind::ballot, mask, predicate != 0 ? 1 : 0, 0, 32));
}
ALEXNET_EMULATOR_INLINE int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0 ? 1 : 0; }
ALEXNET_EMULATOR_INLINE int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate == 0) == 0 ? 1 : 0; }

template <class T>
ALEXNET_EMULATOR_INLINE T atomicAdd(T* address, std::type_identity_t<T> value) {
  return alexnet::emulator::atomic_update(address, [=](T before) { return before + value; });
}
template <class T>
ALEXNET_EMULATOR_INLINE T atomicMax(T* address, std::type_identity_t<T> value) {
  return alexnet::emulator::atomic_update(address, [=](T before) { return before < value ? value : before; });
}
template <class T>
ALEXNET_EMULATOR_INLINE T atomicCAS(T* address, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
  return alexnet::emulator::atomic_update(address, [=](T before) { return before == expected ? value : before; });
}

template <class T>
ALEXNET_EMULATOR_INLINE T __ldg(const T* address) {
  return *address;
}
inline int __popc(unsigned bits) { return std::popcount(bits); }
inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline int __float_as_int(float value) { return std::bit_cast<int>(value); }
inline float __int_as_float(int bits) { return std::bit_cast<float>(bits); }
inline float rsqrtf(float x) { return 1.0F / sqrtf(x); }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline float max(float a, float b) { return fmaxf(a, b); }
inline float min(float a, float b) { return fminf(a, b); }
inline int max(int a, int b) { return a < b ? b : a; }
inline int min(int a, int b) { return b < a ? b : a; }
