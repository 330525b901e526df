// Java: the native methods of the package-private class org.casd.CasdJNI, which the facade calls.
//
// A handle is a long. A function that can fail returns long: its output (a new handle, an index, a
// count, the bits of a double), or 0 where it has none. A failure throws CasdException with the
// message of the same call. Functions with arrays of changing length, direct buffers or callbacks are
// written by hand in bindings/java/native; they are declared at the end.
%module(jniclassname="CasdJNI") CasdNative

%pragma(java) jniclassclassmodifiers="final class"
%pragma(java) jniclasscode=%{
  // NativeLibrary.load() comes first. It is not called from here: a class whose initialiser failed
  // reports the reason only once.
  private CasdJNI() {}
%}
%javaconst(1);

%{
#include "jni_support.h"
%}

// Written by hand.
%ignore casd_predict_packed;
%ignore casd_predict_frames;
%ignore casd_prediction_copy;
%ignore casd_prediction_copy_fields;
%ignore casd_prediction_data;
%ignore casd_prediction_shape;
%ignore casd_batch_set_frames;
%ignore casd_batch_frames;
%ignore casd_batch_target;
%ignore casd_dataset_read;
%ignore casd_evaluate;
%ignore casd_model_calibrate;
%ignore casd_trainer_fit;
%ignore casd_log_poll;
// The message is in the exception.
%ignore casd_last_error;
%ignore casd_last_error_copy;

%include <stdint.i>

// ---- scalars -------------------------------------------------------------------------------------

%typemap(jni) casd_modality_mask "jint"
%typemap(jtype) casd_modality_mask "int"
%typemap(in) casd_modality_mask %{ $1 = (casd_modality_mask)$input; %}
%typemap(out) casd_modality_mask %{ $result = (jint)$1; %}

%typemap(jni) uint64_t, size_t "jlong"
%typemap(jtype) uint64_t, size_t "long"
%typemap(in) uint64_t %{ $1 = (uint64_t)$input; %}
%typemap(in) size_t %{ $1 = (size_t)$input; %}
%typemap(out) uint64_t, size_t %{ $result = (jlong)$1; %}

// ---- status --------------------------------------------------------------------------------------

%typemap(jni) casd_status "jlong"
%typemap(jtype) casd_status "long"
%typemap(in) casd_status %{ $1 = (casd_status)$input; %}
// No return: the arrays and texts of the call are still to be released.
%typemap(out) casd_status {
  $result = 0;
  if ($1 != CASD_OK) casd_jni::throw_status(jenv, $1);
}

// ---- outputs -------------------------------------------------------------------------------------

%define CASD_OUTPUT_HANDLE(TYPE)
%typemap(in, numinputs=0) TYPE ** (TYPE *created = NULL) %{ $1 = &created; %}
%typemap(argout) TYPE ** %{ $result = (jlong)(intptr_t)*$1; %}
%enddef
CASD_OUTPUT_HANDLE(casd_schema)
CASD_OUTPUT_HANDLE(casd_model)
CASD_OUTPUT_HANDLE(casd_batch)
CASD_OUTPUT_HANDLE(casd_predictor)
CASD_OUTPUT_HANDLE(casd_prediction)
CASD_OUTPUT_HANDLE(casd_dataset)
CASD_OUTPUT_HANDLE(casd_report)
CASD_OUTPUT_HANDLE(casd_monitor)
CASD_OUTPUT_HANDLE(casd_trainer)

%define CASD_OUTPUT_NUMBER(TYPE, NAME)
%typemap(in, numinputs=0) TYPE *NAME (TYPE number = 0) %{ $1 = &number; %}
%typemap(argout) TYPE *NAME %{ $result = (jlong)*$1; %}
%enddef
CASD_OUTPUT_NUMBER(int64_t, sample)
CASD_OUTPUT_NUMBER(int64_t, count)
CASD_OUTPUT_NUMBER(int32_t, index)
CASD_OUTPUT_NUMBER(size_t, needed)
CASD_OUTPUT_NUMBER(casd_status, status)

// The bits of a double: Double.longBitsToDouble().
%define CASD_OUTPUT_DOUBLE(NAME)
%typemap(in, numinputs=0) double *NAME (double number = 0) %{ $1 = &number; %}
%typemap(argout) double *NAME %{ $result = casd_jni::bits(*$1); %}
%enddef
CASD_OUTPUT_DOUBLE(temperature)
CASD_OUTPUT_DOUBLE(noise)
CASD_OUTPUT_DOUBLE(value)

// ---- text: UTF-16 in Java, UTF-8 in C -------------------------------------------------------------

// Texts and arrays are local objects of the generated function, whose destructors release what they
// hold on every path.
%typemap(in) const char * (casd_jni::Text text) {
  if (!text.read(jenv, $input)) return $null;
  $1 = (char *)text.get();
}
%typemap(freearg) const char * ""
%typemap(out) const char * %{ $result = casd_jni::new_string(jenv, $1); %}
%typemap(out) char [ANY] %{ $result = casd_jni::new_string(jenv, $1); %}

// ---- arrays --------------------------------------------------------------------------------------

// byte[] that receives a result, or null to ask for the size.
%define CASD_OUTPUT_BYTES(TYPE)
%typemap(jni) (TYPE *buffer, size_t capacity) "jbyteArray"
%typemap(jtype) (TYPE *buffer, size_t capacity) "byte[]"
%typemap(in) (TYPE *buffer, size_t capacity) (casd_jni::Bytes bytes) {
  if (!bytes.open(jenv, $input, 0)) return $null;
  $1 = ($1_ltype)bytes.data();
  $2 = bytes.size();
}
%typemap(freearg) (TYPE *buffer, size_t capacity) ""
%enddef
CASD_OUTPUT_BYTES(char)
CASD_OUTPUT_BYTES(void)

%typemap(jni) (const void *data, size_t size) "jbyteArray"
%typemap(jtype) (const void *data, size_t size) "byte[]"
%typemap(in) (const void *data, size_t size) (casd_jni::Bytes bytes) {
  if (!bytes.open(jenv, $input, JNI_ABORT)) return $null;
  $1 = bytes.data();
  $2 = bytes.size();
}
%typemap(freearg) (const void *data, size_t size) ""

// The target of a sample: float[], or null to remove it.
%typemap(jni) (const float *values, size_t count) "jfloatArray"
%typemap(jtype) (const float *values, size_t count) "float[]"
%typemap(in) (const float *values, size_t count) (casd_jni::Floats floats) {
  const jsize length = $input ? jenv->GetArrayLength($input) : 0;
  if ($input && !floats.read(jenv, $input, 0, length)) return $null;
  $1 = $input ? floats.data() : NULL;
  $2 = (size_t)length;
}
%typemap(freearg) (const float *values, size_t count) ""

// ---- structs -------------------------------------------------------------------------------------

// casd_..._init(): the size is the compiler's.
%typemap(in, numinputs=0) size_t size %{ $1 = sizeof *arg1; %}

%ignore struct_size;
%ignore reserved;
%immutable casd_engine_info::device;
%immutable casd_engine_info::available;
%immutable casd_engine_info::trains;
%immutable casd_engine_info::concurrent;
%immutable casd_engine_info::name;
%immutable casd_engine_info::reason;

%define CASD_STRUCT(TYPE)
%exception TYPE::TYPE {
  result = new (std::nothrow) TYPE();
  if (!result) casd_jni::throw_out_of_memory(jenv);
}
%enddef
CASD_STRUCT(casd_model_options)
CASD_STRUCT(casd_engine_info)
CASD_STRUCT(casd_predictor_options)
CASD_STRUCT(casd_synthetic_options)
CASD_STRUCT(casd_trainer_options)
CASD_STRUCT(casd_train_stats)
CASD_STRUCT(casd_train_progress)
CASD_STRUCT(casd_calibrate_options)
CASD_STRUCT(casd_monitor_options)
CASD_STRUCT(casd_monitor_state)

// The struct of casd_evaluate() is filled by the function written by hand; the mask of all
// modalities is no Java literal.
%ignore casd_evaluate_options;
%ignore casd_evaluate_options_init;
%ignore CASD_ALL_MODALITIES;

// ---- bindings/java/native/jni_calls.cpp ----------------------------------------------------------

%native(setLogLevel) void setLogLevel(casd_log_level level);
%native(pollLog) jstring pollLog(jintArray level);
%native(modelLoadDirect) jlong modelLoadDirect(jobject bytes, jint position, jint size);
%native(batchSetFrames) void batchSetFrames(jlong batch, jlong sample, jint modality, jfloatArray values, jint offset, jint count, jlong steps, jint features, jlong stride);
%native(batchSetFramesDirect) void batchSetFramesDirect(jlong batch, jlong sample, jint modality, jobject values, jint position, jint count, jlong steps, jint features, jlong stride);
%native(batchFrames) jfloatArray batchFrames(jlong batch, jlong sample, jint modality, jint features);
%native(batchTarget) jfloatArray batchTarget(jlong batch, jlong sample, jint count);
%native(predictPacked) void predictPacked(jlong prediction, jlong predictor, jfloatArray values, jint offset, jint count, jintArray steps, jint mask);
%native(predictPackedDirect) void predictPackedDirect(jlong prediction, jlong predictor, jobject values, jint position, jint count, jintArray steps, jint mask);
%native(predictFrames) void predictFrames(jlong prediction, jlong predictor, jobjectArray frames, jintArray features, jint mask);
%native(predictionShape) void predictionShape(jlong prediction, casd_field field, jlongArray shape);
%native(predictionCopy) jlong predictionCopy(jlong prediction, jfloatArray target, jint offset, jint capacity, jintArray fields);
%native(predictionCopyDirect) jlong predictionCopyDirect(jlong prediction, jobject target, jint position, jint capacity, jintArray fields);
%native(datasetRead) void datasetRead(jlong batch, jlong dataset, jstring split, jlongArray indices, jlong count);
%native(evaluate) jlong evaluate(jlong predictor, jlong dataset, jstring split, jint mask, jobject listener);
%native(calibrate) jlong calibrate(jlong model, jlong dataset, jstring split, jlong options, jobject listener);
%native(trainerFit) void trainerFit(jlong trainer, jlong dataset, jstring checkpoint, jobject listener);

%include "casd.i"
