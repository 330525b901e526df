#include "model/json_text.h"

#include "model/options.h"
#include "model/schema.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace casd {
namespace {

constexpr std::size_t longest_excerpt = 60;
constexpr std::size_t longest_number = 40;
constexpr char hex_digits[] = "0123456789abcdef";

/// Characters with a two-character escape, and the letter after the backslash.
constexpr char escaped[] = {'"', '\\', '\b', '\f', '\n', '\r', '\t'};
constexpr char letters[] = {'"', '\\', 'b', 'f', 'n', 'r', 't'};
constexpr std::size_t escape_count = sizeof escaped;

template <class T>
bool parse_whole(std::string_view token, T& value) {
  const char* end = token.data() + token.size();
  const auto result = std::from_chars(token.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return false;
  const char first = token[token[0] == '-' ? 1 : 0];
  return first != '0' || token == "0";  // not 04 or -0
}

/// Whether the token is what shortest() makes of the value, or would make of a float.
template <class T>
bool is_shortest(T value, std::string_view token) {
  char buffer[48];
  char* end = std::to_chars(buffer, buffer + sizeof buffer - 2, value).ptr;
  if (std::all_of(buffer, end, [](char c) { return c == '-' || (c >= '0' && c <= '9'); })) {
    *end++ = '.';
    *end++ = '0';
  }
  return std::string_view(buffer, static_cast<std::size_t>(end - buffer)) == token;
}

/// The control character of \u00XY if the writer uses this form for it, else 0.
char control_of(std::string_view digits) {
  if (digits.size() != 4 || digits.substr(0, 2) != "00" || (digits[2] != '0' && digits[2] != '1'))
    return 0;
  const char* const low = std::find(hex_digits, hex_digits + 16, digits[3]);
  if (low == hex_digits + 16) return 0;
  const char value = static_cast<char>((digits[2] - '0') * 16 + (low - hex_digits));
  return std::find(escaped, escaped + escape_count, value) == escaped + escape_count ? value : '\0';
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out(text.substr(0, longest_excerpt));
  // UTF-8 sequences are not split.
  if (text.size() > longest_excerpt)
    while (!out.empty() && !is_utf8(out) && (static_cast<unsigned char>(out.back()) & 0x80u))
      out.pop_back();
  const bool utf8 = is_utf8(out);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !utf8)) c = '?';
  }
  return text.size() > longest_excerpt ? out + "..." : out;
}

std::string JsonReader::path() const {
  std::string out;
  for (const std::string_view outer : outer_keys_)
    if (!outer.empty()) out += printable(outer) + ": ";
  return key_.empty() ? out : out + printable(key_) + ": ";
}

std::string JsonReader::found() const {
  if (at_ >= text_.size()) return "the end";
  const std::size_t stop = text_.find_first_of(",]}", at_ + 1);
  return printable(text_.substr(at_, stop == std::string_view::npos ? stop : stop - at_)) +
         " (byte " + std::to_string(at_) + ")";
}

void JsonReader::expect(char c) {
  if (!next_is(c)) reject("expected ", c, ", found ", found());
  ++at_;
}

void JsonReader::separate() {
  if (!first_) expect(',');
  first_ = false;
}

void JsonReader::leave() {
  if (outer_keys_.empty()) fail(CASD_ERROR_INTERNAL, where_, ": a bracket too many was closed");
  ++at_;
  first_ = false;
  key_ = outer_keys_.back();
  outer_keys_.pop_back();
}

void JsonReader::open(char bracket) {
  expect(bracket);
  outer_keys_.push_back(key_);
  key_ = {};
  first_ = true;
}

void JsonReader::close(char bracket) {
  if (!next_is(bracket)) {
    key_ = {};
    if (bracket == '}' && next_is(',')) {
      ++at_;
      const std::string name = any_key();
      key_ = {};
      reject("unexpected key ", printable(name));
    }
    reject("expected ", bracket, ", found ", found());
  }
  leave();
}

bool JsonReader::more(char bracket) {
  if (next_is(bracket)) {
    leave();
    return false;
  }
  separate();
  return true;
}

void JsonReader::element() {
  if (next_is(']')) reject("expected another element, found ]");
  separate();
}

void JsonReader::key(std::string_view name) {
  if (optional_key(name)) return;
  key_ = {};
  if (next_is('}')) reject("key ", name, " is missing");
  separate();
  const std::string other = any_key();
  key_ = {};
  reject("expected key ", name, ", found ", printable(other));
}

bool JsonReader::optional_key(std::string_view name) {
  std::size_t at = at_;
  if (!first_) {
    if (!next_is(',')) return false;
    ++at;
  }
  const std::string_view rest = text_.substr(at);
  if (rest.size() < name.size() + 3 || rest[0] != '"' || rest.substr(1, name.size()) != name ||
      rest[name.size() + 1] != '"' || rest[name.size() + 2] != ':')
    return false;
  key_ = rest.substr(1, name.size());
  at_ = at + name.size() + 3;
  first_ = false;
  return true;
}

std::string JsonReader::any_key() {
  key_ = {};
  if (!next_is('"')) reject("expected a key, found ", found());
  std::string_view raw;
  std::string name = read_string(raw);
  key_ = raw;
  expect(':');
  return name;
}

std::string JsonReader::string() {
  if (!next_is('"')) reject("expected a text, found ", found());
  std::string_view raw;
  return read_string(raw);
}

std::string JsonReader::read_string(std::string_view& raw) {
  const std::size_t begin = ++at_;
  std::string out;
  while (true) {
    const std::size_t plain = at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
           static_cast<unsigned char>(text_[at_]) >= 0x20)
      ++at_;
    out.append(text_, plain, at_ - plain);
    if (at_ >= text_.size()) reject("a text does not end");
    if (text_[at_] == '"') break;
    if (text_[at_] != '\\') reject("a control character in a text (byte ", at_, ")");
    const char letter = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    const char* const known = std::find(letters, letters + escape_count, letter);
    if (known != letters + escape_count) {
      out += escaped[known - letters];
      at_ += 2;
      continue;
    }
    const char control = letter == 'u' ? control_of(text_.substr(at_ + 2, 4)) : '\0';
    if (!control) reject("an escape that this library does not write (byte ", at_, ")");
    out += control;
    at_ += 6;
  }
  raw = text_.substr(begin, at_ - begin);
  ++at_;
  if (!is_utf8(out)) reject("a text is not UTF-8 (byte ", begin, ")");
  return out;
}

std::string_view JsonReader::number() {
  std::size_t end = at_;
  while (end < text_.size() && end - at_ <= longest_number && text_[end] != ',' &&
         text_[end] != ']' && text_[end] != '}')
    ++end;
  return text_.substr(at_, end - at_);
}

std::int64_t JsonReader::integer(std::int64_t min, std::int64_t max) {
  const std::string_view token = number();
  std::int64_t value = 0;
  if (!parse_whole(token, value) || value < min || value > max)
    reject("expected a whole number from ", min, " to ", max, ", found ", found());
  at_ += token.size();
  return value;
}

std::uint64_t JsonReader::natural() {
  const std::string_view token = number();
  std::uint64_t value = 0;
  if (!parse_whole(token, value))
    reject("expected a whole number from 0 to 2^64 - 1, found ", found());
  at_ += token.size();
  return value;
}

double JsonReader::real() {
  const std::string_view token = number();
  const char* end = token.data() + token.size();
  double value = 0;
  const auto result = std::from_chars(token.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end || !std::isfinite(value))
    reject("expected a number, found ", found());
  if (!is_shortest(value, token))
    reject("expected the number as ", shortest(value), ", found ", found());
  at_ += token.size();
  return value;
}

bool JsonReader::shortest_float(float& value) {
  const std::string_view token = number();
  const char* end = token.data() + token.size();
  const auto result = std::from_chars(token.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end || !std::isfinite(value) ||
      !is_shortest(value, token))
    return false;
  at_ += token.size();
  return true;
}

bool JsonReader::boolean() {
  for (const bool value : {false, true}) {
    const std::string_view word = value ? "true" : "false";
    if (text_.substr(at_, word.size()) != word) continue;
    at_ += word.size();
    return value;
  }
  reject("expected true or false, found ", found());
}

void JsonReader::end() {
  key_ = {};
  if (at_ != text_.size()) reject("expected the end, found ", found());
}

void JsonWriter::separate() {
  if (!first_ && !after_key_) text_ += ',';
  first_ = after_key_ = false;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  text_ += bracket;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  text_ += bracket;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_string(name);
  text_ += ':';
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view value) {
  separate();
  append_string(value);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  separate();
  text_ += std::to_string(value);
  return *this;
}

JsonWriter& JsonWriter::natural(std::uint64_t value) {
  separate();
  text_ += std::to_string(value);
  return *this;
}

JsonWriter& JsonWriter::real(double value) {
  separate();
  text_ += shortest(value);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  separate();
  text_ += value ? "true" : "false";
  return *this;
}

void JsonWriter::append_string(std::string_view value) {
  text_ += '"';
  for (const char c : value) {
    const char* const known = std::find(escaped, escaped + escape_count, c);
    if (known != escaped + escape_count) {
      text_ += '\\';
      text_ += letters[known - escaped];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      text_ += "\\u00";
      text_ += hex_digits[c >> 4];
      text_ += hex_digits[c & 15];
    } else {
      text_ += c;
    }
  }
  text_ += '"';
}

}  // namespace casd
