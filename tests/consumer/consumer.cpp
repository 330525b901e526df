// Uses the headers from C++: C linkage, handles in smart pointers.
#include <casd/casd.h>

#include <iostream>
#include <memory>

int main() {
  casd_schema* made = nullptr;
  if (casd_schema_create(&made) != CASD_OK) return 1;
  const std::unique_ptr<casd_schema, decltype(&casd_schema_destroy)> schema(made,
                                                                            casd_schema_destroy);
  if (casd_schema_add_modality(schema.get(), "a+b", 1) == CASD_OK) return 1;
  std::cout << "casd reports " << casd_status_name(CASD_ERROR_INVALID_ARGUMENT) << ": "
            << casd_last_error() << '\n';
}
