package org.casd;

import static org.casd.Support.failure;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training, evaluation, and the same bits as the program casd. */
class TrainTest {
  private static final Field[] COLUMNS = {
    Field.PROBABILITIES,
    Field.CONFIDENCE,
    Field.UNCERTAINTY,
    Field.DISAGREEMENT,
    Field.MODALITY_VARIANCE,
    Field.MODALITY_ALEATORIC,
    Field.MODALITY_EPISTEMIC,
    Field.MODALITY_DEGREES_OF_FREEDOM,
    Field.MODALITY_WEIGHT,
    Field.UNCERTAINTY_PERCENTILE,
    Field.ERROR_PROBABILITY,
    Field.ABSTAIN,
    Field.PREDICTION_SET
  };

  private static TrainerOptions options() {
    return new TrainerOptions().teacherEpochs(2).epochs(2).seed(7);
  }

  private static Dataset small() {
    return Dataset.synthetic(
        new SyntheticOptions().trainSamples(64).validSamples(32).testSamples(0));
  }

  private static Model fresh(Dataset data) {
    return Model.create(data.schema(), new ModelOptions().hidden(16).seed(7));
  }

  @Test
  void theMonitorHasTheReportsNumbersOfTheFinishedModel() {
    try (Dataset data = small();
        Model start = fresh(data);
        Trainer trainer = Trainer.create(start, options())) {
      assertTrue(Double.isNaN(trainer.monitorValue(TrainQuantity.SCALE, Schema.ALL_MODALITIES)));
      assertTrue(trainer.remarks().isEmpty());
      trainer.fit(data);
      try (Model model = trainer.snapshot();
          Predictor predictor = Predictor.create(model);
          Report report = predictor.evaluate(data, "valid")) {
        assertEquals(
            report.value("language+audio", "f1"),
            trainer.monitorValue(TrainQuantity.SCORE, 3),
            1e-9);
        assertEquals(
            report.value("language+audio", "uncertainty"),
            trainer.monitorValue(TrainQuantity.UNCERTAINTY, 3),
            1e-9);
      }
      double weights = 0;
      for (int modality = 0; modality < 3; ++modality) {
        weights += trainer.monitorValue(TrainQuantity.WEIGHT, 1 << modality);
      }
      assertEquals(1, weights, 1e-6);
      failure(Status.INVALID_ARGUMENT, () -> trainer.monitorValue(TrainQuantity.VARIANCE, 3));
      assertTrue(trainer.remarks().get(0).startsWith("too few steps"), trainer.remarks().toString());
    }
  }

  @Test
  void aReportHasRemarks() {
    try (Dataset data = small();
        Model model = Model.create(data.schema(), new ModelOptions().hidden(16).alphaMax(1.3));
        Predictor predictor = Predictor.create(model);
        Report report = predictor.evaluate(data, "valid")) {
      assertTrue(report.remarks().get(0).contains("collapsed to its upper limit"));
    }
  }

  @Test
  void trainsSavesLoadsAndPredictsTheSameBitsAsTheProgram(@TempDir Path folder) throws Exception {
    String program = Support.build().resolve("bin/casd").toString();
    Path theirs = folder.resolve("program.casd");
    Support.run(
        folder,
        Arrays.asList(
            program, "train", "synthetic", "-o", theirs.toString(), "--seed", "7", "--epochs", "2",
            "--set", "teacher_epochs=2", "--set", "hidden=16"));
    Path ours = folder.resolve("java.casd");
    try (Dataset data = Dataset.synthetic(null);
        Model start = fresh(data);
        Trainer trainer = Trainer.create(start, options())) {
      trainer.fit(data);
      assertEquals(Phase.DONE, trainer.phase());
      assertEquals(Pooling.AUTO, trainer.pooling());
      try (Model trained = trainer.snapshot()) {
        assertNotEquals(Pooling.AUTO, trained.options().pooling());
        trained.save(ours);
      }
      failure(Status.STATE, () -> trainer.fit(data));

      try (Model model = Model.load(ours);
          Model reference = Model.load(theirs);
          Predictor predictor = Predictor.create(model);
          Batch batch = Batch.create(data.schema());
          Prediction prediction = Prediction.create()) {
        assertArrayEquals(
            Files.readAllBytes(theirs), Files.readAllBytes(ours), "the trained models differ");
        assertTrue(reference.temperature(-1) != 1);
        data.read("valid", batch);
        int compared = 0;
        for (int mask = 1; mask < 8; ++mask) {
          predictor.predict(batch, mask, prediction);
          compared += compare(csv(program, folder, ours, mask, data.schema()), prediction);
        }
        assertTrue(compared > 7 * 200 * 10, "only " + compared + " numbers were compared");
      }
    }
  }

  private static List<String> csv(String program, Path folder, Path model, int mask, Schema schema)
      throws Exception {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 3; ++i) {
      if ((mask >> i & 1) != 0) {
        names.add(schema.modalities().get(i).name());
      }
    }
    Path out = folder.resolve("out.csv");
    Path log = folder.resolve("log.txt");
    Process process =
        new ProcessBuilder(
                program, "predict", model.toString(), "synthetic", "--csv", "--mask",
                String.join(",", names))
            .redirectOutput(out.toFile())
            .redirectError(log.toFile())
            .start();
    assertEquals(0, process.waitFor(), () -> log.toString());
    return Files.readAllLines(out);
  }

  /** The program writes each float so that it reads back exactly. */
  private static int compare(List<String> csv, Prediction prediction) {
    List<String> header = Arrays.asList(csv.get(0).split(","));
    int first = header.indexOf("probability:negative");
    float[][] tables = new float[COLUMNS.length][];
    int[] widths = new int[COLUMNS.length];
    for (int i = 0; i < COLUMNS.length; ++i) {
      tables[i] = prediction.get(COLUMNS[i]);
      widths[i] = prediction.columns(COLUMNS[i]);
    }
    assertEquals(csv.size() - 1, prediction.rows());
    int compared = 0;
    for (int row = 0; row < prediction.rows(); ++row) {
      String[] cells = csv.get(row + 1).split(",", -1);
      assertEquals(header.size(), cells.length);
      int cell = first;
      for (int i = 0; i < COLUMNS.length; ++i) {
        for (int j = 0; j < widths[i]; ++j, ++cell) {
          float actual = tables[i][row * widths[i] + j];
          String text = cells[cell];
          float expected =
              text.isEmpty() || text.equalsIgnoreCase("nan") ? Float.NaN : Float.parseFloat(text);
          String what = header.get(cell);
          assertEquals(Float.floatToIntBits(expected), Float.floatToIntBits(actual), what);
          compared += Float.isNaN(expected) ? 0 : 1;
        }
      }
      assertEquals(header.size(), cell);
    }
    return compared;
  }

  @Test
  void progressIsReportedAndCancels(@TempDir Path folder) {
    Path checkpoint = folder.resolve("c.checkpoint");
    try (Dataset data = small();
        Model start = fresh(data);
        Trainer trainer = Trainer.create(start, options());
        Trainer undisturbed = Trainer.create(start, options())) {
      List<TrainProgress> seen = new ArrayList<>();
      failure(
          Status.CANCELLED,
          () ->
              trainer.fit(
                  data,
                  checkpoint,
                  p -> {
                    seen.add(p);
                    return p.epoch() < 1;
                  }));
      assertEquals(Phase.TEACHER, seen.get(0).phase());
      assertEquals(1, seen.get(0).step());
      assertEquals(4, seen.get(0).epochs()); // two with each pooling
      assertTrue(seen.get(0).loss() > 0);
      assertEquals(1, seen.get(seen.size() - 1).epoch());
      assertEquals(1, trainer.progress().epoch());

      // From the checkpoint: the same bits as without an interruption.
      undisturbed.fit(data);
      try (Trainer resumed = Trainer.load(checkpoint)) {
        assertEquals("7", resumed.options().get("seed"));
        resumed.fit(data, p -> true);
        try (Model a = resumed.snapshot();
            Model b = undisturbed.snapshot()) {
          assertArrayEquals(b.toBytes(), a.toBytes());
        }
      }
    }
  }

  @Test
  void exceptionsOfListenersReachTheCaller() {
    RuntimeException mine = new RuntimeException("mine");
    try (Dataset data = small();
        Model start = fresh(data);
        Trainer trainer = Trainer.create(start, options());
        Predictor predictor = Predictor.create(start)) {
      assertSame(
          mine,
          assertThrows(
              RuntimeException.class,
              () ->
                  trainer.fit(
                      data,
                      p -> {
                        throw mine;
                      })));
      assertSame(
          mine,
          assertThrows(
              RuntimeException.class,
              () ->
                  predictor.evaluate(
                      data,
                      "valid",
                      -1,
                      (done, total) -> {
                        throw mine;
                      })));
      trainer.fit(data); // goes on where it was
    }
  }

  @Test
  void anotherThreadCancelsAndPolls() throws Exception {
    ExecutorService executor = Executors.newSingleThreadExecutor();
    try (Dataset data = small();
        Model start = fresh(data);
        Trainer trainer = Trainer.create(start, options().epochs(100000).patience(100000))) {
      CountDownLatch begun = new CountDownLatch(1);
      CompletableFuture<Model> future =
          trainer.fitAsync(
              data,
              null,
              p -> {
                begun.countDown();
                return true;
              },
              executor);
      assertTrue(begun.await(60, TimeUnit.SECONDS));
      assertTrue(trainer.progress().seconds() >= 0);
      String message =
          assertThrows(IllegalStateException.class, trainer::snapshot).getMessage();
      assertTrue(message.contains("another thread"), message);
      assertTrue(future.cancel(true));
      assertThrows(CancellationException.class, future::join);
      executor.submit(() -> {}).get(60, TimeUnit.SECONDS); // the training has ended
      failure(Status.CANCELLED, () -> trainer.fit(data, p -> false));
    } finally {
      executor.shutdownNow();
    }
  }

  @Test
  void fitAsyncGivesTheModel() {
    try (Dataset data = small();
        Model start = fresh(data);
        Trainer a = Trainer.create(start, options());
        Trainer b = Trainer.create(start, options())) {
      CompletableFuture<Model> future = a.fitAsync(data, null, null, Runnable::run);
      b.fit(data);
      try (Model x = future.join();
          Model y = b.snapshot()) {
        assertArrayEquals(y.toBytes(), x.toBytes());
      }
    }
  }

  @Test
  void calibratesWithoutATrainer() {
    try (Dataset data = small();
        Model start = fresh(data);
        Trainer trainer = Trainer.create(start, options())) {
      failure(Status.STATE, () -> start.calibrate(data));
      trainer.fit(data);
      CalibrateOptions options = new CalibrateOptions();
      assertFalse(options.fitMaps());
      assertTrue(options.balanceClasses());
      assertEquals(2, options.threads(2).threads());
      try (Model trained = trainer.snapshot();
          Model other = trained.calibrate(data, "train", options);
          Model again = other.calibrate(data);
          Model maps = other.calibrate(data, "valid", options.fitMaps(true));
          Model equal = other.calibrate(data, null, options.balanceClasses(false))) {
        assertFalse(Arrays.equals(trained.toBytes(), other.toBytes()));
        // The samples of the training give the calibration of the training.
        assertArrayEquals(trained.toBytes(), again.toBytes());
        assertArrayEquals(trained.toBytes(), maps.toBytes());
        assertFalse(Arrays.equals(trained.toBytes(), equal.toBytes()));
        failure(Status.NOT_FOUND, () -> trained.calibrate(data, "dawn", null));
        reportsTheProgressOfACalibration(trained, data);
        failure(Status.INVALID_ARGUMENT, () -> trained.calibrate(data, "train", options));
        failure(
            Status.INVALID_ARGUMENT,
            () -> trained.calibrate(data, null, new CalibrateOptions().threads(0)));
      }
    }
  }

  private static void reportsTheProgressOfACalibration(Model trained, Dataset data) {
    long[] last = new long[3];
    try (Model again =
        trained.calibrate(
            data,
            null,
            null,
            (done, total) -> {
              assertTrue(done >= last[0] && done <= total);
              last[0] = done;
              last[1] = total;
              ++last[2];
              return true;
            })) {
      assertArrayEquals(trained.toBytes(), again.toBytes());
    }
    assertTrue(last[1] > 0 && last[0] == last[1]);
    long[] calls = new long[1];
    failure(
        Status.CANCELLED,
        () -> trained.calibrate(data, null, null, (done, total) -> ++calls[0] < 3));
    assertEquals(3, calls[0]);
    failure(
        Status.CANCELLED, () -> trained.calibrate(data, null, null, (done, total) -> done < total));
    IllegalStateException mine = new IllegalStateException("mine");
    assertSame(
        mine,
        assertThrows(
            IllegalStateException.class,
            () ->
                trained.calibrate(
                    data,
                    null,
                    null,
                    (done, total) -> {
                      throw mine;
                    })));
  }

  @Test
  void stepByStep(@TempDir Path folder) {
    try (Dataset data = small();
        Model start = fresh(data);
        Trainer trainer = Trainer.create(start, options());
        Trainer other = Trainer.create(start, options());
        Batch batch = Batch.create(data.schema());
        Batch heldOut = Batch.create(data.schema())) {
      data.read("train", batch);
      data.read("valid", heldOut);
      failure(Status.STATE, () -> trainer.step(batch));
      trainer.prepare(batch);
      TrainStats stats = trainer.step(batch);
      assertEquals(1, stats.step());
      assertEquals(64, stats.samples());
      assertTrue(stats.loss() > 0 && stats.taskLoss() > 0 && stats.learningRate() == 0.001);
      assertTrue(Double.isNaN(stats.logitLoss()));
      trainer.setPhase(Phase.STUDENT);
      assertEquals(Phase.STUDENT, trainer.phase());
      assertTrue(trainer.step(batch).logitLoss() >= 0);
      trainer.calibrate(heldOut);
      try (Model model = trainer.snapshot();
          Model wider = Model.create(data.schema(), new ModelOptions().hidden(20))) {
        assertTrue(model.temperature(-1) != 1);
        failure(Status.INVALID_ARGUMENT, () -> other.setTeacher(wider));
        failure(Status.STATE, () -> trainer.setTeacher(model));
        other.prepare(data);
        other.setTeacher(model);
      }
      failure(Status.STATE, () -> trainer.setPhase(Phase.TEACHER));
      Path path = folder.resolve("a.checkpoint");
      trainer.save(path);
      try (Trainer loaded = Trainer.load(path)) {
        assertEquals(Phase.STUDENT, loaded.phase());
      }
      TrainStats epoch = other.epoch(data);
      assertTrue(epoch.goOn());
      assertEquals(0, epoch.epoch());
      assertTrue(epoch.score() > 0);
    }
  }

  @Test
  void evaluates() {
    try (Dataset data = small();
        Model model = fresh(data);
        Predictor predictor = Predictor.create(model);
        Report report = predictor.evaluate(data, "valid")) {
      assertEquals(7, report.conditions().size());
      assertEquals("language+audio+visual", report.conditions().get(6));
      assertEquals(32, report.value("audio+language", "samples"));
      assertTrue(report.value("mean_incomplete_f1") >= 0);
      assertTrue(report.json().startsWith("{"));
      String message =
          failure(Status.NOT_FOUND, () -> report.value("audio", "f2")).getMessage();
      assertTrue(message.contains("accuracy"), message);
      try (Report one = predictor.evaluate(data, "valid", data.schema().mask("audio"), null)) {
        assertEquals(Arrays.asList("audio"), one.conditions());
      }
      failure(Status.NOT_FOUND, () -> predictor.evaluate(data, "none"));
      failure(
          Status.CANCELLED,
          () -> predictor.evaluate(data, "train", -1, (done, total) -> done < 0));
      long[] last = new long[2];
      predictor
          .evaluate(
              data,
              "train",
              -1,
              (done, total) -> {
                last[0] = done;
                last[1] = total;
                return true;
              })
          .close();
      assertEquals(64, last[1]);
      assertTrue(last[0] > 0);
      assertFalse(report.isClosed());
    }
  }
}
