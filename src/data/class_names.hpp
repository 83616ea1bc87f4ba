// Names of classes for people: LOC_synset_mapping.txt ("n01440764 tench, Tinca tinca") and words.txt ("n01440764<TAB>tench, Tinca tinca").
#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "alexnet/data/dataset.hpp"

namespace alexnet {

using ClassNames = std::unordered_map<std::string, std::string>;  // by id

// Throws Error(no_input), or Error(bad_data) when an id stands there twice.
ClassNames read_class_names(const std::string& path);
// Of the first of the two files that lies in the folder; none: empty.
ClassNames find_class_names(const std::filesystem::path& folder);

// Classes that have no name there keep theirs.
void give_names(std::vector<ClassInfo>& classes, const ClassNames& names);

}  // namespace alexnet
