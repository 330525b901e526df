#include "jni_support.h"

#include <cstring>

namespace casd_jni {
namespace {

// Filled by JNI_OnLoad(), before any other function of this library can run.
struct Cache {
  jclass exception = nullptr;
  jmethodID exception_constructor = nullptr;
  jmethodID trainer_callback = nullptr;
  jmethodID evaluation_callback = nullptr;
};
Cache cache;

jclass global_class(JNIEnv* env, const char* name) {
  jclass local = env->FindClass(name);
  if (!local) return nullptr;
  auto global = static_cast<jclass>(env->NewGlobalRef(local));
  env->DeleteLocalRef(local);
  return global;
}

jmethodID interface_method(JNIEnv* env, const char* type, const char* name, const char* signature) {
  jclass local = env->FindClass(type);
  if (!local) return nullptr;
  jmethodID method = env->GetMethodID(local, name, signature);
  env->DeleteLocalRef(local);
  return method;
}

bool fill_cache(JNIEnv* env) {
  cache.exception = global_class(env, "org/casd/CasdException");
  if (!cache.exception) return false;
  cache.exception_constructor =
      env->GetMethodID(cache.exception, "<init>", "(ILjava/lang/String;)V");
  if (!cache.exception_constructor) return false;
  cache.trainer_callback =
      interface_method(env, "org/casd/TrainerCallback", "onProgress", "(IIIJJDDDDDD)Z");
  if (!cache.trainer_callback) return false;
  cache.evaluation_callback =
      interface_method(env, "org/casd/EvaluationCallback", "onProgress", "(JJ)Z");
  return cache.evaluation_callback != nullptr;
}

/// Appends one code point in UTF-8.
char* put(char* out, std::uint32_t c) {
  if (c < 0x80) {
    *out++ = static_cast<char>(c);
  } else if (c < 0x800) {
    *out++ = static_cast<char>(0xC0 | (c >> 6));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    *out++ = static_cast<char>(0xE0 | (c >> 12));
    *out++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  } else {
    *out++ = static_cast<char>(0xF0 | (c >> 18));
    *out++ = static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    *out++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  }
  return out;
}

/// The next code point of well-formed UTF-8, else U+FFFD for one byte.
std::uint32_t next(const unsigned char*& in) {
  const unsigned char first = *in++;
  if (first < 0x80) return first;
  const int more = first >= 0xF0 && first < 0xF5 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : 0;
  if (more == 0 || first >= 0xF5) return 0xFFFD;
  std::uint32_t c = first & (0x3Fu >> more);
  for (int i = 0; i < more; ++i) {
    if ((in[i] & 0xC0) != 0x80) return 0xFFFD;
    c = (c << 6) | (in[i] & 0x3Fu);
  }
  static const std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  if (c < least[more] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return 0xFFFD;
  in += more;
  return c;
}

}  // namespace

jmethodID trainer_callback() { return cache.trainer_callback; }
jmethodID evaluation_callback() { return cache.evaluation_callback; }

void throw_message(JNIEnv* env, casd_status status, const char* message) {
  jstring text = new_string(env, message);
  if (!text) return;  // OutOfMemoryError is pending
  auto exception = static_cast<jthrowable>(env->NewObject(
      cache.exception, cache.exception_constructor, static_cast<jint>(status), text));
  if (exception) env->Throw(exception);
}

void throw_status(JNIEnv* env, casd_status status) {
  throw_message(env, status, casd_last_error());
}

void throw_out_of_memory(JNIEnv* env) {
  jclass type = env->FindClass("java/lang/OutOfMemoryError");
  if (type) env->ThrowNew(type, "no native memory");
}

jstring new_string(JNIEnv* env, const char* text) {
  if (!text) return nullptr;
  const std::size_t bytes = std::strlen(text);
  // No code point needs more UTF-16 units than UTF-8 bytes.
  jchar small[512];
  jchar* units = bytes <= 512 ? small : new (std::nothrow) jchar[bytes];
  if (!units) {
    throw_out_of_memory(env);
    return nullptr;
  }
  jsize count = 0;
  const auto* in = reinterpret_cast<const unsigned char*>(text);
  while (*in) {
    std::uint32_t c = next(in);
    if (c >= 0x10000) {
      c -= 0x10000;
      units[count++] = static_cast<jchar>(0xD800 | (c >> 10));
      c = 0xDC00 | (c & 0x3FF);
    }
    units[count++] = static_cast<jchar>(c);
  }
  jstring out = env->NewString(units, count);
  if (units != small) delete[] units;
  return out;
}

jlong bits(double value) {
  jlong out;
  std::memcpy(&out, &value, sizeof out);
  return out;
}

bool Text::read(JNIEnv* env, jstring from) {
  if (!from) return true;
  const jsize length = env->GetStringLength(from);
  jchar small[128];
  jchar* units = length <= 128 ? small : new (std::nothrow) jchar[static_cast<std::size_t>(length)];
  const std::size_t most = 3 * static_cast<std::size_t>(length) + 1;
  if (units && most > sizeof inline_) heap_ = new (std::nothrow) char[most];
  char* out = most > sizeof inline_ ? heap_ : inline_;
  if (!units || !out) {
    if (units != small) delete[] units;
    throw_out_of_memory(env);
    return false;
  }
  text_ = out;
  env->GetStringRegion(from, 0, length, units);
  bool valid = true;
  for (jsize i = 0; i < length && valid; ++i) {
    std::uint32_t c = units[i];
    if (c >= 0xD800 && c < 0xDC00 && i + 1 < length && units[i + 1] >= 0xDC00 &&
        units[i + 1] < 0xE000)
      c = 0x10000 + ((c - 0xD800) << 10) + (units[++i] - 0xDC00u);
    valid = c != 0 && !(c >= 0xD800 && c < 0xE000);
    if (valid) out = put(out, c);
  }
  *out = '\0';
  if (units != small) delete[] units;
  if (!valid)
    throw_message(env, CASD_ERROR_INVALID_ARGUMENT,
                  "a text has the character U+0000 or half of a surrogate pair");
  return valid;
}

bool Floats::reserve(JNIEnv* env, std::size_t count) {
  data_ = inline_;
  if (count > sizeof inline_ / sizeof *inline_) data_ = heap_ = new (std::nothrow) float[count];
  if (!data_) throw_out_of_memory(env);
  return data_ != nullptr;
}

bool Floats::read(JNIEnv* env, jfloatArray from, jint offset, jint count) {
  if (!reserve(env, count > 0 ? static_cast<std::size_t>(count) : 0)) return false;
  env->GetFloatArrayRegion(from, offset, count, data_);
  return !env->ExceptionCheck();
}

bool Bytes::open(JNIEnv* env, jbyteArray array, jint mode) {
  if (!array) return true;
  env_ = env;
  array_ = array;
  mode_ = mode;
  size_ = static_cast<std::size_t>(env->GetArrayLength(array));
  data_ = env->GetByteArrayElements(array, nullptr);
  return data_ != nullptr;
}

Bytes::~Bytes() {
  if (data_) env_->ReleaseByteArrayElements(array_, data_, mode_);
}

bool Longs::open(JNIEnv* env, jlongArray array) {
  if (!array) return true;
  env_ = env;
  array_ = array;
  data_ = env->GetLongArrayElements(array, nullptr);
  return data_ != nullptr;
}

Longs::~Longs() {
  if (data_) env_->ReleaseLongArrayElements(array_, data_, JNI_ABORT);
}

}  // namespace casd_jni

extern "C" JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM* vm, void*) {
  JNIEnv* env = nullptr;
  if (vm->GetEnv(reinterpret_cast<void**>(&env), JNI_VERSION_10) != JNI_OK) return JNI_ERR;
  return casd_jni::fill_cache(env) ? JNI_VERSION_10 : JNI_ERR;
}

extern "C" JNIEXPORT void JNICALL JNI_OnUnload(JavaVM* vm, void*) {
  JNIEnv* env = nullptr;
  if (vm->GetEnv(reinterpret_cast<void**>(&env), JNI_VERSION_10) != JNI_OK) return;
  env->DeleteGlobalRef(casd_jni::cache.exception);
}
