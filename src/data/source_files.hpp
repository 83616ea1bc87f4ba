// What layouts of picture files share: class names that become labels, pictures as loose files or as members of tars that stay packed.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/positioned_file.hpp"
#include "data/source.hpp"
#include "data/tar_walk.hpp"

namespace alexnet {

// ---- Listing

// Not of hidden files: tars that were made on a Mac hold a ._name beside every name.
bool has_picture_extension(const std::filesystem::path& path);
// Entries in byte order of their names, without hidden ones. Throws Error(no_input).
std::vector<std::filesystem::directory_entry> list_folder(const std::filesystem::path& folder);
std::vector<std::string> subfolders(const std::filesystem::path& folder);
bool is_folder(const std::filesystem::path& path);
bool is_folder(const std::filesystem::directory_entry& entry);  // known from the listing
bool is_file(const std::filesystem::path& path);

// "a/b/c.jpg" -> "c.jpg" -> "c".
std::string_view base_name(std::string_view path);
std::string_view stem(std::string_view path);

class FileSource : public Source {
 public:
  FileSource(std::string layout_name, std::filesystem::path root);
  std::variant<EncodedPicture, Picture> load(const std::string& split, const SourceItem& item) const override;

  // Of members of tars. The size of a loose file would cost a stat, and a network disk a round trip each.
  std::uint64_t known_bytes(const SourceItem& item) const override;

  const std::filesystem::path& root() const { return root_; }

  // ---- Filling it. Labels count the classes in the order of their coming until finish().

  std::int32_t add_class(const std::string& id);  // the label of a known id, or of a new one
  std::optional<std::int32_t> find_class(const std::string& id) const;

  // `path` is relative to the root. The picture is looked for when it is loaded.
  void add_file(std::vector<SourceItem>& items, const std::string& path, std::int32_t label);
  // The pictures in the folder and below; other files are counted.
  void add_files_below(std::vector<SourceItem>& items, const std::filesystem::path& folder, std::int32_t label);

  // Opens a tar, which may lie anywhere. Throws Error(no_input), or Error(bad_data) when it is something else than a tar.
  std::size_t add_tar(const std::string& path);
  const PositionedFile& tar(std::size_t index) const { return *tars_[index]; }
  // `begin` and `end` are those of a tar inside this one, called `inner`.
  TarWalk walk_tar(std::size_t tar) const { return walk_tar(tar, "", 0, tars_[tar]->bytes()); }
  TarWalk walk_tar(std::size_t tar, const std::string& inner, std::uint64_t begin, std::uint64_t end) const;
  void add_member(std::vector<SourceItem>& items, const std::string& shown_path, std::int32_t label, std::size_t tar,
                  const TarMember& member);

  void count_skipped() { ++num_skipped_; }

  // Removes the classes that have no training picture, and returns their ids. Only while there is no other split.
  std::vector<std::string> drop_empty_classes();
  // Puts classes and items into the order that source.hpp promises; looks at a few pictures for native_size.
  void finish();

 private:
  struct Member {
    std::uint64_t offset;
    std::uint32_t bytes, tar;
  };
  void relabel(const std::vector<std::int32_t>& new_label);

  std::filesystem::path root_;
  std::unordered_map<std::string, std::int32_t> label_of_id_;
  std::vector<std::unique_ptr<PositionedFile>> tars_;
  std::vector<Member> members_;
  std::uint64_t num_files_ = 0, num_skipped_ = 0;
};

// How many bytes the file has, and how many the official one, where it is called like one. For messages.
std::string told_size(const PositionedFile& file);

}  // namespace alexnet
