package org.casd;

import static org.casd.Support.failure;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PredictTest {
  private static final FieldList ALL =
      FieldList.of(
          Field.PROBABILITIES,
          Field.LOGITS,
          Field.CONFIDENCE,
          Field.UNCERTAINTY,
          Field.DISAGREEMENT,
          Field.MODALITY_VARIANCE,
          Field.MODALITY_ALEATORIC,
          Field.MODALITY_EPISTEMIC,
          Field.MODALITY_DEGREES_OF_FREEDOM,
          Field.MODALITY_WEIGHT,
          Field.REPRESENTATION,
          Field.SCALE,
          Field.DEGREES_OF_FREEDOM);

  private Model model;
  private Predictor predictor;

  @BeforeEach
  void open() {
    model = Support.model();
    predictor = Predictor.create(model);
  }

  @AfterEach
  void close() {
    predictor.close();
    model.close();
  }

  private static float[] all(Prediction prediction) {
    float[] out = new float[(int) prediction.size(ALL)];
    assertEquals(out.length, prediction.copy(ALL, out, 0));
    return out;
  }

  private static FloatBuffer direct(int count) {
    return ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  @Test
  void everyWayToPassFramesGivesTheSameBits() {
    float[][] frames = Support.frames(1, 5, 3, 2);
    float[] packed = Support.packed(frames);
    int[] steps = {5, 3, 2};
    float[] larger = new float[packed.length + 7];
    System.arraycopy(packed, 0, larger, 4, packed.length);
    FloatBuffer buffer = direct(packed.length + 9);
    buffer.position(6);
    buffer.put(packed).flip().position(6);

    for (int mask = -1; mask < 8; ++mask) {
      if (mask == 0) {
        continue;
      }
      try (Batch batch = Batch.create(model.schema());
          Prediction prediction = Prediction.create()) {
        batch.addSample();
        for (int i = 0; i < 3; ++i) {
          batch.setFrames(0, i, frames[i], model.schema().modalities().get(i).features());
        }
        predictor.predict(batch, mask, prediction);
        float[] expected = all(prediction);
        predictor.predict(frames, mask, prediction);
        assertArrayEquals(expected, all(prediction), "float[][]");
        predictor.predict(packed, steps, mask, prediction);
        assertArrayEquals(expected, all(prediction), "float[]");
        predictor.predict(larger, 4, packed.length, steps, mask, prediction);
        assertArrayEquals(expected, all(prediction), "part of a float[]");
        predictor.predict(buffer, steps, mask, prediction);
        assertArrayEquals(expected, all(prediction), "FloatBuffer");
        assertEquals(6, buffer.position());
        try (Prediction async = predictor.predictAsync(frames, mask).join()) {
          assertArrayEquals(expected, all(async), "predictAsync float[][]");
        }
        try (Prediction async = predictor.predictAsync(packed, steps, mask, Runnable::run).join()) {
          assertArrayEquals(expected, all(async), "predictAsync float[]");
        }
      }
    }
  }

  @Test
  void longSamplesTakeTheSamePath() {
    float[][] frames = Support.frames(2, 500, 400, 512); // beyond the space that is not allocated
    try (Prediction a = predictor.predict(frames);
        Prediction b = Prediction.create()) {
      predictor.predict(Support.packed(frames), new int[] {500, 400, 512}, -1, b);
      assertArrayEquals(all(a), all(b));
    }
  }

  @Test
  void tablesHaveTheirShapes() {
    try (Prediction p = predictor.predict(Support.frames(3, 4, 4, 4))) {
      assertEquals(1, p.rows());
      assertEquals(2, p.columns(Field.PROBABILITIES));
      assertEquals(3, p.columns(Field.MODALITY_WEIGHT));
      assertEquals(8, p.columns(Field.REPRESENTATION));
      float[] probabilities = p.get(Field.PROBABILITIES);
      assertEquals(1, probabilities[0] + probabilities[1], 1e-6);
      float[] target = new float[5];
      assertEquals(2, p.copy(Field.PROBABILITIES, target, 3));
      assertEquals(probabilities[1], target[4]);
      assertEquals(Status.OK, p.rowStatus(0));
      failure(Status.INVALID_ARGUMENT, () -> p.rowStatus(1));
      failure(Status.INVALID_ARGUMENT, () -> p.get(Field.VALUE));
      failure(Status.BUFFER_TOO_SMALL, () -> p.copy(Field.PROBABILITIES, target, 4));
      assertThrows(
          IndexOutOfBoundsException.class, () -> p.copy(Field.PROBABILITIES, target, 6));
      FloatBuffer buffer = direct(10);
      buffer.position(2);
      assertEquals(5, p.copy(FieldList.of(Field.PROBABILITIES, Field.MODALITY_WEIGHT), buffer));
      assertEquals(2, buffer.position());
      assertEquals(probabilities[0], buffer.get(2));
      buffer.limit(6);
      failure(
          Status.BUFFER_TOO_SMALL,
          () -> p.copy(FieldList.of(Field.PROBABILITIES, Field.MODALITY_WEIGHT), buffer));
      assertThrows(
          java.nio.ReadOnlyBufferException.class,
          () -> p.copy(FieldList.of(Field.UNCERTAINTY), buffer.asReadOnlyBuffer()));
    }
    try (Prediction empty = Prediction.create()) {
      failure(Status.STATE, empty::rows);
      failure(Status.STATE, () -> empty.get(Field.UNCERTAINTY));
    }
  }

  @Test
  void missingModalitiesAreNaN() {
    float[][] frames = Support.frames(4, 4, 4, 4);
    frames[1] = null;
    try (Prediction p = predictor.predict(frames)) {
      float[] weights = p.get(Field.MODALITY_WEIGHT);
      assertTrue(Float.isNaN(weights[1]));
      assertEquals(1, weights[0] + weights[2], 1e-6);
    }
    try (Predictor tolerant =
            Predictor.create(model, new PredictorOptions().onEmpty(OnEmpty.NAN).threads(2));
        Prediction p = Prediction.create()) {
      tolerant.predict(frames, 1 << Support.AUDIO, p);
      assertEquals(Status.STATE, p.rowStatus(0));
      assertTrue(Float.isNaN(p.get(Field.UNCERTAINTY)[0]));
    }
  }

  @Test
  void wrongInputIsAnErrorWithTheLibrarysMessage() {
    float[][] frames = Support.frames(5, 2, 2, 2);
    float[] packed = Support.packed(frames);
    try (Prediction p = Prediction.create();
        Batch empty = Batch.create(model.schema())) {
      String message =
          failure(Status.INVALID_ARGUMENT, () -> predictor.predict(frames, 8, p)).getMessage();
      assertTrue(message.contains("mask"), message);
      message = failure(Status.INVALID_ARGUMENT, () -> predictor.predict(frames, 0, p)).getMessage();
      assertTrue(message.contains("mask"), message);
      message =
          failure(
                  Status.INVALID_ARGUMENT,
                  () -> predictor.predict(packed, new int[] {2, 2, 3}, -1, p))
              .getMessage();
      assertTrue(message.contains("18") && message.contains("22"), message);
      failure(Status.INVALID_ARGUMENT, () -> predictor.predict(packed, new int[] {2, 2}, -1, p));
      failure(Status.INVALID_ARGUMENT, () -> predictor.predict(packed, new int[40], -1, p));
      failure(Status.INVALID_ARGUMENT, () -> predictor.predict(new float[2][], -1, p));
      frames[1] = new float[3];
      message =
          failure(Status.INVALID_ARGUMENT, () -> predictor.predict(frames, -1, p)).getMessage();
      assertTrue(message.contains("audio") && message.contains("2 features"), message);
      failure(Status.INVALID_ARGUMENT, () -> predictor.predictAsync(frames, -1));
      failure(
          Status.INVALID_ARGUMENT,
          () -> predictor.predictAsync(packed, new int[] {2, 2, 3}, -1, Runnable::run));
      failure(Status.INVALID_ARGUMENT, () -> predictor.predict(empty, -1, p));
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> predictor.predict(packed, 3, packed.length, new int[] {2, 2, 2}, -1, p));
      assertThrows(
          NullPointerException.class,
          () -> predictor.predict((float[]) null, new int[] {2, 2, 2}, -1, p));
      assertThrows(NullPointerException.class, () -> predictor.predict(packed, null, -1, p));
      failure(Status.STATE, p::rows); // no failed call has filled it
    }
  }

  @Test
  void buffersAreChecked() {
    int[] steps = {2, 2, 2};
    try (Prediction p = Prediction.create()) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> predictor.predict(FloatBuffer.allocate(18), steps, -1, p))
              .getMessage();
      assertTrue(message.contains("direct"), message);
      ByteOrder other =
          ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN
              ? ByteOrder.LITTLE_ENDIAN
              : ByteOrder.BIG_ENDIAN;
      FloatBuffer swapped = ByteBuffer.allocateDirect(72).order(other).asFloatBuffer();
      message =
          assertThrows(
                  IllegalArgumentException.class, () -> predictor.predict(swapped, steps, -1, p))
              .getMessage();
      assertTrue(message.contains("byte order"), message);
      FloatBuffer shorter = direct(18);
      shorter.position(1);
      failure(Status.INVALID_ARGUMENT, () -> predictor.predict(shorter, steps, -1, p));
      shorter.position(0);
      predictor.predict(shorter, steps, -1, p);
    }
  }

  @Test
  void asyncCopiesTheFramesAndOutlivesClose() {
    float[][] frames = Support.frames(6, 3, 3, 3);
    float[] expected;
    try (Prediction p = predictor.predict(frames)) {
      expected = all(p);
    }
    List<Runnable> queue = new ArrayList<>();
    CompletableFuture<Prediction> future = predictor.predictAsync(frames, -1, queue::add);
    for (float[] f : frames) {
      java.util.Arrays.fill(f, 0);
    }
    predictor.close();
    assertThrows(IllegalStateException.class, () -> predictor.predict(frames));
    queue.get(0).run();
    try (Prediction p = future.join()) {
      assertArrayEquals(expected, all(p));
    }
  }

  @Test
  void asyncReportsErrorsAndReleasesEverything() throws Exception {
    long before = Casd.liveObjects();
    float[][] frames = Support.frames(7, 3, 3, 3);
    CompletionException e =
        assertThrows(CompletionException.class, () -> predictor.predictAsync(frames, 8).join());
    assertEquals(Status.INVALID_ARGUMENT, ((CasdException) e.getCause()).status());

    List<Runnable> queue = new ArrayList<>();
    CompletableFuture<Prediction> cancelled = predictor.predictAsync(frames, -1, queue::add);
    assertTrue(cancelled.cancel(true));
    queue.get(0).run();
    assertTrue(cancelled.isCancelled());

    assertThrows(
        RejectedExecutionException.class,
        () ->
            predictor.predictAsync(
                frames,
                -1,
                task -> {
                  throw new RejectedExecutionException();
                }));
    // common pool: the task's last step may still be running
    Support.collectUntil(() -> Casd.liveObjects() == before);

    // An executor that drops its tasks.
    predictor.predictAsync(frames, -1, task -> {});
    predictor.close();
    Support.collectUntil(() -> Casd.liveObjects() == before - 1);
  }

  @Test
  void trimReleasesMemory() {
    try (Prediction p = predictor.predict(Support.frames(8, 500, 500, 500))) {
      long before = Casd.liveBytes();
      predictor.trim();
      assertTrue(Casd.liveBytes() < before);
    }
    assertFalse(predictor.isClosed());
  }
}
