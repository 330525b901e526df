package org.casd;

import static org.casd.Support.failure;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Schema, options, models, batches, datasets. */
class DataTest {
  /** Characters of two, three and four bytes in UTF-8. */
  private static final String NAME = "größe-語-\uD83D\uDE00";

  @Test
  void schemaHoldsWhatTheBuilderWasGiven() {
    Schema schema =
        Schema.builder()
            .modality(NAME, 3)
            .modality("audio", Arrays.asList("pitch", NAME))
            .task(Task.MULTILABEL)
            .output("x")
            .outputs(NAME, "z")
            .build();
    assertEquals(Task.MULTILABEL, schema.task());
    assertEquals(NAME, schema.modalities().get(0).name());
    assertEquals(3, schema.modalities().get(0).features());
    assertEquals(Collections.emptyList(), schema.modalities().get(0).featureNames());
    assertEquals(Arrays.asList("pitch", NAME), schema.modalities().get(1).featureNames());
    assertEquals(Arrays.asList("x", NAME, "z"), schema.outputs());
    assertEquals(0, schema.modalityIndex(NAME));
    assertEquals(1, schema.outputIndex(NAME));
    assertEquals(3, schema.mask("audio", NAME));
    try (Model model = Model.create(schema)) {
      assertEquals(schema, model.schema());
      assertEquals(schema.hashCode(), model.schema().hashCode());
    }
    assertNotEquals(schema, Support.schema());
    assertTrue(schema.toString().contains("audio[2]"));
    assertThrows(UnsupportedOperationException.class, () -> schema.outputs().add("y"));
  }

  @Test
  void schemaErrorsAreTheLibrarys() {
    String message =
        failure(Status.NOT_FOUND, () -> Support.schema().modalityIndex("smell")).getMessage();
    assertTrue(message.contains("smell") && message.contains("visual"), message);
    failure(Status.NOT_FOUND, () -> Support.schema().mask("audio", "smell"));
    message = failure(Status.NOT_FOUND, () -> Support.schema().outputIndex("o")).getMessage();
    assertTrue(message.contains("negative"), message);
    failure(Status.INVALID_ARGUMENT, () -> Schema.builder().modality("a b", 1).build());
    failure(Status.INVALID_ARGUMENT, () -> Schema.builder().modality("a", 0).build());
    failure(Status.INVALID_ARGUMENT, () -> Schema.builder().outputs("a", "a").build());
    failure(Status.INVALID_ARGUMENT, () -> Schema.builder().output("a\0b").build());
    failure(Status.INVALID_ARGUMENT, () -> Schema.builder().output("a\uD83D").build());
    failure(Status.INVALID_ARGUMENT, () -> Model.create(Schema.builder().build()));
  }

  @Test
  void optionsHaveTheLibrarysDefaultsAndNames() {
    ModelOptions model = new ModelOptions();
    assertEquals(40, model.hidden());
    assertEquals(Pooling.AUTO, model.pooling());
    assertEquals(1.25, model.alphaMin());
    model.hidden(64).pooling(Pooling.MEAN).seed(-1).inputClip(0.1);
    assertEquals("64", model.get("hidden"));
    assertEquals("mean", model.get("pooling"));
    assertEquals("18446744073709551615", model.get("seed"));
    assertEquals(0.1, model.set("input_clip", "0.1").inputClip());
    assertEquals(AbsentPolicy.ZEROS, model.set("absent", "zeros").absent());
    assertEquals(4, model.usePreset(Preset.REFERENCE).layers());
    model.useRecipe(Recipe.PAPER);
    assertNotEquals(1.25, model.alphaMin());
    assertTrue(ModelOptions.names().contains("feed_forward_factor"));
    assertTrue(model.toString().contains("hidden=64"), model.toString());
    failure(Status.NOT_FOUND, () -> model.get("hiden"));
    failure(Status.NOT_FOUND, () -> model.set("hiden", "1"));
    failure(Status.INVALID_ARGUMENT, () -> model.set("hidden", "many"));
    failure(Status.INVALID_ARGUMENT, () -> Model.create(Support.schema(), model.hidden(-1)));

    TrainerOptions trainer = new TrainerOptions();
    assertEquals(0, trainer.epochs());
    assertEquals("auto", trainer.get("epochs"));
    assertTrue(trainer.calibrate());
    assertFalse(trainer.calibrate(false).calibrate());
    assertEquals("0", trainer.get("calibrate"));
    assertEquals(TeacherMode.EMA, trainer.set("teacher", "ema").teacher());
    try (Dataset data = Dataset.synthetic(null)) {
      assertTrue(trainer.resolve(data).epochs() > 0);
    }
    assertEquals(Recipe.PAPER, trainer.useRecipe(Recipe.PAPER).schedule());
    assertTrue(TrainerOptions.names().size() > 25);
  }

  /** Each field of the Java classes is the field of the same name in C. */
  @Test
  void everyOptionReachesItsField() throws Exception {
    int checked = 0;
    for (Class<?> type : new Class<?>[] {ModelOptions.class, TrainerOptions.class}) {
      List<?> names = (List<?>) type.getMethod("names").invoke(null);
      for (Object name : names) {
        String field = camel((String) name);
        Class<?> value = type.getMethod(field).getReturnType();
        OptionStruct<?> options = (OptionStruct<?>) type.getConstructor().newInstance();
        java.lang.reflect.Method set = type.getMethod(field, value);
        java.lang.reflect.Method get = type.getMethod("get", String.class);
        if (value == int.class) {
          set.invoke(options, 3);
          assertEquals("3", get.invoke(options, name));
        } else if (value == long.class) {
          set.invoke(options, 3L);
          assertEquals("3", get.invoke(options, name));
        } else if (value == double.class) {
          set.invoke(options, 0.375);
          assertEquals("0.375", get.invoke(options, name));
        } else if (value == boolean.class) {
          for (boolean b : new boolean[] {true, false}) {
            set.invoke(options, b);
            assertEquals(b ? "1" : "0", get.invoke(options, name));
            assertEquals(b, type.getMethod(field).invoke(options));
          }
        } else {
          for (Object item : value.getEnumConstants()) {
            set.invoke(options, item);
            String text = item.toString().toLowerCase(Locale.ROOT);
            assertEquals(text, get.invoke(options, name));
            assertEquals(item, type.getMethod(field).invoke(options));
          }
        }
        ++checked;
      }
    }
    assertEquals(ModelOptions.names().size() + TrainerOptions.names().size(), checked);
  }

  private static String camel(String name) {
    StringBuilder out = new StringBuilder();
    for (String part : name.split("_")) {
      out.append(
          out.length() == 0 ? part : Character.toUpperCase(part.charAt(0)) + part.substring(1));
    }
    return out.toString();
  }

  @Test
  void modelsSaveAndLoad(@TempDir Path folder) throws Exception {
    Path path = folder.resolve(NAME + ".casd");
    try (Model model = Support.model();
        Model marked = model.withUserValue("user.extractor", NAME)) {
      assertEquals(NAME, marked.userValue("user.extractor"));
      assertNull(marked.userValue("user.other"));
      assertEquals(Map.of("user.extractor", NAME), marked.userValues());
      assertEquals(Map.of(), model.userValues());
      failure(Status.INVALID_ARGUMENT, () -> model.withUserValue("other", "x"));
      marked.save(path);
      byte[] bytes = Files.readAllBytes(path);
      assertArrayEquals(bytes, marked.toBytes());
      ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length + 3);
      direct.position(3);
      direct.put(bytes).flip().position(3);
      for (Model loaded :
          new Model[] {
            Model.load(path),
            Model.load(bytes),
            Model.load(direct),
            Model.load(ByteBuffer.wrap(bytes)),
            marked.withUserValue("user.extractor", NAME)
          }) {
        assertArrayEquals(bytes, loaded.toBytes());
        loaded.close();
      }
      assertEquals(3, direct.position());
      assertEquals(8, model.options().hidden());
      assertTrue(model.parameterCount() > 0);
      assertTrue(marked.info().contains(NAME), marked.info());
      assertEquals(1, model.temperature(Schema.ALL_MODALITIES));
      failure(Status.INVALID_ARGUMENT, () -> model.temperature(8));
      bytes[bytes.length / 2] ^= 1;
      assertThrows(CasdException.class, () -> Model.load(Arrays.copyOf(bytes, 100)));
    }
    String message =
        failure(Status.IO, () -> Model.load(folder.resolve("none.casd"))).getMessage();
    assertTrue(message.contains("none.casd"), message);
    failure(Status.FORMAT, () -> Model.load(new byte[100]));
    failure(Status.FORMAT, () -> Model.load(new byte[0]));
  }

  @Test
  void batchesReturnWhatWasSet() {
    float[][] frames = Support.frames(1, 3, 2, 1);
    try (Batch batch = Batch.create(Support.schema())) {
      batch.reserve(4);
      assertEquals(0, batch.addSample());
      assertEquals(1, batch.addSample());
      assertEquals(2, batch.size());
      batch.setFrames(0, 0, frames[0], 3);
      // Frames 4 numbers apart, the first at index 1.
      float[] wide = {9, 1, 2, 3, 9, 4, 5, 6, 9};
      batch.setFrames(1, 0, wide, 1, 2, 3, 4);
      assertArrayEquals(frames[0], batch.frames(0, 0));
      assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, batch.frames(1, 0));
      FloatBuffer direct =
          ByteBuffer.allocateDirect(40).order(ByteOrder.nativeOrder()).asFloatBuffer();
      direct.put(new float[] {9, 9, 1, 2, 3, 4}).flip().position(2);
      batch.setFrames(1, 1, direct, 2);
      assertEquals(2, batch.steps(1, 1));
      assertArrayEquals(new float[] {1, 2, 3, 4}, batch.frames(1, 1));
      assertEquals(0, batch.steps(0, 1));
      assertNull(batch.frames(0, 1));
      batch.setFrames(1, 1, (float[]) null, 2);
      assertEquals(0, batch.steps(1, 1));

      assertNull(batch.target(0));
      batch.setTarget(0, 1);
      assertArrayEquals(new float[] {1}, batch.target(0));
      batch.clearTarget(0);
      assertNull(batch.target(0));

      String message =
          failure(Status.INVALID_ARGUMENT, () -> batch.setFrames(0, 1, new float[6], 3))
              .getMessage();
      assertTrue(message.contains("audio") && message.contains("2"), message);
      failure(Status.INVALID_ARGUMENT, () -> batch.setFrames(7, 1, new float[6], 2));
      failure(Status.INVALID_ARGUMENT, () -> batch.setFrames(0, 1, new float[6], 0));
      failure(Status.INVALID_ARGUMENT, () -> batch.setTarget(0, 2));
      assertThrows(
          IllegalArgumentException.class, () -> batch.setFrames(0, 1, new float[5], 2));
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> batch.setFrames(0, 0, wide, 2, 2, 3, 5));
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> batch.setFrames(0, 0, wide, 0, Long.MAX_VALUE, 3, Long.MAX_VALUE));
      assertThrows(IndexOutOfBoundsException.class, () -> batch.frames(2, 0));
      assertThrows(IndexOutOfBoundsException.class, () -> batch.steps(0, 3));
      batch.clear();
      assertEquals(0, batch.size());
    }
  }

  @Test
  void seriesAreReadAndFilesAdded(@TempDir Path folder) throws Exception {
    String head = "@classLabel true walk run\n@data\n";
    Path train = folder.resolve("Moves_TRAIN.ts");
    Path test = folder.resolve("Moves_TEST.ts");
    Files.write(
        train, (head + "1,2:3,4:5:walk\n6,?:7,8:9:run\n").getBytes(StandardCharsets.UTF_8));
    Files.write(test, (head + "1:2:3:run\n").getBytes(StandardCharsets.UTF_8));
    try (Dataset data = Dataset.open(train, null, null, "arm=0-1,leg=2");
        Dataset renamed = Dataset.open(train, "classes:slow,fast", "valid", "leg=2");
        Batch batch = Batch.create(data.schema())) {
      data.addFile(test, null);
      data.addFile(test, "more");
      assertEquals(Arrays.asList("train", "test", "more"), data.splits());
      assertEquals("leg", data.schema().modalities().get(1).name());
      data.read("train", batch);
      assertArrayEquals(new float[] {1, 3, 2, 4}, batch.frames(0, 0));
      assertEquals(Arrays.asList("valid"), renamed.splits());
      Files.write(test, (head + "1:run\n").getBytes(StandardCharsets.UTF_8));
      String message =
          failure(Status.INVALID_ARGUMENT, () -> data.addFile(test, null)).getMessage();
      assertTrue(message.contains("channel 1"), message);
      failure(Status.IO, () -> data.addFile(folder.resolve("none.ts"), null));
    }
    failure(Status.INVALID_ARGUMENT, () -> Dataset.open(train, null, null, "arm=0,leg=0"));
  }

  @Test
  void datasetsAreRead(@TempDir Path folder) throws Exception {
    String csv =
        "sample,group,label,audio.x,audio.y\n"
            + "a,g1,no,1,2\na,g1,no,3,4\nb,g2,yes,5,6\nc,g3,no,7,8\nd,,yes,9,10\n";
    Path path = folder.resolve(NAME + ".csv");
    Files.write(path, csv.getBytes(StandardCharsets.UTF_8));
    try (Dataset data = Dataset.open(path);
        Dataset same =
            Dataset.load(csv.getBytes(StandardCharsets.UTF_8), "text", "classes:no,yes");
        Batch batch = Batch.create(data.schema())) {
      assertEquals(data.schema(), same.schema());
      assertEquals(Arrays.asList("no", "yes"), data.schema().outputs());
      assertEquals(Arrays.asList("x", "y"), data.schema().modalities().get(0).featureNames());
      assertEquals(Arrays.asList("train"), data.splits());
      assertEquals(4, data.size("train"));
      assertEquals("b", data.sampleName("train", 1));
      assertEquals("g2", data.groupName("train", 1));
      assertEquals("", data.groupName("train", 3));
      assertNull(data.sampleName("train", 9));
      assertEquals(4, data.targetCount("train"));
      assertEquals(2, data.targetCount("train", 1));
      assertEquals(4, data.modalityCount("train", 1));
      data.read("train", new long[] {2, 0}, batch);
      assertArrayEquals(new float[] {7, 8}, batch.frames(0, 0));
      assertArrayEquals(new float[] {1, 2, 3, 4}, batch.frames(1, 0));
      data.read("train", batch);
      assertEquals(6, batch.size());
      String message = failure(Status.NOT_FOUND, () -> data.size("test")).getMessage();
      assertTrue(message.contains("test"), message);
      failure(Status.NOT_FOUND, () -> data.read("test", batch));
      failure(Status.INVALID_ARGUMENT, () -> data.read("train", new long[] {4}, batch));
      failure(Status.STATE, () -> data.noise("train", 0, 0));
      data.holdOut("train", "valid", 0.5, 1);
      assertEquals(4, data.size("train") + data.size("valid"));
      data.add("more", batch);
      assertEquals(6, data.size("more"));
      try (Dataset copy = Dataset.create(data.schema())) {
        copy.add("train", batch);
        assertEquals(6, copy.size("train"));
      }
    }
    try (Dataset data =
        Dataset.synthetic(
            new SyntheticOptions().trainSamples(5).validSamples(0).testSamples(3).seed(2))) {
      assertEquals(5, data.size("train"));
      assertTrue(data.noise("train", 0, 0) > 0);
      assertEquals(Task.CLASSES, data.schema().task());
    }
    failure(Status.IO, () -> Dataset.open(folder.resolve("none.csv")));
    failure(Status.FORMAT, () -> Dataset.load(new byte[] {1}, "bytes", null));
  }

  @Test
  void hdf5IsReadThroughThePlugin() {
    // The plug-in is found beside the native library or by CASD_PLUGIN_PATH; the file does not exist,
    // but one that begins like HDF5 does.
    byte[] start = {(byte) 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    failure(Status.FORMAT, () -> Dataset.load(start, "bytes", null));
  }

  @Test
  void libraryDescribesItself() {
    assertEquals("0.2.0", Casd.version());
    assertEquals(2, Casd.abiVersion());
    assertTrue(Casd.buildInfo().contains("\"abi\""));
    List<EngineInfo> engines = Casd.engines();
    assertEquals("cpu", engines.get(0).name());
    assertTrue(engines.get(0).available() && engines.get(0).concurrent());
    assertEquals("", engines.get(0).reason());
    assertEquals(Device.CPU, engines.get(0).device());
    assertEquals("torch", engines.get(1).name());
    assertTrue(engines.get(1).available() && engines.get(1).trains(), engines.get(1).toString());
    assertEquals(Device.CUDA, engines.get(2).device());
  }

  @Test
  void logIsPolled() throws Exception {
    Casd.pollLog();
    Casd.setLogLevel(LogLevel.DEBUG);
    try {
      // A class that does not occur in split train is a warning.
      try (Batch batch = Batch.create(Support.schema());
          Dataset data = Dataset.create(Support.schema());
          Model model = Support.model();
          Trainer trainer = Trainer.create(model, null)) {
        batch.addSample();
        batch.setFrames(0, 0, new float[] {1, 2, 3}, 3);
        batch.setTarget(0, 0);
        data.add("train", batch);
        trainer.prepare(data);
      }
      boolean found = false;
      while (true) {
        java.util.Optional<LogMessage> message = Casd.pollLog();
        if (!message.isPresent()) {
          break;
        }
        found |=
            message.get().level() == LogLevel.WARNING && message.get().text().contains("positive");
      }
      assertTrue(found);
    } finally {
      Casd.setLogLevel(LogLevel.WARNING);
      Casd.endLogQueue();
    }
  }
}
