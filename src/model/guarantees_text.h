// The tables of held-out results as JSON in a model file (docs/model-file.md).
#pragma once

#include "model/guarantees.h"
#include "model/json_text.h"
#include "model/schema.h"

namespace casd {

/// Not for empty tables.
void write_guarantees(JsonWriter& json, const Guarantees& guarantees);
/// Throws FORMAT unless the tables fit the schema and are what guarantees() can produce.
Guarantees read_guarantees(JsonReader& reader, const Schema& schema);

}  // namespace casd
