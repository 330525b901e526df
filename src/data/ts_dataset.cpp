// The .ts format of the UEA archive: one line per series (described in include/casd/dataset.h).
#include "data/readers.h"

#include "core/error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <deque>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace casd {
namespace {

constexpr std::size_t longest_quote = 40;  // bytes of the file in a message
// Of a header line: @classLabel, true and more classes than a schema can have.
constexpr std::size_t most_words = 4100;

using Words = std::vector<std::string_view>;

std::string quoted(std::string_view text) {
  return "'" + std::string(text.substr(0, longest_quote)) +
         (text.size() > longest_quote ? "...'" : "'");
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_missing(std::string_view value) {
  return value == "?" || (value.size() == 3 && lower(value) == "nan");
}

/// Calls `visit` with each part between separators.
template <class Visit>
void split_at(std::string_view text, char separator, Visit&& visit) {
  for (;;) {
    const std::size_t end = text.find(separator);
    visit(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

/// Lines that are neither empty nor comments, without the space around them. Lines end with LF, CRLF or
/// CR. A comment begins with '#' or, in some files of the archive, with '%'.
class LineReader {
 public:
  LineReader(const std::string& name, Span<const std::uint8_t> bytes)
      : name_(name), rest_(reinterpret_cast<const char*>(bytes.data()), bytes.size()) {
    if (rest_.substr(0, 3) == "\xEF\xBB\xBF") rest_.remove_prefix(3);
  }

  /// False at the end of the text.
  bool next(std::string_view& line) {
    while (!rest_.empty()) {
      ++line_;
      const std::size_t end = line_end();
      line = trimmed(rest_.substr(0, end));
      const bool crlf = end != std::string_view::npos && rest_.substr(end, 2) == "\r\n";
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + (crlf ? 2 : 1));
      if (!line.empty() && line[0] != '#' && line[0] != '%') return true;
    }
    return false;
  }

  /// Number of the last line, from 1.
  std::size_t line() const { return line_; }
  std::string where(std::size_t line) const { return text(name_, ", line ", line); }
  template <class... Part>
  [[noreturn]] void reject(const Part&... part) const {
    fail(CASD_ERROR_FORMAT, where(line_), ": ", part...);
  }

 private:
  std::size_t line_end() const {
    const auto end =
        std::find_if(rest_.begin(), rest_.end(), [](char c) { return c == '\n' || c == '\r'; });
    return end == rest_.end() ? std::string_view::npos
                              : static_cast<std::size_t>(end - rest_.begin());
  }

  const std::string& name_;
  std::string_view rest_;
  std::size_t line_ = 0;
};

struct Header {
  bool described = false;  // has @classLabel or @targetLabel
  bool labelled = false;   // the last field of a line is a label
  bool equal_length = false;
  std::size_t dimensions = 0;  // 0: not given
  Words classes;               // empty: the label is a number
};

class HeaderParser {
 public:
  explicit HeaderParser(LineReader& reader) : reader_(reader) {}

  /// Reads up to the line @data.
  Header parse() {
    std::string_view line;
    while (reader_.next(line)) {
      if (line[0] != '@')
        reader_.reject("expected a line that begins with '@', or @data, not ", quoted(line));
      split_words(line);
      if (add_tag(lower(words_[0]))) return finished();
    }
    reader_.reject("the line @data is missing");
  }

 private:
  /// The first words of the line. More could only be classes, of which there are too many then.
  void split_words(std::string_view line) {
    words_.clear();
    while (!line.empty() && words_.size() < most_words) {
      std::size_t end = 0;
      while (end < line.size() && !is_space(line[end])) ++end;
      words_.push_back(line.substr(0, end));
      line = trimmed(line.substr(end));
    }
  }

  /// True for @data. Tags without influence on the data are ignored.
  bool add_tag(const std::string& tag) {
    if (tag == "@data") return true;
    if (tag == "@timestamps") {
      if (boolean())
        reader_.reject(
            "files with time stamps (@timeStamps true) cannot be read; expected the values alone");
    } else if (tag == "@equallength") {
      header_.equal_length = boolean();
    } else if (tag == "@dimensions" || tag == "@dimension") {
      header_.dimensions = dimensions();
    } else if (tag == "@classlabel") {
      const bool labelled = boolean();
      add_labels(labelled);
      if (!labelled) return false;
      header_.classes.assign(words_.begin() + 2, words_.end());
      if (header_.classes.empty()) reader_.reject("@classLabel true names no class");
      const std::unordered_set<std::string_view> distinct(words_.begin() + 2, words_.end());
      if (distinct.size() != header_.classes.size())
        reader_.reject("@classLabel names a class twice");
    } else if (tag == "@targetlabel") {
      add_labels(boolean());
    }
    return false;
  }

  void add_labels(bool labelled) {
    if (header_.labelled && labelled) reader_.reject("the file has two kinds of labels");
    header_.described = true;
    header_.labelled = header_.labelled || labelled;
  }

  bool boolean() const {
    const std::string word = words_.size() < 2 ? "" : lower(words_[1]);
    if (word != "true" && word != "false")
      reader_.reject(quoted(words_[0]), " needs true or false");
    return word == "true";
  }

  std::size_t dimensions() const {
    const std::string_view word = words_.size() < 2 ? std::string_view() : words_[1];
    std::size_t count = 0;
    const auto result = std::from_chars(word.data(), word.data() + word.size(), count);
    if (result.ec != std::errc() || result.ptr != word.data() + word.size() || count < 1 ||
        count > most_channels)
      reader_.reject("the number of dimensions is ", quoted(word), ", allowed: 1 to ",
                     most_channels);
    return count;
  }

  Header finished() {
    if (!header_.described)
      reader_.reject(
          "the header has neither @classLabel nor @targetLabel; a file without labels has "
          "@classLabel false");
    return std::move(header_);
  }

  LineReader& reader_;
  Header header_;
  Words words_;  // of the current line
};

/// The label of a sample, with its line.
struct Label {
  std::string_view text;  // "": none
  std::size_t line = 0;
};

class SeriesParser {
 public:
  SeriesParser(LineReader& reader, const Header& header, const ChannelGroups& groups,
               Dataset& dataset, SampleList& samples)
      : reader_(reader), header_(header), groups_(groups), dataset_(dataset), samples_(samples) {}

  void parse() {
    std::string_view line;
    while (reader_.next(line)) add_series(line);
    if (samples_.empty()) reader_.reject("there is no series after @data");
  }

  const std::deque<Label>& labels() const { return labels_; }

 private:
  void add_series(std::string_view line) {
    if (line.find('\0') != std::string_view::npos) reader_.reject("a zero byte; expected text");
    fields_.clear();
    split_at(line, ':', [&](std::string_view field) {
      fields_.push_back(field);
      if (fields_.size() > most_channels + (header_.labelled ? 1 : 0))
        reader_.reject("more than ", most_channels, " dimensions");
    });
    Label label;
    if (header_.labelled) {
      label.text = is_missing(fields_.back()) ? std::string_view() : fields_.back();
      fields_.pop_back();
    }
    label.line = reader_.line();
    if (channels_ == 0) set_channels();
    if (fields_.size() != channels_)
      reader_.reject("has ", fields_.size(), " dimensions, the lines before have ", channels_,
                     header_.labelled ? " (and a label)" : "");
    Sample sample = empty_sample(dataset_.schema);
    for (std::size_t m = 0; m < groups_.size(); ++m) add_frames(sample, m);
    samples_.push_back(std::move(sample));
    labels_.push_back(label);
  }

  /// The first line determines the number of channels, and with the groups the modalities.
  void set_channels() {
    channels_ = fields_.size();
    if (channels_ == 0) reader_.reject("has a label only; expected DIMENSION:...:LABEL");
    if (header_.dimensions != 0 && header_.dimensions != channels_)
      reader_.reject("has ", channels_, " dimensions, the header says ", header_.dimensions,
                     header_.labelled ? "; the last field is the label" : "");
    if (groups_.empty()) {
      groups_.push_back({"series", {}});
      for (std::size_t channel = 0; channel < channels_; ++channel)
        groups_[0].channels.push_back(channel);
    }
    for (const ChannelGroup& group : groups_) {
      for (const std::size_t channel : group.channels)
        if (channel >= channels_)
          fail(CASD_ERROR_INVALID_ARGUMENT, reader_.where(reader_.line()), ": modality '",
               group.modality, "' needs channel ", channel, ", the file has the channels 0 to ",
               channels_ - 1);
      dataset_.schema.add_modality(group.modality,
                                   static_cast<std::int32_t>(group.channels.size()));
    }
  }

  std::size_t length_of(std::string_view field) {
    if (field.empty()) return 0;
    const auto length = 1 + static_cast<std::size_t>(std::count(field.begin(), field.end(), ','));
    if (length_ == 0) length_ = length;
    if (header_.equal_length && length != length_)
      reader_.reject("a series has ", length, " values, the first one has ", length_,
                     ", but the header says @equalLength true");
    return length;
  }

  void add_frames(Sample& sample, std::size_t m) {
    const std::vector<std::size_t>& channels = groups_[m].channels;
    const std::size_t features = channels.size();
    std::size_t steps = 0;
    for (std::size_t f = 0; f < features; ++f) {
      const std::size_t length = length_of(fields_[channels[f]]);
      if (f == 0) steps = length;
      if (length != steps)
        reader_.reject("channel ", channels[f], " has ", length, " values, channel ", channels[0],
                       " of the same modality '", groups_[m].modality, "' has ", steps);
    }
    frames_.resize(steps * features);
    for (std::size_t f = 0; f < features && steps != 0; ++f) add_channel(channels[f], f, features);
    set_frames(sample, dataset_.schema, static_cast<std::int32_t>(m), frames_);
  }

  void add_channel(std::size_t channel, std::size_t feature, std::size_t features) {
    std::size_t t = 0;
    split_at(fields_[channel], ',', [&](std::string_view word) {
      double value = std::numeric_limits<double>::quiet_NaN();
      if (!is_missing(word) && (word.empty() || !parse_number(word, value)))
        reader_.reject("channel ", channel, ", value ", t, ": ", quoted(word),
                       " is not a number; a missing value is '?'");
      frames_[t++ * features + feature] = static_cast<float>(value);
    });
  }

  LineReader& reader_;
  const Header& header_;
  ChannelGroups groups_;
  Dataset& dataset_;
  SampleList& samples_;
  std::deque<Label> labels_;
  std::size_t channels_ = 0, length_ = 0;  // of the first line; 0: not known yet
  std::deque<std::string_view> fields_;    // of the current line
  std::vector<float> frames_;              // of the current modality
};

/// The output that each class of the header is.
class ClassIndex {
 public:
  ClassIndex(const Words& classes, const Schema& schema, const std::string& name) {
    std::unordered_map<std::string_view, std::int32_t> outputs;
    for (const std::string& output : schema.outputs)
      outputs.emplace(output, static_cast<std::int32_t>(outputs.size()));
    const auto known = std::count_if(classes.begin(), classes.end(), [&](std::string_view word) {
      return outputs.count(word) != 0;
    });
    const bool by_name = known == static_cast<std::ptrdiff_t>(classes.size());
    if (!by_name && (known != 0 || classes.size() != outputs.size()))
      fail(CASD_ERROR_INVALID_ARGUMENT, name, ": of the file's ", classes.size(), " classes ",
           known, " are among the ", outputs.size(),
           " classes of the task; expected all, or the same number under other names");
    for (const std::string_view word : classes) {
      const std::int32_t output =
          by_name ? outputs.at(word) : static_cast<std::int32_t>(by_text_.size());
      by_text_.emplace(word, output);
      double value = 0;
      if (parse_number(word, value) && std::isfinite(value)) by_value_.emplace(value, output);
    }
  }

  /// By text, else as equal numbers (the class 1 and the label 1.0). Throws FORMAT.
  double at(std::string_view label) const {
    const auto found = by_text_.find(label);
    if (found != by_text_.end()) return found->second;
    double value = 0;
    if (parse_number(label, value)) {
      const auto same = by_value_.find(value);
      if (same != by_value_.end()) return same->second;
    }
    fail(CASD_ERROR_FORMAT, "the label ", quoted(label), " is no class of @classLabel");
  }

 private:
  std::unordered_map<std::string_view, std::int32_t> by_text_;
  std::unordered_map<double, std::int32_t> by_value_;
};

void set_task(Schema& schema, const TaskRequest& request, const Header& header,
              const std::string& name) {
  try {
    TaskRequest own;
    if (!header.classes.empty()) own.task = CASD_TASK_CLASSES;
    for (const std::string_view word : header.classes) own.outputs.emplace_back(word);
    if (own.outputs.empty()) own.outputs.emplace_back("value");
    apply_task(schema, request, own);
    if (schema.task == CASD_TASK_REGRESSION && schema.outputs.empty()) schema.add_output("value");
  } catch (const Error& error) {
    fail(request.given ? error.status() : casd_status{CASD_ERROR_FORMAT}, name, ": ", error.what());
  }
  if (header.labelled && schema.target_columns() != 1)
    fail(CASD_ERROR_INVALID_ARGUMENT, name, ": has one label, the task ", task_name(schema.task),
         " needs ", schema.target_columns());
}

void set_targets(SampleList& samples, const std::deque<Label>& labels, const Schema& schema,
                 const Header& header, const LineReader& reader, const std::string& name) {
  const bool named = schema.task == CASD_TASK_CLASSES && !header.classes.empty();
  const ClassIndex classes(named ? header.classes : Words(), schema, name);
  const auto at_label = [&](const Label& label, auto&& body) {
    try {
      body();
    } catch (const Error& error) {
      fail(error.status(), reader.where(label.line), ": ", error.what());
    }
  };
  std::vector<double> numbers;
  numbers.reserve(labels.size());
  for (const Label& label : labels)
    at_label(label, [&] {
      numbers.push_back(named && !label.text.empty() ? classes.at(label.text)
                                                     : label_number(label.text, schema, {}));
    });
  const bool by_sign = !named && needs_sign(schema, numbers);
  for (std::size_t i = 0; i < labels.size(); ++i)
    at_label(labels[i], [&] {
      set_target_from_labels(samples[i], schema, {numbers.data() + i, 1}, by_sign);
    });
}

bool ends_with_test(const std::string& name) {
  const std::string ending = "_test.ts";
  return name.size() >= ending.size() && lower(name.substr(name.size() - ending.size())) == ending;
}

}  // namespace

bool is_ts(Span<const std::uint8_t> bytes) {
  const std::string name;
  LineReader reader(name, bytes);
  std::string_view line;
  return reader.next(line) && line[0] == '@';
}

Dataset read_ts(Span<const std::uint8_t> bytes, const std::string& name, const TaskRequest& request,
                const ChannelGroups& channels) {
  LineReader reader(name, bytes);
  const Header header = HeaderParser(reader).parse();
  Dataset dataset;
  dataset.channels = channels;
  set_task(dataset.schema, request, header, name);
  SampleList& samples = dataset.split(ends_with_test(name) ? "test" : "train").samples;
  SeriesParser parser(reader, header, channels, dataset, samples);
  parser.parse();
  set_targets(samples, parser.labels(), dataset.schema, header, reader, name);
  return dataset;
}

}  // namespace casd
