// Splits comma-separated text into lines and cells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace casd {

/// The cells of a line, in the text. Eight bytes for each, because a cell can be one byte of the file.
class Cells {
 public:
  std::size_t size() const { return places_.size(); }
  std::string_view operator[](std::size_t i) const {
    return {line_ + places_[i].begin, places_[i].size};
  }

 private:
  friend class CsvReader;
  struct Place {
    std::uint32_t begin, size;
  };
  const char* line_ = nullptr;
  std::vector<Place> places_;
};

/// Reads comma-separated text as defined by RFC 4180: quoted cells, doubled quotes, lines that end
/// with LF, CRLF or CR. Skips a byte order mark and empty lines. Cells point into the text, which is
/// modified where quotes are removed. Throws FORMAT with the line number.
class CsvReader {
 public:
  static constexpr std::size_t most_cells = 262144;                  // in a line
  static constexpr std::size_t longest_line = std::size_t{1} << 24;  // bytes

  /// `name` identifies the text in messages. [begin, end) must outlive the cells.
  CsvReader(std::string name, char* begin, char* end);

  /// False at the end of the text.
  bool next(Cells& cells);
  /// Line number of the last cells' first line, from 1.
  std::size_t line() const { return line_; }
  /// "name, line 7"
  std::string where() const { return where(line_); }
  std::string where(std::size_t line) const;

 private:
  void read_line(Cells& cells);
  std::string_view plain_cell();
  std::string_view quoted_cell();
  void skip_line_end();

  const std::string name_;
  char* at_;
  char* const end_;
  std::size_t line_ = 0, next_line_ = 1;
};

}  // namespace casd
