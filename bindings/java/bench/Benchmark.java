import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import org.casd.Field;
import org.casd.FieldList;
import org.casd.Model;
import org.casd.Modality;
import org.casd.Prediction;
import org.casd.Predictor;
import org.casd.Schema;

/**
 * What one prediction and reading its results cost from Java: nanoseconds per call with a float[], with
 * a direct buffer, and bytes allocated per call.
 */
public final class Benchmark {
  private interface Call {
    void run();
  }

  private static final int ROUNDS = 400;

  public static void main(String[] arguments) {
    int frames = Integer.parseInt(arguments[1]);
    int calls = Integer.parseInt(arguments[2]);
    try (Model model = Model.load(Path.of(arguments[0]));
        Predictor predictor = Predictor.create(model);
        Prediction prediction = Prediction.create()) {
      Schema schema = model.schema();
      int[] steps = new int[schema.modalities().size()];
      Arrays.fill(steps, frames);
      float[] values =
          new float[frames * schema.modalities().stream().mapToInt(Modality::features).sum()];
      for (int i = 0; i < values.length; ++i) {
        values[i] = (i % 7) / 7.0f;
      }
      FloatBuffer direct =
          ByteBuffer.allocateDirect(4 * values.length)
              .order(ByteOrder.nativeOrder())
              .asFloatBuffer();
      direct.put(values).flip();
      FieldList fields =
          FieldList.of(
              Field.PROBABILITIES,
              Field.CONFIDENCE,
              Field.MODALITY_VARIANCE,
              Field.MODALITY_WEIGHT);
      float[] results = new float[64];
      Call array =
          () -> {
            predictor.predict(values, steps, Schema.ALL_MODALITIES, prediction);
            prediction.copy(fields, results, 0);
          };
      Call buffer =
          () -> {
            predictor.predict(direct, steps, Schema.ALL_MODALITIES, prediction);
            prediction.copy(fields, results, 0);
          };
      double first = best(array, calls);
      double second = best(buffer, calls);
      System.out.printf("%.0f %.0f %.2f%n", first, second, allocated(array, calls));
    }
  }

  private static double best(Call call, int calls) {
    double best = Double.MAX_VALUE;
    for (int round = 0; round < ROUNDS + 100; ++round) { // the first ones warm up
      long begin = System.nanoTime();
      for (int i = 0; i < calls; ++i) {
        call.run();
      }
      best = Math.min(best, (double) (System.nanoTime() - begin) / calls);
    }
    return best;
  }

  private static double allocated(Call call, int calls) {
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < calls; ++i) {
      call.run();
    }
    return (double) (threads.getCurrentThreadAllocatedBytes() - before) / calls;
  }
}
