package org.casd;

import static org.casd.Support.failure;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The monitor, and the fields with a guarantee. */
class MonitorTest {
  private static Dataset data;
  private static Model model;
  private static Batch samples;

  @BeforeAll
  static void train() {
    data =
        Dataset.synthetic(
            new SyntheticOptions().trainSamples(64).validSamples(100).testSamples(0));
    Model fresh = Model.create(data.schema(), new ModelOptions().hidden(8).seed(7));
    try (Trainer trainer =
        Trainer.create(fresh, new TrainerOptions().teacherEpochs(1).epochs(1).seed(7))) {
      trainer.fit(data);
      model = trainer.snapshot();
    }
    fresh.close();
    samples = Batch.create(data.schema());
    data.read("valid", samples);
  }

  @AfterAll
  static void close() {
    samples.close();
    model.close();
    data.close();
  }

  @Test
  void otherModalitiesRaiseAnAlarm() {
    try (Predictor predictor = Predictor.create(model);
        Prediction all = predictor.predict(samples);
        Prediction audio = Prediction.create();
        Monitor monitor = Monitor.create(model)) {
      predictor.predict(samples, 2, audio);
      monitor.add(all);
      assertEquals(100, monitor.state().samples());
      assertEquals(0, monitor.state().alarms());
      assertFalse(monitor.state().alarm());
      for (int i = 0; i < 5; ++i) {
        monitor.add(audio);
      }
      MonitorState state = monitor.state();
      assertTrue(state.alarms() > 0);
      assertTrue(state.lastAlarm() > 100);
      assertEquals(MonitorSubject.MODALITIES, state.alarmSubject());
      assertEquals(-1, state.alarmModality());
      assertTrue(state.evidence() >= 0 && state.evidence() <= 1);
      assertTrue(state.modality() >= -1);
      assertTrue(state.subject() != null);
    }
  }

  @Test
  void optionsAreChecked() {
    MonitorOptions options = new MonitorOptions();
    assertEquals(1e6, options.samplesPerFalseAlarm());
    assertEquals(0, options.warmUp());
    options.samplesPerFalseAlarm(100).warmUp(50);
    try (Monitor monitor = Monitor.create(model, options)) {
      assertEquals(0, monitor.state().samples());
    }
    MonitorOptions wrong = new MonitorOptions().warmUp(-1);
    failure(Status.INVALID_ARGUMENT, () -> Monitor.create(model, wrong));
    try (Model fresh = Support.model()) {
      failure(Status.STATE, () -> Monitor.create(fresh));
    }
  }

  @Test
  void setsAndAbstention() {
    PredictorOptions options = new PredictorOptions();
    assertEquals(0.9, options.coverage());
    assertEquals(0, options.errorRate());
    options.coverage(0.999).errorRate(0.0001);
    try (Predictor predictor = Predictor.create(model, options);
        Prediction result = predictor.predict(samples)) {
      for (Field field : new Field[] {Field.PREDICTION_SET, Field.ABSTAIN}) {
        for (float value : result.get(field)) {
          assertEquals(1, value);
        }
      }
    }
  }
}
