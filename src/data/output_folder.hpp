// OUT while it is being written: everything lies in OUT/.partial and is renamed at the end, so that OUT never looks like a data set
// before it is one.
#pragma once

#include <string>

namespace alexnet {

class OutputFolder {
 public:
  // Throws Error(output_exists) when OUT is a file, or a folder that is not empty; one whose last files only wait for their renaming
  // is free.
  static void require_free_name(const std::string& path);
  // Makes OUT and OUT/.partial. Throws as require_free_name does, Error(output_exists) when another process is writing there,
  // Error(io_failed) when it cannot be made.
  explicit OutputFolder(const std::string& path);
  // Removes what was written, and OUT if it was made here - unless an earlier run left it and it was not cleared, or it is kept.
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  const std::string& partial() const { return partial_; }
  // Where the writer says how far it is; never moved into OUT.
  std::string progress_path() const;
  // Removes what an earlier run left in partial().
  void clear_partial();
  // Whether partial() outlives this object.
  void keep(bool kept) { kept_ = kept; }
  bool is_kept() const { return kept_; }

  // Whether an earlier run had everything written and was stopped in commit().
  bool is_finished() const;
  // Renames every file of partial() into OUT, dataset.json last. Throws Error(io_failed); it can then be called again.
  void commit();

  // Throws Error(io_failed) when the disk holds less than `bytes`.
  void require_free_bytes(double bytes) const;

 private:
  std::string path_, partial_;
  bool made_ = false, kept_ = false;
  int lock_ = -1;
};

}  // namespace alexnet
