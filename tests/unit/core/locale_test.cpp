// The host's locale does not affect messages, files and names.
#include "core/error.h"
#include "core/temporary_name.h"
#include "model/model.h"
#include "model/model_file.h"
#include "model/model_text.h"
#include "model/options.h"

#include <gtest/gtest.h>

#include <clocale>
#include <locale>
#include <sstream>
#include <string>

namespace casd {
namespace {

/// A locale with points between groups of three digits and a decimal comma.
struct European : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
  std::string do_truename() const override { return "wahr"; }
};

class Locale : public testing::Test {
 protected:
  void SetUp() override {
    before_ = std::locale::global(std::locale(std::locale::classic(), new European));
    std::ostringstream out;
    out << 1234567 << ' ' << 0.5;
    ASSERT_EQ(out.str(), "1.234.567 0,5");  // the locale is active
  }
  void TearDown() override { std::locale::global(before_); }

 private:
  std::locale before_;
};

TEST_F(Locale, MessagesDoNotDependOnTheLocale) {
  EXPECT_EQ(text("hidden is ", 1234567, ", ", 0.5, ", ", -12345678901LL, ", ", 4096u),
            "hidden is 1234567, 0.5, -12345678901, 4096");
  EXPECT_EQ(text(true), "1");
}

TEST_F(Locale, TemporaryNamesKeepTheirDigits) {
  EXPECT_EQ(temporary_name("a", 0x1234567, 0x89abcdef01234567u),
            ".a.casd-01234567-89abcdef01234567.tmp");
}

TEST_F(Locale, FilesAndOptionTextsDoNotDependOnTheLocale) {
  Schema schema;
  schema.modalities = {{"audio", 1500, {}}};
  schema.outputs = {"mood"};
  schema.task = CASD_TASK_REGRESSION;
  casd_model_options options = default_model_options();
  options.hidden = 8;
  options.heads = 2;
  options.layers = 1;
  options.delta_min = 0.0125;
  const ModelPtr model = create_model(schema, options);
  const auto bytes = serialise_model(*model);
  const std::string info = model_info(*model);
  std::locale::global(std::locale::classic());
  EXPECT_EQ(serialise_model(*model), bytes);
  EXPECT_EQ(model_info(*model), info);
  EXPECT_NE(info.find("1500"), std::string::npos);
  EXPECT_EQ(parse_model(bytes, "memory")->options().delta_min, 0.0125);
}

}  // namespace
}  // namespace casd
