// What the generated functions and those written by hand share: exceptions, texts, arrays.
#ifndef CASD_JNI_SUPPORT_H
#define CASD_JNI_SUPPORT_H

#include <casd/casd.h>

#include <jni.h>

#include <cstddef>
#include <cstdint>
#include <new>

namespace casd_jni {

/// Throws org.casd.CasdException with this thread's last message. Call it right after the failure.
void throw_status(JNIEnv* env, casd_status status);

/// Throws org.casd.CasdException with a message of the binding's own.
void throw_message(JNIEnv* env, casd_status status, const char* message);

void throw_out_of_memory(JNIEnv* env);

/// UTF-8 to java.lang.String; null for NULL. Malformed bytes become U+FFFD.
jstring new_string(JNIEnv* env, const char* text);

/// The bits of a double, for Double.longBitsToDouble().
jlong bits(double value);

/// The method of org.casd.TrainerCallback; cached when the library is loaded.
jmethodID trainer_callback();
jmethodID evaluation_callback();

/// A Java text as UTF-8. GetStringUTFChars() gives another encoding for characters above U+FFFF.
class Text {
 public:
  Text() = default;
  ~Text() { delete[] heap_; }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  /// False: an exception was thrown. A null reference reads as NULL.
  bool read(JNIEnv* env, jstring from);
  const char* get() const { return text_; }

 private:
  const char* text_ = nullptr;
  char* heap_ = nullptr;
  char inline_[512];
};

/// A copy of a part of a float[]; short ones do not allocate.
class Floats {
 public:
  Floats() = default;
  ~Floats() { delete[] heap_; }
  Floats(const Floats&) = delete;
  Floats& operator=(const Floats&) = delete;

  /// Makes space. False: an exception was thrown.
  bool reserve(JNIEnv* env, std::size_t count);
  /// Reserves and copies. False: an exception was thrown.
  bool read(JNIEnv* env, jfloatArray from, jint offset, jint count);
  float* data() { return data_; }

 private:
  float* data_ = nullptr;
  float* heap_ = nullptr;
  float inline_[2048];
};

/// The elements of a byte[]; null reads as NULL and size 0.
class Bytes {
 public:
  Bytes() = default;
  ~Bytes();
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;

  /// `mode` is that of ReleaseByteArrayElements(). False: an exception was thrown.
  bool open(JNIEnv* env, jbyteArray array, jint mode);
  jbyte* data() { return data_; }
  std::size_t size() const { return size_; }

 private:
  JNIEnv* env_ = nullptr;
  jbyteArray array_ = nullptr;
  jint mode_ = 0;
  jbyte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// The elements of a long[] that is not written; null reads as NULL.
class Longs {
 public:
  Longs() = default;
  ~Longs();
  Longs(const Longs&) = delete;
  Longs& operator=(const Longs&) = delete;

  /// False: an exception was thrown.
  bool open(JNIEnv* env, jlongArray array);
  const int64_t* data() const { return reinterpret_cast<const int64_t*>(data_); }

 private:
  JNIEnv* env_ = nullptr;
  jlongArray array_ = nullptr;
  jlong* data_ = nullptr;
};

}  // namespace casd_jni

#endif
