// CUDA's vector types. A copy of one is one access of its whole size, as on the GPU: the model is told, since the compiler would show
// it as several small ones or none.
#pragma once

namespace alexnet::emulator {

// Copies `bytes` (8 or 16); where one side is global or shared memory, it is checked as one access.
void copy_vector(void* dst, const void* src, unsigned bytes);

template <class T>
struct alignas(2 * sizeof(T)) Vector2 {
  T x, y;
  Vector2() = default;
  Vector2(T a, T b) : x(a), y(b) {}
  [[gnu::always_inline]] Vector2(const Vector2& other) { copy_vector(this, &other, sizeof *this); }
  [[gnu::always_inline]] Vector2& operator=(const Vector2& other) { return copy_vector(this, &other, sizeof *this), *this; }
};

template <class T>
struct alignas(16) Vector4 {
  T x, y, z, w;
  Vector4() = default;
  Vector4(T a, T b, T c, T d) : x(a), y(b), z(c), w(d) {}
  [[gnu::always_inline]] Vector4(const Vector4& other) { copy_vector(this, &other, sizeof *this); }
  [[gnu::always_inline]] Vector4& operator=(const Vector4& other) { return copy_vector(this, &other, sizeof *this), *this; }
};

}  // namespace alexnet::emulator

using float2 = alexnet::emulator::Vector2<float>;
using float4 = alexnet::emulator::Vector4<float>;
using int2 = alexnet::emulator::Vector2<int>;
using int4 = alexnet::emulator::Vector4<int>;
using uint2 = alexnet::emulator::Vector2<unsigned>;
using uint4 = alexnet::emulator::Vector4<unsigned>;
using double2 = alexnet::emulator::Vector2<double>;

inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
