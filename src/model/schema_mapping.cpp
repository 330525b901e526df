#include "model/schema_mapping.h"

#include "core/error.h"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace casd {
namespace {

constexpr std::size_t most_listed = 5;  // names in one message

bool has_names(const Modality& modality) {
  return std::any_of(modality.feature_names.begin(), modality.feature_names.end(),
                     [](const std::string& name) { return !name.empty(); });
}

bool same_column_order(const Modality& from, const Modality& to) {
  return from.feature_names == to.feature_names || !has_names(from) || !has_names(to);
}

/// "a, b, c and 7 more"
class NameList {
 public:
  void add(const std::string& name) {
    if (++count_ <= most_listed) text_ += (text_.empty() ? "" : ", ") + name;
  }
  bool empty() const { return count_ == 0; }
  std::string str() const {
    return count_ > most_listed ? text(text_, " and ", count_ - most_listed, " more") : text_;
  }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

/// Columns of `from` in the order of `to`. The error message lists the differences.
std::vector<std::size_t> match_features(const Modality& from, const Modality& to) {
  std::unordered_map<std::string, std::size_t> columns;
  for (std::size_t i = 0; i < from.feature_names.size(); ++i)
    columns.emplace(from.feature_names[i], i);
  for (const Modality* side : {&from, &to})
    if (const auto unnamed =
            std::find(side->feature_names.begin(), side->feature_names.end(), std::string());
        unnamed != side->feature_names.end())
      fail(CASD_ERROR_INVALID_ARGUMENT, "only some features have names, feature ",
           unnamed - side->feature_names.begin(),
           side == &from ? " has none" : " of the expected ones has none");
  std::vector<std::size_t> order;
  order.reserve(to.feature_names.size());
  NameList missing, unknown;
  for (const std::string& name : to.feature_names) {
    const auto found = columns.find(name);
    if (found == columns.end()) {
      missing.add("'" + name + "'");
      continue;
    }
    order.push_back(found->second);
    columns.erase(found);
  }
  for (const std::string& name : from.feature_names)
    if (columns.count(name)) unknown.add("'" + name + "'");
  if (missing.empty() && unknown.empty()) return order;
  fail(CASD_ERROR_INVALID_ARGUMENT, missing.empty() ? "" : "missing features: " + missing.str(),
       missing.empty() || unknown.empty() ? "" : "; ",
       unknown.empty() ? "" : "unknown features: " + unknown.str());
}

}  // namespace

bool same_sample_layout(const Schema& from, const Schema& to) {
  return same_modalities(from, to) && std::equal(from.modalities.begin(), from.modalities.end(),
                                                 to.modalities.begin(), same_column_order);
}

bool same_task(const Schema& a, const Schema& b) {
  return a.task == b.task && a.outputs == b.outputs;
}

void require_same_task(const Schema& from, const Schema& to, const char* what) {
  if (from.task != to.task)
    fail(CASD_ERROR_INVALID_ARGUMENT, what, " is for the task ", task_name(from.task),
         ", expected ", task_name(to.task));
  if (from.outputs == to.outputs) return;
  NameList given, wanted;
  for (const std::string& output : from.outputs) given.add("'" + output + "'");
  for (const std::string& output : to.outputs) wanted.add("'" + output + "'");
  fail(CASD_ERROR_INVALID_ARGUMENT, what, " has the ", from.outputs.size(), " outputs ",
       given.str(), ", expected the ", to.outputs.size(), " outputs ", wanted.str());
}

SchemaMapping::SchemaMapping(const Schema& from, const Schema& to, const char* what)
    : identity_(same_sample_layout(from, to)) {
  NameList unknown, accepted;
  for (const Modality& modality : from.modalities)
    if (to.modality_index(modality.name) < 0) unknown.add("'" + modality.name + "'");
  for (const Modality& modality : to.modalities) accepted.add("'" + modality.name + "'");
  if (!unknown.empty())
    fail(CASD_ERROR_INVALID_ARGUMENT, what, " has unknown modalities: ", unknown.str(),
         "; known are: ", accepted.str());

  std::string problems;
  for (const Modality& wanted : to.modalities) {
    Source source;
    source.modality = from.modality_index(wanted.name);
    source.features = static_cast<std::size_t>(wanted.features);
    if (source.modality >= 0) {
      covered_ |= ModalityMask{1} << sources_.size();
      const Modality& given = from.modalities[static_cast<std::size_t>(source.modality)];
      try {
        if (!same_column_order(given, wanted)) source.columns = match_features(given, wanted);
        if (given.features != wanted.features)
          fail(CASD_ERROR_INVALID_ARGUMENT, given.features, " features, expected ",
               wanted.features);
      } catch (const Error& error) {
        problems +=
            text(problems.empty() ? "" : "; ", "modality '", wanted.name, "': ", error.what());
      }
    }
    sources_.push_back(std::move(source));
  }
  if (!problems.empty()) fail(CASD_ERROR_INVALID_ARGUMENT, what, " does not fit: ", problems);
}

void SchemaMapping::apply(const Sample& from, Sample& to) const {
  to.frames.resize(sources_.size());
  to.given = 0;
  for (std::size_t m = 0; m < sources_.size(); ++m) {
    const Source& source = sources_[m];
    Floats& frames = to.frames[m];
    if (source.modality < 0) {
      frames.clear();
      continue;
    }
    const Floats& values = from.frames[static_cast<std::size_t>(source.modality)];
    if (source.columns.empty()) {
      frames = values;
    } else {
      frames.resize(values.size());
      for (std::size_t at = 0; at < values.size(); at += source.features)
        for (std::size_t i = 0; i < source.features; ++i)
          frames[at + i] = values[at + source.columns[i]];
    }
    if (from.given >> source.modality & 1u) to.given |= ModalityMask{1} << m;
  }
  to.target = from.target;
  to.name = from.name;
  to.group = from.group;
}

std::vector<const Sample*> SchemaMapping::apply(std::vector<const Sample*> samples,
                                                std::vector<Sample>& storage) const {
  if (identity_) return samples;
  storage.resize(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    apply(*samples[i], storage[i]);
    samples[i] = &storage[i];
  }
  return samples;
}

}  // namespace casd
