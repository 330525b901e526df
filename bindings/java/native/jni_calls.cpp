// The native methods that SWIG does not generate: those with arrays of changing length, direct
// buffers and callbacks. casd_java.i declares them.
#include "jni_support.h"

#include <algorithm>

namespace {

using casd_jni::Floats;

constexpr jsize max_modalities = CASD_MAX_MODALITIES;

template <class Handle>
Handle* handle(jlong value) {
  return reinterpret_cast<Handle*>(static_cast<intptr_t>(value));
}

void check(JNIEnv* env, casd_status status) {
  if (status != CASD_OK) casd_jni::throw_status(env, status);
}

/// The numbers of frames, as the C API takes them.
struct Steps {
  int64_t values[max_modalities];
  int32_t count = 0;

  Steps(JNIEnv* env, jintArray from) {
    jint small[max_modalities];
    count = env->GetArrayLength(from);
    // More than any model has: the library reports the number and does not read the values.
    const jsize known = std::min<jsize>(count, max_modalities);
    env->GetIntArrayRegion(from, 0, known, small);
    std::copy(small, small + known, values);
  }
};

/// An address inside a direct buffer; the facade has checked the buffer and its limits.
template <class T>
T* address(JNIEnv* env, jobject buffer, jint position) {
  return static_cast<T*>(env->GetDirectBufferAddress(buffer)) + position;
}

void predict_packed(JNIEnv* env, jlong prediction, jlong predictor, const float* values, jint count,
                    jintArray steps, jint mask) {
  const Steps frames(env, steps);
  check(env,
        casd_predict_packed(handle<casd_prediction>(prediction), handle<casd_predictor>(predictor),
                            values, static_cast<size_t>(count), frames.values, frames.count,
                            static_cast<casd_modality_mask>(mask)));
}

/// The fields of a copy. A list longer than there are fields has repetitions and goes to the heap.
struct Fields {
  casd_field inline_values[32];
  casd_field* values = inline_values;
  int32_t count = 0;

  Fields() = default;
  ~Fields() {
    if (values != inline_values) delete[] values;
  }
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  bool read(JNIEnv* env, jintArray from) {
    count = env->GetArrayLength(from);
    if (count > 32) values = new (std::nothrow) casd_field[static_cast<size_t>(count)];
    if (!values) {
      values = inline_values;
      casd_jni::throw_out_of_memory(env);
      return false;
    }
    env->GetIntArrayRegion(from, 0, count, values);
    return true;
  }
};

struct Listener {
  JNIEnv* env;
  jobject object;
};

int32_t CASD_CALL on_train(const casd_train_progress* p, void* user) {
  const auto* to = static_cast<const Listener*>(user);
  const jboolean go_on = to->env->CallBooleanMethod(
      to->object, casd_jni::trainer_callback(), static_cast<jint>(p->phase),
      static_cast<jint>(p->epoch), static_cast<jint>(p->epochs), static_cast<jlong>(p->step),
      static_cast<jlong>(p->steps), p->loss, p->score, p->best_score, p->samples_per_second,
      p->seconds, p->seconds_left);
  return to->env->ExceptionCheck() || !go_on;
}

/// Also of a calibration.
int32_t CASD_CALL on_evaluate(int64_t done, int64_t total, void* user) {
  const auto* to = static_cast<const Listener*>(user);
  const jboolean go_on =
      to->env->CallBooleanMethod(to->object, casd_jni::evaluation_callback(),
                                 static_cast<jlong>(done), static_cast<jlong>(total));
  return to->env->ExceptionCheck() || !go_on;
}

}  // namespace

extern "C" {

JNIEXPORT void JNICALL Java_org_casd_CasdJNI_setLogLevel(JNIEnv* env, jclass, jint level) {
  check(env, casd_set_log(nullptr, level, nullptr));
}

JNIEXPORT jstring JNICALL Java_org_casd_CasdJNI_pollLog(JNIEnv* env, jclass, jintArray level) {
  char text[4096];
  const jint found = casd_log_poll(text, sizeof text);
  if (found < 0) return nullptr;
  env->SetIntArrayRegion(level, 0, 1, &found);
  return casd_jni::new_string(env, text);
}

JNIEXPORT jlong JNICALL Java_org_casd_CasdJNI_modelLoadDirect(JNIEnv* env, jclass, jobject bytes,
                                                              jint position, jint size) {
  casd_model* model = nullptr;
  check(env, casd_model_load_memory(&model, address<char>(env, bytes, position),
                                    static_cast<size_t>(size)));
  return static_cast<jlong>(reinterpret_cast<intptr_t>(model));
}

JNIEXPORT void JNICALL Java_org_casd_CasdJNI_batchSetFrames(JNIEnv* env, jclass, jlong batch,
                                                            jlong sample, jint modality,
                                                            jfloatArray values, jint offset,
                                                            jint count, jlong steps, jint features,
                                                            jlong stride) {
  Floats floats;
  if (values && !floats.read(env, values, offset, count)) return;
  check(env, casd_batch_set_frames(handle<casd_batch>(batch), sample, modality,
                                   values ? floats.data() : nullptr, steps, features, stride));
}

JNIEXPORT void JNICALL Java_org_casd_CasdJNI_batchSetFramesDirect(JNIEnv* env, jclass, jlong batch,
                                                                  jlong sample, jint modality,
                                                                  jobject values, jint position,
                                                                  jint, jlong steps, jint features,
                                                                  jlong stride) {
  check(env, casd_batch_set_frames(handle<casd_batch>(batch), sample, modality,
                                   address<float>(env, values, position), steps, features, stride));
}

JNIEXPORT jfloatArray JNICALL Java_org_casd_CasdJNI_batchFrames(JNIEnv* env, jclass, jlong batch,
                                                                jlong sample, jint modality,
                                                                jint features) {
  const auto* from = handle<casd_batch>(batch);
  const float* frames = casd_batch_frames(from, sample, modality);
  if (!frames) return nullptr;
  const int64_t count = casd_batch_steps(from, sample, modality) * features;
  if (count > INT32_MAX) {
    casd_jni::throw_out_of_memory(env);
    return nullptr;
  }
  jfloatArray out = env->NewFloatArray(static_cast<jsize>(count));
  if (out) env->SetFloatArrayRegion(out, 0, static_cast<jsize>(count), frames);
  return out;
}

JNIEXPORT jfloatArray JNICALL Java_org_casd_CasdJNI_batchTarget(JNIEnv* env, jclass, jlong batch,
                                                                jlong sample, jint count) {
  const float* target = casd_batch_target(handle<casd_batch>(batch), sample);
  if (!target) return nullptr;
  jfloatArray out = env->NewFloatArray(count);
  if (out) env->SetFloatArrayRegion(out, 0, count, target);
  return out;
}

JNIEXPORT void JNICALL Java_org_casd_CasdJNI_predictPacked(JNIEnv* env, jclass, jlong prediction,
                                                           jlong predictor, jfloatArray values,
                                                           jint offset, jint count, jintArray steps,
                                                           jint mask) {
  Floats floats;
  if (!floats.read(env, values, offset, count)) return;
  predict_packed(env, prediction, predictor, floats.data(), count, steps, mask);
}

JNIEXPORT void JNICALL Java_org_casd_CasdJNI_predictPackedDirect(JNIEnv* env, jclass,
                                                                 jlong prediction, jlong predictor,
                                                                 jobject values, jint position,
                                                                 jint count, jintArray steps,
                                                                 jint mask) {
  predict_packed(env, prediction, predictor, address<float>(env, values, position), count, steps,
                 mask);
}

// The facade has checked that each array is a whole number of frames.
JNIEXPORT void JNICALL Java_org_casd_CasdJNI_predictFrames(JNIEnv* env, jclass, jlong prediction,
                                                           jlong predictor, jobjectArray frames,
                                                           jintArray features, jint mask) {
  const Steps widths(env, features);
  const jsize count = std::min<jsize>(widths.count, max_modalities);
  jint lengths[max_modalities] = {};
  size_t total = 0;
  for (jsize i = 0; i < count; ++i) {
    auto array = static_cast<jfloatArray>(env->GetObjectArrayElement(frames, i));
    if (!array) continue;
    lengths[i] = env->GetArrayLength(array);
    total += static_cast<size_t>(lengths[i]);
    env->DeleteLocalRef(array);
  }
  Floats floats;
  if (!floats.reserve(env, total)) return;
  const float* pointers[max_modalities] = {};
  int64_t steps[max_modalities] = {};
  float* to = floats.data();
  for (jsize i = 0; i < count; ++i) {
    if (lengths[i] == 0) continue;
    auto array = static_cast<jfloatArray>(env->GetObjectArrayElement(frames, i));
    if (!array) continue;  // another thread has changed the outer array
    env->GetFloatArrayRegion(array, 0, lengths[i], to);
    if (env->ExceptionCheck()) return;
    pointers[i] = to;
    steps[i] = lengths[i] / widths.values[i];
    to += lengths[i];
    env->DeleteLocalRef(array);
  }
  check(env,
        casd_predict_frames(handle<casd_prediction>(prediction), handle<casd_predictor>(predictor),
                            pointers, steps, count, static_cast<casd_modality_mask>(mask)));
}

JNIEXPORT void JNICALL Java_org_casd_CasdJNI_predictionShape(JNIEnv* env, jclass, jlong prediction,
                                                             jint field, jlongArray shape) {
  int64_t rows = 0, columns = 0;
  check(env, casd_prediction_shape(&rows, &columns, handle<casd_prediction>(prediction), field));
  if (env->ExceptionCheck()) return;
  const jlong values[] = {rows, columns};
  env->SetLongArrayRegion(shape, 0, 2, values);
}

JNIEXPORT jlong JNICALL Java_org_casd_CasdJNI_predictionCopy(JNIEnv* env, jclass, jlong prediction,
                                                             jfloatArray target, jint offset,
                                                             jint capacity, jintArray fields) {
  const auto* from = handle<casd_prediction>(prediction);
  Fields wanted;
  if (!wanted.read(env, fields)) return 0;
  size_t needed = 0;
  if (!target) {
    check(env, casd_prediction_copy_fields(nullptr, 0, &needed, from, wanted.values, wanted.count));
    return static_cast<jlong>(needed);
  }
  Floats floats;
  if (!floats.reserve(env, static_cast<size_t>(capacity))) return 0;
  const casd_status status = casd_prediction_copy_fields(
      floats.data(), static_cast<size_t>(capacity), &needed, from, wanted.values, wanted.count);
  check(env, status);
  if (status == CASD_OK)
    env->SetFloatArrayRegion(target, offset, static_cast<jsize>(needed), floats.data());
  return static_cast<jlong>(needed);
}

JNIEXPORT jlong JNICALL Java_org_casd_CasdJNI_predictionCopyDirect(JNIEnv* env, jclass,
                                                                   jlong prediction, jobject target,
                                                                   jint position, jint capacity,
                                                                   jintArray fields) {
  Fields wanted;
  if (!wanted.read(env, fields)) return 0;
  size_t needed = 0;
  check(env, casd_prediction_copy_fields(
                 address<float>(env, target, position), static_cast<size_t>(capacity), &needed,
                 handle<casd_prediction>(prediction), wanted.values, wanted.count));
  return static_cast<jlong>(needed);
}

// Without indices: the first `count` samples.
JNIEXPORT void JNICALL Java_org_casd_CasdJNI_datasetRead(JNIEnv* env, jclass, jlong batch,
                                                         jlong dataset, jstring split,
                                                         jlongArray indices, jlong count) {
  casd_jni::Text name;
  casd_jni::Longs samples;
  if (!name.read(env, split) || !samples.open(env, indices)) return;
  check(env, casd_dataset_read(handle<casd_batch>(batch), handle<casd_dataset>(dataset), name.get(),
                               samples.data(), static_cast<size_t>(count)));
}

JNIEXPORT jlong JNICALL Java_org_casd_CasdJNI_evaluate(JNIEnv* env, jclass, jlong predictor,
                                                       jlong dataset, jstring split, jint mask,
                                                       jobject listener) {
  casd_jni::Text name;
  if (!name.read(env, split)) return 0;
  casd_evaluate_options options;
  casd_evaluate_options_init(&options, sizeof options);
  options.mask = static_cast<casd_modality_mask>(mask);
  Listener user{env, listener};
  casd_report* report = nullptr;
  const casd_status status =
      casd_evaluate(&report, handle<casd_predictor>(predictor), handle<casd_dataset>(dataset),
                    name.get(), &options, listener ? on_evaluate : nullptr, &user);
  if (env->ExceptionCheck()) {  // thrown by the listener: that is what the caller sees
    casd_report_destroy(report);
    return 0;
  }
  check(env, status);
  return static_cast<jlong>(reinterpret_cast<intptr_t>(report));
}

JNIEXPORT jlong JNICALL Java_org_casd_CasdJNI_calibrate(JNIEnv* env, jclass, jlong model,
                                                        jlong dataset, jstring split, jlong options,
                                                        jobject listener) {
  casd_jni::Text name;
  if (!name.read(env, split)) return 0;
  Listener user{env, listener};
  casd_model* result = nullptr;
  const casd_status status = casd_model_calibrate(
      &result, handle<casd_model>(model), handle<casd_dataset>(dataset), name.get(),
      handle<casd_calibrate_options>(options), listener ? on_evaluate : nullptr, &user);
  if (env->ExceptionCheck()) {  // thrown by the listener: that is what the caller sees
    casd_model_destroy(result);
    return 0;
  }
  check(env, status);
  return static_cast<jlong>(reinterpret_cast<intptr_t>(result));
}

JNIEXPORT void JNICALL Java_org_casd_CasdJNI_trainerFit(JNIEnv* env, jclass, jlong trainer,
                                                        jlong dataset, jstring checkpoint,
                                                        jobject listener) {
  casd_jni::Text path;
  if (!path.read(env, checkpoint)) return;
  Listener user{env, listener};
  const casd_status status =
      casd_trainer_fit(handle<casd_trainer>(trainer), handle<casd_dataset>(dataset), path.get(),
                       listener ? on_train : nullptr, &user);
  if (!env->ExceptionCheck()) check(env, status);
}

}  // extern "C"
