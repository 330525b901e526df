package org.casd.examples;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.casd.Batch;
import org.casd.Casd;
import org.casd.Dataset;
import org.casd.Field;
import org.casd.FieldList;
import org.casd.Modality;
import org.casd.Model;
import org.casd.Prediction;
import org.casd.Schema;
import org.casd.Task;

/** Writes the answers in JSON. */
final class Documents {
  private static final JsonFactory JSON = new JsonFactory();
  private static final int EXAMPLES = 6;
  private static final FieldList FIELDS =
      FieldList.of(
          Field.PROBABILITIES,
          Field.CONFIDENCE,
          Field.UNCERTAINTY,
          Field.MODALITY_VARIANCE,
          Field.MODALITY_WEIGHT);

  private Documents() {}

  private interface Content {
    void write(JsonGenerator json) throws IOException;
  }

  private static byte[] object(Content content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      content.write(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  static byte[] problem(Problem problem) {
    return object(
        json -> {
          json.writeStringField("title", problem.title());
          json.writeNumberField("status", problem.status);
          json.writeStringField("detail", problem.getMessage());
        });
  }

  static byte[] model(Model model, Settings settings) {
    Schema schema = model.schema();
    return object(
        json -> {
          json.writeStringField("task", task(schema));
          json.writeArrayFieldStart("outputs");
          for (String name : schema.outputs()) {
            json.writeString(name);
          }
          json.writeEndArray();
          json.writeArrayFieldStart("modalities");
          for (Modality modality : schema.modalities()) {
            json.writeStartObject();
            json.writeStringField("name", modality.name());
            json.writeNumberField("features", modality.features());
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeNumberField("parameters", model.parameterCount());
          json.writeStringField("library", Casd.version());
          json.writeObjectFieldStart("limits");
          json.writeNumberField("body_bytes", settings.maxBody);
          json.writeNumberField("seconds", settings.seconds);
          json.writeNumberField("requests", settings.requests);
          json.writeNumberField("workers", settings.workers);
          json.writeEndObject();
        });
  }

  private static String task(Schema schema) {
    return schema.task() == Task.CLASSES ? "classes" : "multilabel";
  }

  /** The results of one sample. */
  static byte[] prediction(Prediction prediction, float[][] frames, Schema schema) {
    float[] values = new float[Math.toIntExact(prediction.size(FIELDS))];
    prediction.copy(FIELDS, values, 0);
    List<String> outputs = schema.outputs();
    List<Modality> modalities = schema.modalities();
    int variances = outputs.size() + 2;
    int weights = variances + modalities.size();
    return object(
        json -> {
          json.writeArrayFieldStart("outputs");
          for (int i = 0; i < outputs.size(); ++i) {
            json.writeStartObject();
            json.writeStringField("name", outputs.get(i));
            json.writeNumberField("probability", values[i]);
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeNumberField("confidence", values[outputs.size()]);
          json.writeNumberField("uncertainty", values[outputs.size() + 1]);
          json.writeArrayFieldStart("modalities");
          for (int i = 0; i < modalities.size(); ++i) {
            json.writeStartObject();
            json.writeStringField("name", modalities.get(i).name());
            json.writeNumberField(
                "frames", frames[i] == null ? 0 : frames[i].length / modalities.get(i).features());
            present(json, "uncertainty", values[variances + i]);
            present(json, "weight", values[weights + i]);
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  /** Null for the NaN of a modality that takes no part. */
  private static void present(JsonGenerator json, String name, float value) throws IOException {
    if (Float.isNaN(value)) {
      json.writeNullField(name);
    } else {
      json.writeNumberField(name, value);
    }
  }

  /**
   * Samples for the page.
   *
   * @param source a dataset file, synthetic, or empty for none
   */
  static byte[] examples(Schema schema, String source) {
    if (source.isEmpty()) {
      return object(
          json -> {
            json.writeArrayFieldStart("examples");
            json.writeEndArray();
          });
    }
    try (Dataset data =
            source.equals("synthetic")
                ? Dataset.synthetic(null)
                : Dataset.open(Path.of(source), task(schema) + ":" + String.join(",", schema.outputs()));
        Batch batch = Batch.create(schema)) {
      String split = exampleSplit(data);
      long count = Math.min(EXAMPLES, data.size(split));
      data.read(split, LongStream.range(0, count).toArray(), batch);
      return object(
          json -> {
            json.writeArrayFieldStart("examples");
            for (int i = 0; i < count; ++i) {
              json.writeStartObject();
              json.writeStringField("name", split + " " + i);
              json.writeStringField("label", label(batch.target(i), schema));
              json.writeObjectFieldStart("modalities");
              for (int m = 0; m < schema.modalities().size(); ++m) {
                Modality modality = schema.modalities().get(m);
                json.writeFieldName(modality.name());
                writeFrames(json, batch.frames(i, m), modality.features());
              }
              json.writeEndObject();
              json.writeEndObject();
            }
            json.writeEndArray();
          });
    }
  }

  /** Test, else valid, else the first split. */
  private static String exampleSplit(Dataset data) {
    List<String> names = new ArrayList<>(List.of("test", "valid"));
    names.addAll(data.splits());
    for (String name : names) {
      if (data.splits().contains(name) && data.size(name) > 0) {
        return name;
      }
    }
    throw new IllegalArgumentException("the dataset has no samples");
  }

  /** The name of the true class; null where there is none. */
  private static String label(float[] target, Schema schema) {
    boolean known = schema.task() == Task.CLASSES && target != null && target.length == 1;
    return known ? schema.outputs().get((int) target[0]) : null;
  }

  private static void writeFrames(JsonGenerator json, float[] values, int features)
      throws IOException {
    if (values == null) {
      json.writeNull();
      return;
    }
    json.writeStartArray();
    for (int i = 0; i < values.length; ++i) {
      if (i % features == 0) {
        json.writeStartArray();
      }
      json.writeNumber(values[i]);
      if (i % features == features - 1) {
        json.writeEndArray();
      }
    }
    json.writeEndArray();
  }
}
