#include "data/picture_preparer.hpp"

#include "alexnet/core/error.hpp"
#include "data/decode_formats.hpp"
#include "data/exif.hpp"

namespace alexnet {

PreparedPicture prepare_picture(const PreparePlan& plan, const std::string& split, const SourceItem& item, bool want_stored) {
  PreparedPicture prepared;
  try {
    auto loaded = plan.source->load(split, item);
    auto* encoded = std::get_if<EncodedPicture>(&loaded);
    Picture picture = encoded != nullptr ? decode_picture(*encoded) : std::move(std::get<Picture>(loaded));
    const int orientation = plan.exif_orientation && encoded != nullptr ? exif_orientation(*encoded) : 1;
    picture = apply_exif_orientation(std::move(picture), orientation);
    prepared.height = picture.height;
    prepared.width = picture.width;
    const bool jpeg = plan.encoding == "jpeg";
    const bool fits = picture.height == plan.size && picture.width == plan.size;
    if (jpeg && fits && encoded != nullptr && orientation == 1 && formats::is_baseline_jpeg(*encoded)) {
      prepared.bytes = std::move(*encoded);
      prepared.stored = std::move(picture);
    } else {
      if (!fits) picture = resize_and_crop(picture, plan.size);
      prepared.bytes = jpeg ? encode_jpeg(picture, plan.quality) : encode_ppm(picture);
      prepared.stored = jpeg && want_stored ? decode_picture(prepared.bytes) : std::move(picture);
    }
  } catch (const Error& error) {
    if (error.code() != ExitCode::bad_data) throw;
    prepared = {};
    prepared.bad = error.what();
  }
  return prepared;
}

}  // namespace alexnet
