#include "train/teacher_outputs.h"

#include <algorithm>

namespace casd {
namespace {

constexpr std::size_t piece = 256;

void append(std::vector<float>& to, Span<const float> from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

TeacherOutputs compute_teacher_outputs(const Predictor& teacher,
                                       Span<const Sample* const> samples) {
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
    append(out.uncertainty, teacher.fused_variance(evidence, all));
  }
  return out;
}

}  // namespace casd
