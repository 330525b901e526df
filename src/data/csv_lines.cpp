#include "data/csv_lines.h"

#include "core/error.h"

#include <cstring>
#include <utility>

namespace casd {
namespace {

bool ends_cell(char c) { return c == ',' || c == '\n' || c == '\r'; }

}  // namespace

CsvReader::CsvReader(std::string name, char* begin, char* end)
    : name_(std::move(name)), at_(begin), end_(end) {
  if (end - begin >= 3 && std::memcmp(begin, "\xEF\xBB\xBF", 3) == 0) at_ += 3;
}

std::string CsvReader::where(std::size_t line) const { return text(name_, ", line ", line); }

bool CsvReader::next(Cells& cells) {
  while (at_ != end_) {
    line_ = next_line_;
    read_line(cells);
    if (cells.size() > 1 || !cells[0].empty()) return true;
  }
  return false;
}

void CsvReader::read_line(Cells& cells) {
  const char* const begin = at_;
  cells.line_ = begin;
  cells.places_.clear();
  for (;;) {
    if (cells.size() == most_cells)
      fail(CASD_ERROR_FORMAT, where(), ": more than ", most_cells, " cells");
    const std::string_view cell = at_ != end_ && *at_ == '"' ? quoted_cell() : plain_cell();
    if (static_cast<std::size_t>(at_ - begin) > longest_line)
      fail(CASD_ERROR_FORMAT, where(), ": more than ", longest_line, " bytes");
    cells.places_.push_back(
        {static_cast<std::uint32_t>(cell.data() - begin), static_cast<std::uint32_t>(cell.size())});
    if (at_ == end_ || *at_ != ',') break;
    ++at_;
  }
  skip_line_end();
}

std::string_view CsvReader::plain_cell() {
  char* const begin = at_;
  char* at = begin;
  for (; at != end_ && !ends_cell(*at); ++at)
    if (*at == '\0') fail(CASD_ERROR_FORMAT, where(), ": a zero byte; expected text in UTF-8");
  at_ = at;
  return {begin, static_cast<std::size_t>(at - begin)};
}

std::string_view CsvReader::quoted_cell() {
  char* const begin = ++at_;
  char* out = begin;
  for (;; ++at_) {
    if (at_ == end_) fail(CASD_ERROR_FORMAT, where(), ": a quote is not closed");
    if (*at_ == '\0') fail(CASD_ERROR_FORMAT, where(), ": a zero byte; expected text in UTF-8");
    if (*at_ == '"') {
      ++at_;
      if (at_ == end_ || *at_ != '"') break;
    }
    if (*at_ == '\n') ++next_line_;
    *out++ = *at_;
  }
  if (at_ != end_ && !ends_cell(*at_))
    fail(CASD_ERROR_FORMAT, where(), ": text after a closing quote");
  return {begin, static_cast<std::size_t>(out - begin)};
}

void CsvReader::skip_line_end() {
  if (at_ != end_ && *at_ == '\r') ++at_;
  if (at_ != end_ && *at_ == '\n') ++at_;
  ++next_line_;
}

}  // namespace casd
