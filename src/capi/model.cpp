#include <casd/model.h>

#include "capi/handles.h"
#include "capi/option_struct.h"
#include "model/model_file.h"
#include "model/options.h"

#include <algorithm>

using casd::given;
using casd::guard;

namespace {

template <class Change>
void change(casd_model_options* options, Change apply) {
  casd::change_struct(options, casd::default_model_options(), casd::first_size::model_options,
                      "options", apply);
}

}  // namespace

casd_status casd_model_options_init(casd_model_options* options, size_t size) {
  return guard([&] {
    casd::init_struct(options, size, casd::default_model_options(), casd::first_size::model_options,
                      "options");
  });
}

casd_status casd_model_options_use_recipe(casd_model_options* options, casd_recipe recipe) {
  return guard([&] { change(options, [&](auto& ours) { casd::use_recipe(ours, recipe); }); });
}

casd_status casd_model_options_use_preset(casd_model_options* options, casd_preset preset) {
  return guard([&] { change(options, [&](auto& ours) { casd::use_preset(ours, preset); }); });
}

casd_status casd_model_options_set(casd_model_options* options, const char* name,
                                   const char* value) {
  return guard([&] {
    given(name, "name");
    given(value, "value");
    change(options,
           [&](auto& ours) { casd::set_option(casd::model_option_table(), &ours, name, value); });
  });
}

int32_t casd_model_options_count(void) { return casd::option_count(casd::model_option_table()); }

const char* casd_model_options_name(int32_t index) {
  return casd::option_name(casd::model_option_table(), index);
}

casd_status casd_model_options_text(char* buffer, size_t capacity, size_t* needed,
                                    const casd_model_options* options, const char* name) {
  return guard([&] {
    const casd_model_options ours =
        casd::import_struct(&given(options, "options"), casd::default_model_options(),
                            casd::first_size::model_options, "options");
    casd::copy_option_text(buffer, capacity, needed, casd::model_option_table(), &ours, name);
  });
}

casd_status casd_model_create(casd_model** model, const casd_schema* schema,
                              const casd_model_options* options) {
  return guard([&] {
    given(model, "model");
    *model = new casd_model(
        casd::create_model(given(schema, "schema").value,
                           casd::import_struct(options, casd::default_model_options(),
                                               casd::first_size::model_options, "options")));
  });
}

casd_status casd_model_load(casd_model** model, const char* path) {
  return guard([&] {
    given(model, "model");
    *model = new casd_model(casd::load_model(&given(path, "path")));
  });
}

casd_status casd_model_load_memory(casd_model** model, const void* data, size_t size) {
  return guard([&] {
    given(model, "model");
    casd::require(data != nullptr, "data is NULL");
    *model =
        new casd_model(casd::parse_model({static_cast<const std::uint8_t*>(data), size}, "memory"));
  });
}

casd_status casd_model_save(const casd_model* model, const char* path) {
  return guard([&] { casd::save_model(*given(model, "model").value, &given(path, "path")); });
}

casd_status casd_model_save_memory(void* buffer, size_t capacity, size_t* needed,
                                   const casd_model* model) {
  return guard([&] {
    const auto bytes = casd::serialise_model(*given(model, "model").value);
    casd::copy_out<std::uint8_t>(static_cast<std::uint8_t*>(buffer), capacity, needed, bytes,
                                 "bytes");
  });
}

void casd_model_destroy(casd_model* model) { delete model; }

casd_status casd_model_schema(casd_schema** schema, const casd_model* model) {
  return guard([&] {
    given(schema, "schema");
    auto copy = std::make_unique<casd_schema>();
    copy->value = given(model, "model").value->schema();
    *schema = copy.release();
  });
}

casd_status casd_model_get_options(casd_model_options* options, const casd_model* model) {
  return guard([&] {
    const std::size_t size = casd::receiving_size(&given(options, "options"),
                                                  casd::first_size::model_options, "options");
    casd_model_options ours = given(model, "model").value->options();
    ours.seed = 0;
    casd::init_struct(options, size, ours, casd::first_size::model_options, "options");
  });
}

int64_t casd_model_parameter_count(const casd_model* model) {
  return model ? model->value->layout().learned_count : -1;
}

const char* casd_model_info(const casd_model* model) {
  return model ? model->info.c_str() : nullptr;
}

casd_status casd_model_temperature(double* temperature, const casd_model* model,
                                   casd_modality_mask mask) {
  return guard([&] {
    const casd::Model& value = *given(model, "model").value;
    given(temperature, "temperature");
    *temperature = value.temperature(casd::resolve_mask(value.schema(), mask));
  });
}

int32_t casd_model_user_count(const casd_model* model) {
  return model ? static_cast<int32_t>(model->value->user().size()) : -1;
}

const char* casd_model_user_key(const casd_model* model, int32_t index) {
  if (!model || index < 0 || index >= casd_model_user_count(model)) return nullptr;
  return model->value->user()[static_cast<std::size_t>(index)].first.c_str();
}

const char* casd_model_user_value(const casd_model* model, const char* key) {
  if (!model || !key) return nullptr;
  for (const auto& [name, value] : model->value->user())
    if (name == key) return value.c_str();
  return nullptr;
}

casd_status casd_model_with_user_value(casd_model** result, const casd_model* model,
                                       const char* key, const char* value) {
  return guard([&] {
    given(result, "result");
    const casd::Model& old = *given(model, "model").value;
    const std::string name = &given(key, "key");
    const std::string text = value ? value : "";
    casd::require(casd::is_user_key(name) && name.size() <= casd::longest_user_key, "the key '",
                  name, "' must begin with 'user.' and have at most ", casd::longest_user_key,
                  " bytes");
    casd::require(text.size() <= casd::longest_user_value, "the value has ", text.size(),
                  " bytes, allowed: at most ", casd::longest_user_value);
    casd::require(casd::is_utf8(name) && casd::is_utf8(text), "key and value must be UTF-8");
    casd::UserValues user = old.user();
    const auto found = std::find_if(user.begin(), user.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (!value) {
      if (found != user.end()) user.erase(found);
    } else if (found != user.end()) {
      found->second = text;
    } else {
      casd::require(user.size() < casd::most_user_values, "the model has ", user.size(),
                    " user values, the most it can have");
      user.emplace_back(name, text);
    }
    *result = new casd_model(std::make_shared<const casd::Model>(old.with_user(std::move(user))));
  });
}
