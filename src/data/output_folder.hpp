// OUT while it is being written: everything lies in OUT/.partial and is renamed at the end, so that OUT never looks like a data set
// before it is one. What a killed run left there is removed by the next.
#pragma once

#include <string>

namespace alexnet {

class OutputFolder {
 public:
  // Throws Error(output_exists) when OUT is a file, or a folder that is not empty.
  static void require_free_name(const std::string& path);
  // Makes OUT and OUT/.partial. Throws Error(output_exists) when OUT is not empty or another process is writing there,
  // Error(io_failed) when it cannot be made.
  explicit OutputFolder(const std::string& path);
  ~OutputFolder();  // without commit: removes what was written, and OUT if it was made here
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  const std::string& partial() const { return partial_; }
  // Renames every file of partial() into OUT.
  void move_files();
  // Keeps what was moved.
  void commit() { committed_ = true; }

  // Throws Error(io_failed) when the disk holds less than `bytes`.
  void require_free_bytes(double bytes) const;

 private:
  void discard() noexcept;

  std::string path_, partial_;
  bool made_ = false, committed_ = false;
  int lock_ = -1;
  std::string moved_;  // names, one a line
};

}  // namespace alexnet
