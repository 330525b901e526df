/* The list of engines, and that it is correct. */
#include "support.h"

#include <string.h>

static int works(casd_device device, int32_t trains) {
  casd_dataset *data = new_data(CASD_TASK_CLASSES, 1);
  casd_model *model = new_model_for(data, 8, 0);
  casd_predictor *predictor = NULL;
  casd_trainer *trainer = NULL;
  casd_predictor_options predictor_options;
  casd_trainer_options trainer_options;
  casd_status status;
  if (trains) {
    ASSERT_OK(casd_trainer_options_init(&trainer_options, sizeof trainer_options));
    trainer_options.device = device;
    status = casd_trainer_create(&trainer, model, &trainer_options);
  } else {
    ASSERT_OK(casd_predictor_options_init(&predictor_options, sizeof predictor_options));
    predictor_options.device = device;
    status = casd_predictor_create(&predictor, model, &predictor_options);
  }
  casd_trainer_destroy(trainer);
  casd_predictor_destroy(predictor);
  casd_model_destroy(model);
  casd_dataset_destroy(data);
  return status == CASD_OK;
}

static void the_list_reports_available_engines(void **state) {
  static const struct {
    const char *name;
    casd_device device;
    int32_t trains, concurrent;
  } expected[] = {{"cpu", CASD_DEVICE_CPU, 1, 1},
                  {"torch", CASD_DEVICE_CPU, 1, 0},
                  {"torch", CASD_DEVICE_CUDA, 1, 0}};
  casd_engine_info info;
  int32_t i, device;
  (void)state;
  ASSERT_OK(casd_engine_info_init(&info, sizeof info));
  assert_int_equal(info.struct_size, sizeof info);
  for (i = 0; i < 3; ++i) {
    ASSERT_OK(casd_engine_get_info(&info, i));
    assert_int_equal(info.struct_size, sizeof info);
    assert_string_equal(info.name, expected[i].name);
    assert_int_equal(info.device, expected[i].device);
    assert_int_equal(info.trains, expected[i].trains);
    assert_int_equal(info.concurrent, expected[i].concurrent);
    /* On the CPU, "cpu" is used whether "torch" is available or not. */
    if (i != 1) assert_int_equal(info.available, works(info.device, info.trains));
    assert_true((info.reason[0] == 0) == info.available);
  }
  ASSERT_OK(casd_engine_get_info(&info, 0)); /* nothing of an earlier description stays */
  assert_int_equal(info.available, 1);
  assert_string_equal(info.reason, "");
  ASSERT_FAILS(casd_engine_get_info(&info, 3), CASD_ERROR_NOT_FOUND, "there are 3");
  ASSERT_FAILS(casd_engine_get_info(&info, -1), CASD_ERROR_NOT_FOUND, "-1");
  assert_string_equal(info.name, "cpu");
  /* A predictor on the device of an engine needs one that is available. */
  for (device = CASD_DEVICE_CPU; device <= CASD_DEVICE_CUDA; ++device) {
    int available = 0;
    for (i = 0; casd_engine_get_info(&info, i) == CASD_OK; ++i)
      if (info.device == device) available |= info.available;
    assert_int_equal(works(device, 0), available);
  }
}

static void the_struct_is_checked(void **state) {
  casd_engine_info info;
  struct {
    casd_engine_info info;
    char more[8];
  } longer;
  (void)state;
  ASSERT_INVALID(casd_engine_info_init(NULL, sizeof info), "info");
  ASSERT_INVALID(casd_engine_info_init(&info, sizeof info - 1), "307");
  ASSERT_INVALID(casd_engine_get_info(NULL, 0), "info");
  memset(&info, 0, sizeof info);
  ASSERT_INVALID(casd_engine_get_info(&info, 0), "initialised");
  /* A struct of a newer header: fields unknown to this library are 0. */
  memset(&longer, 1, sizeof longer);
  ASSERT_OK(casd_engine_info_init(&longer.info, sizeof longer));
  ASSERT_OK(casd_engine_get_info(&longer.info, 0));
  assert_string_equal(longer.info.name, "cpu");
  assert_int_equal(longer.info.struct_size, sizeof longer);
  assert_int_equal(longer.more[0], 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_list_reports_available_engines),
      cmocka_unit_test(the_struct_is_checked),
  };
  return cmocka_run_group_tests_name("engines", tests, NULL, nothing_is_left);
}
