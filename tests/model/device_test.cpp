// Which ranks and devices a config's `device` section makes.
#include "alexnet/model/device.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"

namespace alexnet {
namespace {

DeviceConfig device(std::int64_t column_devices, std::optional<std::int64_t> replicas, std::vector<std::int64_t> ids = {}) {
  DeviceConfig config;
  config.backend = "onednn";
  config.column_devices = column_devices;
  config.replicas = replicas;
  config.ids = std::move(ids);
  return config;
}

TEST(RankLayout, OfReplicasIdsAndStartedProcesses) {
  const auto expect_layout = [](const RankLayout& layout, int columns, int replicas) {
    EXPECT_EQ(layout.columns, columns);
    EXPECT_EQ(layout.replicas, replicas);
  };
  expect_layout(rank_layout(device(1, {}), 1), 1, 1);
  expect_layout(rank_layout(device(2, {}), 1), 2, 1);
  expect_layout(rank_layout(device(2, 3), 1), 2, 3);
  expect_layout(rank_layout(device(1, {}, {4, 5, 6}), 1), 1, 3);
  expect_layout(rank_layout(device(2, {}, {0, 0, 1, 1}), 1), 2, 2);
  expect_layout(rank_layout(device(1, {}), 4), 1, 4);
  expect_layout(rank_layout(device(2, {}), 4), 2, 2);
  expect_layout(rank_layout(device(2, 2), 4), 2, 2);
  const RankLayout layout{2, 3};
  EXPECT_EQ(layout.num_ranks(), 6);
  EXPECT_EQ(layout.column_of(5), 1);
  EXPECT_EQ(layout.replica_of(5), 2);
}

TEST(RankLayout, WhatDoesNotFitIsRefusedWithFigures) {
  expect_error(ExitCode::configuration, {"column_devices is 2, but 3 ranks were started", "device.column_devices=1"},
               [] { rank_layout(device(2, {}), 3); });
  expect_error(ExitCode::configuration,
               {"replicas is 3 and device.column_devices 2", "6 ranks, but 4 were started", "device.replicas=auto"},
               [] { rank_layout(device(2, 3), 4); });
  expect_error(ExitCode::configuration, {"device.ids names 3 devices, but 1 replica of 2 column devices need 2"}, [] {
    rank_layout(device(2, {}, {0, 1, 2}), 1);
  });
  expect_error(ExitCode::configuration, {"device.ids names 1 device, but 2 replicas of 1 column device need 2"},
               [] { rank_layout(device(1, 2, {0}), 1); });
}

TEST(OpenDevice, ARankWithoutADeviceIsRefused) {
  expect_error(ExitCode::configuration, {"device.ids names 1 device, but 2 ranks run on this host", "the same one twice"},
               [] { open_device(device(1, {}, {0}), {.index = 1, .num_on_host = 2, .num_sharing = 2}); });
}

TEST(OpenDevice, RanksOnOneHostShareItsCores) {
  const auto alone = open_device(device(1, {})), crowded = open_device(device(1, {}), {.index = 0, .num_on_host = 64, .num_sharing = 4096});
  EXPECT_NE(alone->description(), "");
  EXPECT_NE(crowded->description().find(", 1 thread"), std::string::npos) << crowded->description();
}

}  // namespace
}  // namespace alexnet
