#include "data/source_imagenet.hpp"

#include <algorithm>

#include "alexnet/core/error.hpp"
#include "data/text_lines.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

// "some/n01440764.tar" -> "n01440764", or "".
std::string wnid_of_tar(std::string_view name) {
  const std::string_view id = stem(name);
  return name.ends_with(".tar") && is_wnid(id) ? std::string(id) : "";
}

// The pictures of one class: the tar in [begin, end) of a tar, called `shown_path`.
void add_class_tar(FileSource& source, std::size_t tar, const std::string& wnid, const std::string& shown_path, const std::string& inner,
                   std::uint64_t begin, std::uint64_t end) {
  std::vector<SourceItem>& items = source.splits["train"];
  const std::int32_t label = source.add_class(wnid);
  TarWalk walk = source.walk_tar(tar, inner, begin, end);
  for (TarMember member; walk.next(member);) {
    if (!member.is_file) continue;
    if (has_picture_extension(member.name)) {
      source.add_member(items, shown_path + "/" + member.name, label, tar, member);
    } else {
      source.count_skipped();
    }
  }
}

void require_end_mark(const FileSource& source, std::size_t tar, const TarWalk& walk) {
  if (walk.has_end_mark()) return;
  const PositionedFile& file = source.tar(tar);
  fail(ExitCode::bad_data, "{}: cut short at byte {}: the end mark of a tar is missing; {}: fetch it again", file.path(), file.bytes(),
       told_size(file));
}

}  // namespace

void add_training_folder(FileSource& source, const std::string& folder) {
  std::vector<SourceItem>& items = source.splits["train"];
  std::uint64_t num_strange = 0;
  for (const auto& entry : list_folder(source.root() / folder)) {
    const std::string name = entry.path().filename().string(), path = folder + "/" + name, tar_wnid = wnid_of_tar(name);
    if (is_folder(entry) && is_wnid(name)) {
      source.add_files_below(items, path, source.add_class(name));
    } else if (!tar_wnid.empty()) {
      const std::size_t tar = source.add_tar(entry.path().string());
      add_class_tar(source, tar, tar_wnid, path, "", 0, source.tar(tar).bytes());
    } else if (is_folder(entry)) {
      ++num_strange;
    } else {
      source.count_skipped();
    }
  }
  if (num_strange > 0)
    source.remarks.push_back(fmt::format("{}: {} folders that are not called by a WordNet id such as n01440764: left out",
                                         (source.root() / folder).string(), num_strange));
}

void add_training_tar(FileSource& source, const std::string& path) {
  const std::size_t tar = source.add_tar(path);
  std::vector<TarMember> class_tars;  // all, before any is looked into: so a file that was cut short is known at once
  TarWalk walk = source.walk_tar(tar);
  for (TarMember member; walk.next(member);) {
    if (member.is_file && !wnid_of_tar(member.name).empty()) {
      class_tars.push_back(member);
    } else if (member.is_file) {
      source.count_skipped();
    }
  }
  require_end_mark(source, tar, walk);
  const std::string shown = fs::path(path).filename().string() + "/";
  for (const TarMember& member : class_tars) {
    const std::string name(base_name(member.name));
    add_class_tar(source, tar, wnid_of_tar(name), shown + name, name, member.offset, member.offset + member.bytes);
  }
}

bool begins_with_class_tar(const std::string& path) {
  try {
    FileSource source("", "");
    TarMember member;
    return source.walk_tar(source.add_tar(path)).next(member) && !wnid_of_tar(member.name).empty();
  } catch (const Error&) {
    return false;
  }
}

void end_training(FileSource& source, const std::string& place) {
  const std::vector<std::string> empty = source.drop_empty_classes();
  if (source.classes.empty())
    fail(ExitCode::bad_data, "{}: no training picture: no class called by a WordNet id such as n01440764 with a picture in it", place);
  if (!empty.empty()) source.remarks.push_back(fmt::format("{}: no class: no picture in {}", place, fmt::join(empty, ", ")));
}

void ValidationLabels::add(std::size_t number, std::string_view picture, const std::string& wnid) {
  const auto [at, is_new] = wnid_of.try_emplace(std::string(picture), wnid);
  if (!is_new && at->second != wnid)
    fail(ExitCode::bad_data, "{}:{}: {} is of class {} here and of class {} in an earlier line", file, number, escaped(picture), wnid,
         at->second);
}

const std::string& Validation::wnid_of(const std::string& place, std::string_view name) const {
  if (labels_.file.empty())
    fail(ExitCode::no_input, "{}: its labels are missing: put {} into {}", place, labels_.wanted, labels_.wanted_in);
  const auto found = labels_.wnid_of.find(std::string(stem(name)));
  if (found == labels_.wnid_of.end())
    fail(ExitCode::bad_data, "{}: {}: no label in {}; one of the two is not as it was published, or remove the picture", place,
         escaped(name), labels_.file);
  return found->second;
}

// Where pictures of the class go; null: nowhere.
std::vector<SourceItem>* Validation::items_of(const std::string& wnid, std::uint64_t num_pictures) {
  if (source_.find_class(wnid)) return &source_.splits["val"];
  num_left_out_ += num_pictures;
  if (num_pictures > 0) strangers_.insert(wnid);
  return nullptr;
}

void Validation::add_folder(const std::string& folder) {
  const std::string place = (source_.root() / folder).string();
  for (const auto& entry : list_folder(place)) {
    const std::string name = entry.path().filename().string(), path = folder + "/" + name;
    if (is_folder(entry) && is_wnid(name)) {
      std::vector<SourceItem> found;
      source_.add_files_below(found, path, source_.find_class(name).value_or(0));
      if (std::vector<SourceItem>* items = items_of(name, found.size()))
        items->insert(items->end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    } else if (!is_folder(entry) && has_picture_extension(name)) {
      const std::string& wnid = wnid_of(place, name);
      ++num_labelled_;
      if (std::vector<SourceItem>* items = items_of(wnid, 1)) source_.add_file(*items, path, *source_.find_class(wnid));
    } else if (!is_folder(entry)) {
      source_.count_skipped();
    }
  }
}

void Validation::add_tar(const std::string& path) {
  const std::size_t tar = source_.add_tar(path);
  const std::string shown = fs::path(path).filename().string();
  TarWalk walk = source_.walk_tar(tar);
  for (TarMember member; walk.next(member);) {
    if (!member.is_file) continue;
    if (!has_picture_extension(member.name)) {
      source_.count_skipped();
      continue;
    }
    const std::string& wnid = wnid_of(path, member.name);
    ++num_labelled_;
    if (std::vector<SourceItem>* items = items_of(wnid, 1))
      source_.add_member(*items, shown + "/" + std::string(base_name(member.name)), *source_.find_class(wnid), tar, member);
  }
  require_end_mark(source_, tar, walk);
  if (num_labelled_ != labels_.wnid_of.size())
    fail(ExitCode::bad_data, "{}: {} pictures, but {} has {} labels; one of the two is not as it was published: fetch it again", path,
         num_labelled_, labels_.file, labels_.wnid_of.size());
}

void Validation::end(const std::string& place) {
  if (source_.splits["val"].empty())
    fail(ExitCode::bad_data, "{}: {}; move it away to set a share of train apart instead (--val-fraction)", place,
         num_left_out_ == 0 ? "no picture in it" : "none of its pictures is of a class that train has");
  if (num_left_out_ > 0)
    source_.remarks.push_back(
        fmt::format("{}: {} pictures of {} classes that train does not have: left out", place, num_left_out_, strangers_.size()));
  if (num_labelled_ > 0 && num_labelled_ < labels_.wnid_of.size())
    source_.remarks.push_back(fmt::format("{}: {} pictures, {} labels in {}", place, num_labelled_, labels_.wnid_of.size(), labels_.file));
}

}  // namespace alexnet
