#include "table.h"

#include "common.h"
#include "output.h"
#include "terminal.h"

#include <algorithm>
#include <numeric>

namespace program {
namespace {

bool begins_character(char byte) { return (byte & 0xC0) != 0x80; }

/// The byte at which character `index` begins.
std::size_t byte_of(const std::string& text, std::size_t index) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (begins_character(text[i]) && seen++ == index) return i;
  return text.size();
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t space = std::min(text.find(' ', at), text.size());
    if (space > at) words.push_back(text.substr(at, space - at));
    at = space + 1;
  }
  return words;
}

std::string spaces(std::size_t count) { return std::string(count, ' '); }

/// A heading or cell in its column.
std::string aligned(const std::string& text, std::size_t width, bool to_the_left) {
  const std::string space = spaces(width - std::min(width, character_count(text)));
  return to_the_left ? text + space : space + text;
}

}  // namespace

std::size_t character_count(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string shortened(const std::string& text, std::size_t most) {
  const std::size_t count = character_count(text);
  if (count <= most) return text;
  const std::string dots = "...";
  const std::size_t kept = std::max<std::size_t>(most, 5) - dots.size();
  return text.substr(0, byte_of(text, kept - kept / 2)) + dots +
         text.substr(byte_of(text, count - kept / 2));
}

std::vector<std::string> wrapped(const std::string& text, int columns) {
  if (columns <= 0) return {text};
  std::vector<std::string> lines;
  for (const std::string& word : words_of(text)) {
    if (!lines.empty() && character_count(lines.back()) + 1 + character_count(word) <=
                              static_cast<std::size_t>(columns))
      lines.back() += " " + word;
    else
      lines.push_back(word);
  }
  return lines;
}

Table::Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

void Table::add(std::vector<std::string> row) {
  for (std::string& cell : row) {
    cell = printable(cell);
    std::replace(cell.begin(), cell.end(), '\n', ' ');
  }
  rows_.push_back(std::move(row));
}

std::string Table::text(int columns) const {
  std::vector<std::vector<std::string>> headings;  // per column: its lines
  for (const std::string& heading : headings_) headings.push_back({heading});
  std::vector<std::size_t> widths(headings_.size());
  std::size_t shown = headings_.size(), gap = 2;
  const auto measure = [&] {
    for (std::size_t c = 0; c < headings_.size(); ++c) {
      widths[c] = 0;
      for (const std::string& line : headings[c])
        widths[c] = std::max(widths[c], character_count(line));
      for (const auto& row : rows_) widths[c] = std::max(widths[c], character_count(row[c]));
    }
  };
  const auto fits = [&] {
    const auto end = widths.begin() + static_cast<std::ptrdiff_t>(shown);
    return columns <= 0 || std::accumulate(widths.begin(), end, gap * (shown - 1)) <=
                               static_cast<std::size_t>(columns);
  };
  measure();
  if (!fits()) {
    for (std::size_t c = 0; c < headings_.size(); ++c) headings[c] = words_of(headings_[c]);
    measure();
  }
  if (!fits()) gap = 1;
  while (!fits() && shown > 2) --shown;
  if (!fits()) {
    const std::size_t others = std::accumulate(
        widths.begin() + 1, widths.begin() + static_cast<std::ptrdiff_t>(shown), gap * (shown - 1));
    const auto all = static_cast<std::size_t>(columns);
    widths[0] = std::max<std::size_t>(all > others ? all - others : 0, 5);
  }

  std::size_t heading_lines = 0;
  for (std::size_t c = 0; c < shown; ++c)
    heading_lines = std::max(heading_lines, headings[c].size());
  std::string out;
  const auto add_line = [&](const auto& cell_of) {
    std::string line;
    for (std::size_t c = 0; c < shown; ++c)
      line += (c == 0 ? "" : spaces(gap)) + aligned(cell_of(c), widths[c], c == 0);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  for (std::size_t i = 0; i < heading_lines; ++i)
    add_line([&](std::size_t c) {
      const std::size_t missing = heading_lines - headings[c].size();  // they end on one line
      return i < missing ? std::string() : headings[c][i - missing];
    });
  for (const auto& row : rows_)
    add_line([&](std::size_t c) { return c == 0 ? shortened(row[0], widths[0]) : row[c]; });

  if (shown < headings_.size()) {
    std::string note = "(Too narrow for: ";
    for (std::size_t c = shown; c < headings_.size(); ++c)
      note += (c == shown ? "" : ", ") + headings_[c];
    for (const std::string& line : wrapped(note + ".)", columns)) out += line + "\n";
  }
  return out;
}

void Table::print() const { print_text(text(output_columns())); }

}  // namespace program
