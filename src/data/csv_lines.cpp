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

bool CsvReader::next(std::vector<std::string_view>& cells) {
  while (at_ != end_) {
    line_ = next_line_;
    read_line(cells);
    if (cells.size() > 1 || !cells[0].empty()) return true;
  }
  return false;
}

void CsvReader::read_line(std::vector<std::string_view>& cells) {
  const char* const begin = at_;
  cells.clear();
  for (;;) {
    if (cells.size() == most_cells)
      fail(CASD_ERROR_FORMAT, where(), ": more than ", most_cells, " cells");
    cells.push_back(at_ != end_ && *at_ == '"' ? quoted_cell() : plain_cell());
    if (static_cast<std::size_t>(at_ - begin) > longest_line)
      fail(CASD_ERROR_FORMAT, where(), ": more than ", longest_line, " bytes");
    if (at_ == end_ || *at_ != ',') break;
    ++at_;
  }
  skip_line_end();
}

std::string_view CsvReader::plain_cell() {
  char* const begin = at_;
  while (at_ != end_ && !ends_cell(*at_)) {
    if (*at_ == '\0') fail(CASD_ERROR_FORMAT, where(), ": a zero byte; expected text in UTF-8");
    ++at_;
  }
  return {begin, static_cast<std::size_t>(at_ - begin)};
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
