// What the layouts of ImageNet share: classes called by WordNet ids, packed or unpacked, and validation pictures whose labels stand in
// a table.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <unordered_map>

#include "data/devkit.hpp"
#include "data/source_files.hpp"

namespace alexnet {

// The training pictures of a folder: class folders n01440764/ and class tars n01440764.tar.
void add_training_folder(FileSource& source, const std::string& folder);
// A tar of class tars.
void add_training_tar(FileSource& source, const std::string& path);
bool begins_with_class_tar(const std::string& path);  // whether the file is one, by its first member
// To be called after these: says which classes have no pictures. Throws Error(bad_data) when there is no class at all.
void end_training(FileSource& source, const std::string& place);

// Labels of pictures by their file names without extension.
struct ValidationLabels {
  std::string file;  // for messages; "": there are none
  std::unordered_map<std::string, std::string> wnid_of;
  std::string wanted, wanted_in;  // where there is no file: what it is called, and the folder to put it into

  // Line `number` of the file. Throws Error(bad_data) when the picture has another class by an earlier line.
  void add(std::size_t number, std::string_view picture, const std::string& wnid);
};

// Fills the split "val". Classes that train does not have are left out and counted.
class Validation {
 public:
  Validation(FileSource& source, const ValidationLabels& labels) : source_(source), labels_(labels) {}
  void add_folder(const std::string& folder);  // pictures with labels of the table, and class folders
  void add_tar(const std::string& path);       // pictures with labels of the table
  void end(const std::string& place);          // remarks; throws Error(bad_data) when nothing is left

 private:
  const std::string& wnid_of(const std::string& place, std::string_view name) const;
  std::vector<SourceItem>* items_of(const std::string& wnid, std::uint64_t num_pictures);

  FileSource& source_;
  const ValidationLabels& labels_;
  std::uint64_t num_labelled_ = 0, num_left_out_ = 0;
  std::set<std::string> strangers_;
};

}  // namespace alexnet
