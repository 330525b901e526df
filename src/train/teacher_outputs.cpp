#include "train/teacher_outputs.h"

#include "method/fusion.h"

#include <algorithm>

namespace casd {
namespace {

constexpr std::size_t piece = 256;

void append(std::vector<float>& to, Span<const float> from) {
  to.insert(to.end(), from.begin(), from.end());
}

void gather_rows(const std::vector<float>& all, std::size_t columns, Span<const std::int64_t> rows,
                 std::vector<float>& out) {
  out.resize(rows.size() * columns);
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::copy_n(all.data() + static_cast<std::size_t>(rows[i]) * columns, columns,
                out.data() + i * columns);
}

}  // namespace

TeacherOutputs compute_teacher_outputs(Predictor& teacher, Span<const Sample* const> samples) {
  const ModalityMask all = teacher.model()->schema().all();
  TeacherOutputs out;
  EvidenceTable evidence;
  Prediction prediction;
  for (std::size_t first = 0; first < samples.size(); first += piece) {
    teacher.encode(evidence, samples.subspan(first, std::min(piece, samples.size() - first)), all,
                   false);
    teacher.predict_from_evidence(prediction, evidence, all);
    append(out.location, prediction.table(CASD_FIELD_REPRESENTATION));
    append(out.logits, prediction.table(CASD_FIELD_LOGITS));
    const Span<const float> scale = prediction.table(CASD_FIELD_SCALE);
    const Span<const float> freedom = prediction.table(CASD_FIELD_DEGREES_OF_FREEDOM);
    for (std::size_t i = 0; i < scale.size(); ++i) {
      const double sigma = static_cast<double>(scale[i]);
      out.uncertainty.push_back(
          static_cast<float>(fused_variance(sigma * sigma, static_cast<double>(freedom[i]))));
    }
  }
  return out;
}

void gather(const TeacherOutputs& all, const Model& teacher, Span<const std::int64_t> rows,
            TeacherOutputs& out) {
  const auto hidden = static_cast<std::size_t>(teacher.options().hidden);
  gather_rows(all.location, hidden, rows, out.location);
  gather_rows(all.uncertainty, hidden, rows, out.uncertainty);
  gather_rows(all.logits, static_cast<std::size_t>(teacher.schema().logit_count()), rows,
              out.logits);
}

}  // namespace casd
