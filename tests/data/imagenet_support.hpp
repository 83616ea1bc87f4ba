// ImageNet's files in miniature, for tests: meta.mat byte by byte, the devkit, tars of tars, Kaggle's tree.
#pragma once

#include <zlib.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "data/picture_support.hpp"
#include "support/small_dataset.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {

// ---- MATLAB 5

template <class T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// Up to 4 bytes stand beside a short tag, as MATLAB writes them.
inline std::string mat_element(std::uint32_t type, const std::string& data) {
  if (!data.empty() && data.size() <= 4)
    return raw(static_cast<std::uint32_t>(data.size() << 16 | type)) + data + std::string(4 - data.size(), '\0');
  return raw(type) + raw(static_cast<std::uint32_t>(data.size())) + data + std::string((8 - data.size() % 8) % 8, '\0');
}

inline std::string mat_array(std::uint32_t kind, std::vector<std::int32_t> extents, const std::string& name, const std::string& contents) {
  std::string dims;
  for (const std::int32_t extent : extents) dims += raw(extent);
  return mat_element(14, mat_element(6, raw(std::uint64_t{kind})) + mat_element(5, dims) + mat_element(1, name) + contents);
}

inline std::string mat_number(double value) { return mat_array(6, {1, 1}, "", mat_element(9, raw(value))); }
inline std::string mat_text(const std::string& text) {
  return mat_array(4, {1, static_cast<std::int32_t>(text.size())}, "", mat_element(16, text));
}

struct MatSynset {
  std::string id, wnid, words, num_children = mat_number(0);  // each an array
};

inline MatSynset synset(int id, const std::string& wnid, const std::string& words) {
  return {mat_number(id), mat_text(wnid), mat_text(words)};
}

inline std::string mat_synsets(const std::vector<MatSynset>& synsets,
                               const std::vector<std::string>& fields = {"ILSVRC2012_ID", "WNID", "words", "num_children"}) {
  constexpr std::size_t kWidth = 32;
  std::string names, values;
  for (const std::string& field : fields) names += field + std::string(kWidth - field.size(), '\0');
  for (const MatSynset& s : synsets) values += s.id + s.wnid + s.words + s.num_children;
  return mat_array(2, {static_cast<std::int32_t>(synsets.size()), 1}, "synsets",
                   mat_element(5, raw(std::uint32_t{kWidth})) + mat_element(1, names) + values);
}

inline std::string mat_file(const std::string& elements) {
  std::string head = "MATLAB 5.0 MAT-file, of a test";
  head.resize(124, ' ');
  return head + raw(std::uint16_t{0x0100}) + "IM" + elements;
}

// zlib's own form, or gzip's.
inline std::string deflated(const std::string& text, bool gzip) {
  std::string packed(text.size() + 1024, '\0');
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, gzip ? 15 + 16 : 15, 8, Z_DEFAULT_STRATEGY);
  std::string input = text;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline std::string mat_compressed(const std::string& element) {
  const std::string packed = deflated(element, false);
  return raw(std::uint32_t{15}) + raw(static_cast<std::uint32_t>(packed.size())) + packed;
}

// ---- Tars

inline const std::string kTarEnd(1024, '\0');

inline std::string tar_of(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string tar;
  for (const auto& [name, content] : members) tar += tar_member(name, content);
  return tar + kTarEnd;
}

inline std::string devkit_tgz(const std::string& meta, const std::string& ground_truth) {
  return deflated(tar_of({{"ILSVRC2012_devkit_t12/readme.txt", "a readme"},
                          {"ILSVRC2012_devkit_t12/data/meta.mat", meta},
                          {"ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt", ground_truth}}),
                  true);
}

// ---- Three classes of three training and two validation pictures; the ILSVRC ids 3, 1, 2 are not in the order of the WordNet ids.
class MiniatureImagenet {
 public:
  explicit MiniatureImagenet(const TemporaryFolder& folder, std::string below = "") : folder_(folder), below_(std::move(below)) {}

  static std::string wnid(int c) { return fmt::format("n0000001{}", c); }
  static int ilsvrc_id(int c) { return c == 0 ? 3 : c; }
  // Validation pictures 1 to 6 are of the classes 1, 0, 2, 2, 1, 0.
  static int val_class(int number) { return std::string("102210")[static_cast<std::size_t>(number - 1)] - '0'; }
  static std::string val_name(int number) { return fmt::format("ILSVRC2012_val_{:08}.JPEG", number); }
  static std::string picture(int c, int i) {
    return text_of(encode_jpeg(smooth_picture(40 + i, 50 - c, static_cast<std::uint64_t>(100 * c + i)), 90));
  }
  static std::string train_name(int c, int i) { return fmt::format("{}_{}.JPEG", wnid(c), 10 + 45 * i); }  // _10, _55, _100

  static std::string class_tar(int c) {
    std::string tar;
    for (int i : {2, 0, 1}) tar += tar_member(train_name(c, i), picture(c, i));  // in an order of their own
    return tar + kTarEnd;
  }
  static std::string train_tar() {
    return tar_of({{wnid(2) + ".tar", class_tar(2)}, {wnid(0) + ".tar", class_tar(0)}, {wnid(1) + ".tar", class_tar(1)}});
  }
  static std::string val_tar() {
    std::string tar;
    for (int number : {4, 1, 6, 2, 3, 5}) tar += tar_member(val_name(number), picture(val_class(number), 10 + number));
    return tar + kTarEnd;
  }
  static std::string meta(bool compressed = true) {
    std::vector<MatSynset> synsets;
    for (int c : {1, 2, 0}) synsets.push_back(synset(ilsvrc_id(c), wnid(c), fmt::format("name {}, other name", c)));
    synsets.push_back({mat_number(4), mat_text("n99999999"), mat_text("entity"), mat_number(2)});
    return mat_file(compressed ? mat_compressed(mat_synsets(synsets)) : mat_synsets(synsets));
  }
  static std::string ground_truth() {
    std::string text;
    for (int number = 1; number <= 6; ++number) text += fmt::format("{}\n", ilsvrc_id(val_class(number)));
    return text;
  }

  std::string write(const std::string& name, const std::string& content) const { return folder_.write(below_ + name, content); }
  void write_train_tar() const { write("ILSVRC2012_img_train.tar", train_tar()); }
  void write_val_tar() const { write("ILSVRC2012_img_val.tar", val_tar()); }
  void write_devkit() const { write("ILSVRC2012_devkit_t12.tar.gz", devkit_tgz(meta(), ground_truth())); }
  void write_devkit_folder() const {
    write("ILSVRC2012_devkit_t12/data/meta.mat", meta(false));
    write("ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt", ground_truth());
  }
  void write_train_folder(const std::string& pictures = "") const {
    for (int c = 0; c < 3; ++c) {
      for (int i = 0; i < 3; ++i) write(pictures + "train/" + wnid(c) + "/" + train_name(c, i), picture(c, i));
    }
  }
  void write_val_folder(bool sorted, const std::string& pictures = "") const {
    for (int number = 1; number <= 6; ++number) {
      const int c = val_class(number);
      write(pictures + "val/" + (sorted ? wnid(c) + "/" : "") + val_name(number), picture(c, 10 + number));
    }
  }
  void write_tars() const {
    write_train_tar();
    write_val_tar();
    write_devkit();
  }
  void write_kaggle() const {
    write_train_folder("ILSVRC/Data/CLS-LOC/");
    write_val_folder(false, "ILSVRC/Data/CLS-LOC/");
    std::string solution = "ImageId,PredictionString\n", names;
    for (int number : {5, 2, 6, 1, 4, 3})
      solution += fmt::format("ILSVRC2012_val_{:08},{} 85 1 499 272 \n", number, wnid(val_class(number)));
    for (int c = 0; c < 3; ++c) names += fmt::format("{} name {}, other name\n", wnid(c), c);
    write("LOC_val_solution.csv", solution);
    write("LOC_synset_mapping.txt", names);
  }

 private:
  const TemporaryFolder& folder_;
  std::string below_;
};

}  // namespace alexnet
