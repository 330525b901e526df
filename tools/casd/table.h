// A table with aligned columns that fits the terminal.
#pragma once

#include <string>
#include <vector>

namespace program {

/// The columns are given in the order of their importance: the first names the row and is
/// aligned left, the others have values and are aligned right.
///
/// Too wide for the terminal, a table is narrowed step by step until it fits:
///   1. headings of several words take several lines,
///   2. one space instead of two separates columns,
///   3. columns are left out from the right, but the first value stays; a line names them,
///   4. the cells of the first column are shortened in the middle.
/// Where the output is not a terminal nothing of this happens.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);

  void add(std::vector<std::string> row);

  /// `columns`: width of the terminal; 0: no limit.
  std::string text(int columns) const;
  /// Prints the table for the terminal that standard output is connected to.
  void print() const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
};

/// The number of characters (code points) of a UTF-8 text.
std::size_t character_count(const std::string& text);

/// Keeps the beginning and the end of a text that has more characters than `most` (at least 5).
std::string shortened(const std::string& text, std::size_t most);

/// Breaks a text at spaces into lines of at most `columns` characters; 0: one line.
std::vector<std::string> wrapped(const std::string& text, int columns);

}  // namespace program
