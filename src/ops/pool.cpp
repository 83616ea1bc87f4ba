#include "alexnet/ops/pool.hpp"

namespace alexnet {

void check_pool(const PoolShape& s, const Tensor& src, const Tensor& dst) {
  check_tensor("pool: src or diff_src", src, {s.N, s.IH, s.IW, s.C}, s.type);
  check_tensor("pool: dst or diff_dst", dst, {s.N, s.OH, s.OW, s.C}, s.type);
}

}  // namespace alexnet
