// Streams do everything at once, but for what a stand-in of a library gives them: that goes on until it is done, as a kernel of NCCL does
// that waits for other devices. What comes after it waits.
#pragma once

#include <functional>

#include "emulator/cuda/cuda_runtime.h"

namespace alexnet::emulator {

// `work` is called again and again, by the thread that asks after the stream, until it returns true.
void give_work(cudaStream_t stream, std::function<bool()> work);
int device_of(cudaStream_t stream);

// Waits for what the stream was given. An error when it is not one of this thread's current device.
cudaError_t begin_in(cudaStream_t stream);

}  // namespace alexnet::emulator
