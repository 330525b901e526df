#include "predict/batch_reader.h"

namespace casd {

void BatchReader::match(const Batch& batch, const Schema& schema) {
  if (from_ == batch.shared_schema()) return;  // the common case: no names are compared
  if (!from_ || *from_ != batch.schema()) {
    from_.reset();
    mapping_.emplace(batch.schema(), schema, "the batch");
  }
  from_ = batch.shared_schema();
}

void BatchReader::read(const Batch& batch, const Schema& schema, InputTable& input) {
  match(batch, schema);
  input.resize(batch.size(), schema.modality_count());
  if (mapping_->identity()) {
    for (std::int64_t i = 0; i < batch.size(); ++i) input.set(i, batch[i], schema);
    return;
  }
  if (mapped_.size() < static_cast<std::size_t>(batch.size()))
    mapped_.resize(static_cast<std::size_t>(batch.size()));
  for (std::int64_t i = 0; i < batch.size(); ++i) {
    Sample& sample = mapped_[static_cast<std::size_t>(i)];
    mapping_->apply(batch[i], sample);
    input.set(i, sample, schema);
  }
}

}  // namespace casd
