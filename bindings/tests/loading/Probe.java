import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import org.casd.Casd;
import org.casd.CasdException;
import org.casd.EngineChoice;
import org.casd.Field;
import org.casd.Model;
import org.casd.ModelOptions;
import org.casd.Prediction;
import org.casd.Predictor;
import org.casd.Schema;
import org.casd.Trainer;
import org.casd.TrainerOptions;

/** What each scenario runs; prints "ok LIBRARY RESULT" or "failed MESSAGE". */
public final class Probe {
  public static void main(String[] arguments) throws Exception {
    try {
      System.out.println("ok " + run(arguments));
    } catch (UnsatisfiedLinkError | CasdException e) {
      System.out.println("failed " + e.getMessage());
    }
  }

  private static String run(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "train":
        try (Model model = model();
            Trainer trainer = Trainer.create(model, new TrainerOptions().engine(EngineChoice.TORCH))) {
          return Casd.load() + " " + trainer.phase();
        }
      case "two": // JAR SECOND_JAR
        return "two " + loaded(arguments[1]) + " and " + loaded(arguments[2]);
      case "child": // COMMAND...
        predict();
        Process child =
            new ProcessBuilder(Arrays.copyOfRange(arguments, 1, arguments.length))
                .redirectErrorStream(true)
                .start();
        String output = new String(child.getInputStream().readAllBytes(), "UTF-8").trim();
        if (child.waitFor() != 0 || !output.equals("ok " + predict())) {
          throw new AssertionError("the child printed " + output);
        }
        return predict();
      default:
        return predict();
    }
  }

  private static String loaded(String jar) throws Exception {
    URL[] path = {Path.of(jar).toUri().toURL()};
    ClassLoader loader = new URLClassLoader(path, ClassLoader.getPlatformClassLoader());
    try {
      Class<?> casd = loader.loadClass("org.casd.Casd");
      casd.getMethod("load").invoke(null);
      return (String) casd.getMethod("version").invoke(null);
    } catch (InvocationTargetException e) {
      throw (Error) e.getCause();
    }
  }

  private static Model model() {
    Schema schema =
        Schema.builder().modality("language", 3).modality("audio", 2).outputs("a", "b").build();
    return Model.create(schema, new ModelOptions().hidden(8).layers(1).heads(2).maxSteps(16).seed(5));
  }

  private static String predict() {
    try (Model model = model();
        Predictor predictor = Predictor.create(model);
        Prediction result = predictor.predict(new float[][] {{1, 2, 3}, {-1, 1}})) {
      float[] values = result.get(Field.PROBABILITIES);
      return Casd.load() + " " + String.format("%08x", Float.floatToIntBits(values[1]));
    }
  }
}
