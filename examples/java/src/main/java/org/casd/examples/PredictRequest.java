package org.casd.examples;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.casd.Modality;
import org.casd.Schema;

/** Reads the body of a request for a prediction. */
final class PredictRequest {
  private static final JsonFactory JSON = new JsonFactory();

  private PredictRequest() {}

  /**
   * The frames of each modality of the schema; null where one is missing.
   *
   * @throws Problem 400 if the body is not JSON in UTF-8; 422 if it is no sample of the schema
   */
  static float[][] parse(byte[] body, Schema schema) throws IOException, Problem {
    // Jackson would also accept UTF-16.
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
    } catch (CharacterCodingException e) {
      throw new Problem(400, "the body is not UTF-8");
    }
    // First only the syntax, so that the status does not depend on the order of errors.
    try (JsonParser parser = JSON.createParser(text)) {
      if (parser.nextToken() == null) {
        throw new Problem(400, "the body is empty");
      }
      parser.skipChildren();
      if (parser.nextToken() != null) {
        throw new Problem(400, "the body has more than one JSON value");
      }
    } catch (JsonProcessingException e) {
      throw new Problem(400, "the body is not JSON: " + e.getOriginalMessage());
    }
    try (JsonParser parser = JSON.createParser(text)) {
      return request(parser, schema);
    }
  }

  private static float[][] request(JsonParser parser, Schema schema) throws IOException, Problem {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw new Problem(422, "the body is no object");
    }
    float[][] frames = null;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      if (!parser.currentName().equals("modalities")) {
        throw new Problem(
            422, "unknown member '" + parser.currentName() + "': there is only modalities");
      }
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new Problem(422, "modalities has to be an object");
      }
      frames = modalities(parser, schema.modalities());
    }
    if (frames == null) {
      throw new Problem(422, "modalities has to be an object");
    }
    return frames;
  }

  private static float[][] modalities(JsonParser parser, List<Modality> modalities)
      throws IOException, Problem {
    float[][] frames = new float[modalities.size()][];
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      int index = 0;
      while (index < frames.length && !modalities.get(index).name().equals(name)) {
        ++index;
      }
      if (index == frames.length) {
        throw new Problem(422, "the model has no modality '" + name + "', only " + modalities);
      }
      parser.nextToken();
      frames[index] = frames(parser, name, modalities.get(index).features());
    }
    return frames;
  }

  private static float[] frames(JsonParser parser, String name, int features)
      throws IOException, Problem {
    if (parser.currentToken() == JsonToken.VALUE_NULL) {
      return null;
    }
    require(parser.currentToken() == JsonToken.START_ARRAY, name);
    float[] values = new float[64 * features];
    int count = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      require(parser.currentToken() == JsonToken.START_ARRAY, name);
      int first = count;
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        require(parser.currentToken().isNumeric(), name);
        if (count == values.length) {
          values = Arrays.copyOf(values, 2 * count);
        }
        values[count] = parser.getFloatValue();
        if (!Float.isFinite(values[count])) {
          throw new Problem(
              422,
              "modality " + name + ": " + shortened(parser.getText())
                  + " does not fit a 32-bit floating-point number");
        }
        ++count;
      }
      if (count - first != features) {
        throw new Problem(
            422,
            "modality " + name + ": frame " + first / features + " has " + (count - first)
                + " numbers, the model has " + features + " features");
      }
    }
    return Arrays.copyOf(values, count);
  }

  private static String shortened(String text) {
    return text.length() <= 40 ? text : text.substring(0, 40) + "...";
  }

  private static void require(boolean condition, String name) throws Problem {
    if (!condition) {
      throw new Problem(
          422, "modality " + name + ": has to be null or an array of arrays of numbers");
    }
  }
}
