#include "eval/modality_subsets.h"

#include "unit/eval/eval_samples.h"

#include <gtest/gtest.h>

namespace casd {
namespace {

using test::schema_of;

TEST(Conditions, AreAllSetsUpToSixModalities) {
  std::vector<std::string> names;
  for (const ModalitySubset& condition : modality_subsets(schema_of(3)))
    names.push_back(condition.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"m0", "m1", "m2", "m0+m1", "m0+m2", "m1+m2", "m0+m1+m2"}));
  EXPECT_EQ(modality_subsets(schema_of(6)).size(), 63u);
  EXPECT_EQ(modality_subsets(schema_of(7)).size(), 7u + 7u + 1u);  // singles, leave-one-outs, all
  EXPECT_EQ(modality_subsets(schema_of(1)).size(), 1u);
}

}  // namespace
}  // namespace casd
