#include "config/known_keys.hpp"

#include "config/fields.hpp"

namespace alexnet {
namespace {

class KeyCollector {
 public:
  explicit KeyCollector(std::string prefix) : prefix_(std::move(prefix)) {}

  template <class T>
  void operator()(const char* key, T&& field, const Rule& = {}) {
    keys_.push_back(prefix_ + key);
    KeyCollector below(prefix_ + key + ".");
    if constexpr (requires { describe(below, field); }) {
      describe(below, field);
      keys_.insert(keys_.end(), below.keys_.begin(), below.keys_.end());
    }
  }
  void layers(const char* key, const ModelConfig&) { keys_.push_back(prefix_ + key); }
  const std::vector<std::string>& keys() const { return keys_; }

 private:
  std::string prefix_;
  std::vector<std::string> keys_;
};

}  // namespace

const std::vector<std::string>& known_keys() {
  static const std::vector<std::string> keys = [] {
    KeyCollector collector("");
    const Config config;
    describe(collector, config);
    return collector.keys();
  }();
  return keys;
}

std::vector<std::string> known_layer_keys(const std::string& type) {
  std::vector<std::string> keys;
  for (const std::string& candidate : layer_types()) {
    if (!type.empty() && candidate != type) continue;
    KeyCollector collector("");
    LayerConfig layer;
    layer.type = candidate;
    describe(collector, layer);
    keys.insert(keys.end(), collector.keys().begin(), collector.keys().end());
  }
  return keys;
}

}  // namespace alexnet
