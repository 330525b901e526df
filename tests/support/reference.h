// Cases computed with NumPy and SciPy (tests/reference).
#pragma once

#include "support/paths.h"

#include <nlohmann/json.hpp>

#include <fstream>
#include <string>
#include <vector>

namespace casd::test {

inline const nlohmann::json& guarantee_cases(const std::string& name) {
  static const nlohmann::json all = [] {
    std::ifstream file(source_folder() + "/tests/reference/guarantees.json");
    return nlohmann::json::parse(file);
  }();
  return all.at(name);
}

template <class T>
std::vector<T> numbers(const nlohmann::json& json) {
  return json.get<std::vector<T>>();
}

}  // namespace casd::test
