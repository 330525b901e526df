/* The class CasdPredictor for scripts of Godot 3 (GDNative): a model, and one prediction per call. */
#include <casd/casd.h>
#include <gdnative_api_struct.gen.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* The headers define GDN_EXPORT as nothing on Linux. */
#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

static const godot_gdnative_core_api_struct *api;
static const godot_gdnative_ext_nativescript_api_struct *script_api;

typedef struct {
  casd_schema *schema;
  casd_predictor *predictor;
  casd_prediction *prediction;
  casd_batch *batch;
} predictor_data;

static godot_variant integer(int64_t number) {
  godot_variant value;
  api->godot_variant_new_int(&value, number);
  return value;
}

static godot_variant text(const char *utf8) {
  godot_string string;
  godot_variant value;
  api->godot_string_new(&string);
  api->godot_string_parse_utf8(&string, utf8 ? utf8 : "");
  api->godot_variant_new_string(&value, &string);
  api->godot_string_destroy(&string);
  return value;
}

static void close_model(predictor_data *data) {
  casd_batch_destroy(data->batch);
  casd_prediction_destroy(data->prediction);
  casd_predictor_destroy(data->predictor);
  casd_schema_destroy(data->schema);
  *data = (predictor_data){0};
}

static void *create(godot_object *self, void *method_data) {
  (void)self;
  (void)method_data;
  return calloc(1, sizeof(predictor_data));
}

static void destroy(godot_object *self, void *method_data, void *user) {
  (void)self;
  (void)method_data;
  if (user) close_model(user);
  free(user);
}

/* load_model(bytes: PoolByteArray) -> String: "" or the message. */
static godot_variant load_model(godot_object *self, void *method_data, void *user, int count,
                                godot_variant **arguments) {
  predictor_data *data = user;
  casd_model *model = NULL;
  bool loaded;
  (void)self;
  (void)method_data;
  if (!data || count != 1) return text("load_model() takes the bytes of a model");
  close_model(data);
  godot_pool_byte_array bytes = api->godot_variant_as_pool_byte_array(arguments[0]);
  godot_pool_byte_array_read_access *access = api->godot_pool_byte_array_read(&bytes);
  loaded = casd_model_load_memory(&model, api->godot_pool_byte_array_read_access_ptr(access),
                                  (size_t)api->godot_pool_byte_array_size(&bytes)) == CASD_OK &&
           casd_model_schema(&data->schema, model) == CASD_OK &&
           casd_predictor_create(&data->predictor, model, NULL) == CASD_OK &&
           casd_prediction_create(&data->prediction) == CASD_OK &&
           casd_batch_create(&data->batch, data->schema) == CASD_OK;
  api->godot_pool_byte_array_read_access_destroy(access);
  api->godot_pool_byte_array_destroy(&bytes);
  godot_variant message = text(loaded ? "" : casd_last_error());
  casd_model_destroy(model);
  if (!loaded) close_model(data);
  return message;
}

/* modality_features(name: String) -> int: numbers of one frame; -1: there is no such modality. */
static godot_variant modality_features(godot_object *self, void *method_data, void *user, int count,
                                       godot_variant **arguments) {
  const predictor_data *data = user;
  int32_t modality = -1;
  (void)self;
  (void)method_data;
  if (!data || !data->schema || count != 1) return integer(-1);
  godot_string name = api->godot_variant_as_string(arguments[0]);
  godot_char_string utf8 = api->godot_string_utf8(&name);
  if (casd_schema_modality_index(&modality, data->schema, api->godot_char_string_get_data(&utf8)) !=
      CASD_OK)
    modality = -1;
  api->godot_char_string_destroy(&utf8);
  api->godot_string_destroy(&name);
  return integer(modality < 0 ? -1 : casd_schema_modality_features(data->schema, modality));
}

/* Sets the frames of a modality from a PoolRealArray; one without numbers: the modality is missing. */
static casd_status set_frames(predictor_data *data, int32_t modality, const godot_variant *frames) {
  casd_status status = CASD_OK;
  godot_pool_real_array values = api->godot_variant_as_pool_real_array(frames);
  const int32_t features = casd_schema_modality_features(data->schema, modality);
  const int64_t size = api->godot_pool_real_array_size(&values);
  if (size > 0 && features > 0) {
    godot_pool_real_array_read_access *access = api->godot_pool_real_array_read(&values);
    /* A remainder makes the number of features wrong, which is the library's error. */
    const int32_t used = size % features ? (int32_t)(size % features) : features;
    status = casd_batch_set_frames(data->batch, 0, modality,
                                   api->godot_pool_real_array_read_access_ptr(access), size / used,
                                   used, 0);
    api->godot_pool_real_array_read_access_destroy(access);
  }
  api->godot_pool_real_array_destroy(&values);
  return status;
}

static void put(godot_dictionary *result, const char *key, const predictor_data *data,
                casd_field field) {
  godot_pool_real_array values;
  int64_t rows = 0, columns = 0;
  const float *numbers = casd_prediction_data(data->prediction, field);
  if (!numbers || casd_prediction_shape(&rows, &columns, data->prediction, field) != CASD_OK)
    return;
  api->godot_pool_real_array_new(&values);
  api->godot_pool_real_array_resize(&values, (godot_int)columns);
  for (int64_t i = 0; i < columns; ++i)
    api->godot_pool_real_array_set(&values, (godot_int)i, numbers[i]);
  godot_variant name = text(key), value;
  api->godot_variant_new_pool_real_array(&value, &values);
  api->godot_dictionary_set(result, &name, &value);
  api->godot_variant_destroy(&value);
  api->godot_variant_destroy(&name);
  api->godot_pool_real_array_destroy(&values);
}

/* predict(frames: Array of PoolRealArray, one per modality) -> Dictionary with probabilities, uncertainty,
 * variance and weight, or the message as a String. A weight is NaN for a modality that is missing. */
static godot_variant predict(godot_object *self, void *method_data, void *user, int count,
                             godot_variant **arguments) {
  predictor_data *data = user;
  casd_status status;
  (void)self;
  (void)method_data;
  if (!data || !data->predictor || count != 1)
    return text("predict() takes an array with the frames of each modality, after load_model()");
  godot_array frames = api->godot_variant_as_array(arguments[0]);
  casd_batch_clear(data->batch);
  status = casd_batch_add_sample(NULL, data->batch);
  for (int32_t m = 0; status == CASD_OK && m < api->godot_array_size(&frames); ++m) {
    godot_variant values = api->godot_array_get(&frames, m);
    status = set_frames(data, m, &values);
    api->godot_variant_destroy(&values);
  }
  api->godot_array_destroy(&frames);
  if (status == CASD_OK)
    status = casd_predict(data->prediction, data->predictor, data->batch, CASD_ALL_MODALITIES);
  if (status != CASD_OK) return text(casd_last_error());

  godot_dictionary result;
  godot_variant value;
  api->godot_dictionary_new(&result);
  put(&result, "probabilities", data, CASD_FIELD_PROBABILITIES);
  put(&result, "uncertainty", data, CASD_FIELD_UNCERTAINTY);
  put(&result, "variance", data, CASD_FIELD_MODALITY_VARIANCE);
  put(&result, "weight", data, CASD_FIELD_MODALITY_WEIGHT);
  api->godot_variant_new_dictionary(&value, &result);
  api->godot_dictionary_destroy(&result);
  return value;
}

/* live_objects() -> int: native objects that exist, for a check at the end. */
static godot_variant live_objects(godot_object *self, void *method_data, void *user, int count,
                                  godot_variant **arguments) {
  (void)self;
  (void)method_data;
  (void)user;
  (void)count;
  (void)arguments;
  return integer(casd_live_objects());
}

EXPORT void casd_gdnative_init(godot_gdnative_init_options *options) {
  api = options->api_struct;
  for (unsigned i = 0; i < api->num_extensions; ++i)
    if (api->extensions[i]->type == GDNATIVE_EXT_NATIVESCRIPT)
      script_api = (const godot_gdnative_ext_nativescript_api_struct *)api->extensions[i];
}

EXPORT void casd_gdnative_terminate(godot_gdnative_terminate_options *options) {
  (void)options;
  api = NULL;
  script_api = NULL;
}

EXPORT void casd_nativescript_init(void *handle) {
  static const struct {
    const char *name;
    godot_variant (*call)(godot_object *, void *, void *, int, godot_variant **);
  } methods[] = {{"load_model", load_model},
                 {"modality_features", modality_features},
                 {"predict", predict},
                 {"live_objects", live_objects}};
  const godot_instance_create_func constructor = {create, NULL, NULL};
  const godot_instance_destroy_func destructor = {destroy, NULL, NULL};
  const godot_method_attributes attributes = {GODOT_METHOD_RPC_MODE_DISABLED};
  /* Another libcasd than that of the headers: the class is missing then. */
  if (!script_api || casd_version() / 100 != CASD_VERSION_MAJOR * 100 + CASD_VERSION_MINOR) return;
  script_api->godot_nativescript_register_class(handle, "CasdPredictor", "Reference", constructor,
                                                destructor);
  for (size_t i = 0; i < sizeof methods / sizeof *methods; ++i) {
    const godot_instance_method method = {methods[i].call, NULL, NULL};
    script_api->godot_nativescript_register_method(handle, "CasdPredictor", methods[i].name,
                                                   attributes, method);
  }
}
