// The canonical JSON of this library's files: compact, keys in a fixed order, one form of every value.
// The reader accepts exactly what the writer produces. It needs neither a tree nor recursion, and its
// time is linear in the length of the text.
#pragma once

#include "core/error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace casd {

/// The start of `text` for a message: no control characters, valid UTF-8, at most 60 bytes.
std::string printable(std::string_view text);

/// The caller reads the expected keys and values in order. Anything else throws FORMAT with the path
/// of keys.
class JsonReader {
 public:
  /// `text` must outlive the reader; `where` begins every message.
  JsonReader(std::string_view text, std::string where) : text_(text), where_(std::move(where)) {}

  /// `bracket` is '{' or '['.
  void open(char bracket);
  /// `bracket` is '}' or ']'.
  void close(char bracket);
  /// Whether another key or element follows; consumes the closing bracket if not.
  [[nodiscard]] bool more(char bracket);
  /// Another element must follow.
  void element();

  /// The next key must be `name`.
  void key(std::string_view name);
  /// Consumes the next key if it is `name`.
  [[nodiscard]] bool optional_key(std::string_view name);
  /// Any key, after more('}').
  std::string any_key();

  /// UTF-8 without U+0000.
  std::string string();
  std::int64_t integer(std::int64_t min, std::int64_t max);
  std::uint64_t natural();
  double real();
  /// Reads the number if it is the shortest text of a float, which is faster than real() and has the
  /// same digits; otherwise nothing is read.
  bool shortest_float(float& value);
  bool boolean();

  /// Nothing may follow.
  void end();
  /// The next byte.
  std::size_t position() const { return at_; }
  /// Number of bytes that are not read yet.
  std::size_t left() const { return text_.size() - at_; }

  /// Rejects the value that was read last.
  template <class... Part>
  [[noreturn]] void reject(const Part&... part) const {
    fail(CASD_ERROR_FORMAT, where_, ": ", path(), part...);
  }

 private:
  std::string path() const;
  std::string found() const;
  std::string_view number();
  std::string read_string(std::string_view& raw);
  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  void expect(char c);
  void separate();
  void leave();

  std::string_view text_;
  std::string where_;
  std::size_t at_ = 0;
  bool first_ = true;  // nothing was read since the last opening bracket
  std::string_view key_;
  std::vector<std::string_view> outer_keys_;
};

/// Builds a text that JsonReader reads.
class JsonWriter {
 public:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& key(std::string_view name);
  /// Valid UTF-8.
  JsonWriter& string(std::string_view value);
  JsonWriter& integer(std::int64_t value);
  JsonWriter& natural(std::uint64_t value);
  /// Finite.
  JsonWriter& real(double value);
  JsonWriter& boolean(bool value);

  std::string& text() { return text_; }

 private:
  void separate();
  void append_string(std::string_view value);

  std::string text_;
  bool first_ = true;
  bool after_key_ = false;
};

}  // namespace casd
