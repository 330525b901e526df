// Names of the temporary files that write_file_atomic() makes: ".NAME.casd-SYSTEM-RANDOM.tmp".
#pragma once

#include <cstdint>
#include <string>

namespace casd {

/// `system` identifies the running operating system, so that leftovers of this one can be distinguished from
/// files of other machines that share the folder.
std::string temporary_name(const std::string& name, std::uint32_t system, std::uint64_t random);

enum class TemporaryOrigin { none, this_system, other_system };

/// Whether `entry` of a folder is a temporary file for `name`, and of which system.
TemporaryOrigin temporary_origin(const std::string& entry, const std::string& name,
                                 std::uint32_t system);

}  // namespace casd
