using System;
using System.Diagnostics;
using System.Linq;
using System.Reflection;
using Casd;

/// <summary>What each scenario runs; prints "ok LIBRARY RESULT" or "failed MESSAGE".</summary>
public static class Probe
{
    public static int Main(string[] arguments)
    {
        try
        {
            Console.WriteLine("ok " + Run(arguments));
        }
        catch (Exception error) when (error is CasdLoadException || error is CasdException)
        {
            Console.WriteLine("failed " + error.Message);
        }
        return 0;
    }

    private static string Run(string[] arguments)
    {
        switch (arguments[0])
        {
            case "train":
                using (Model model = Model())
                using (var trainer = new Trainer(model, new TrainerOptions { Engine = EngineChoice.Torch }))
                    return Library.Load() + " " + trainer.Phase;
            case "two": // LIBRARY SECOND_ASSEMBLY SECOND_LIBRARY
                Library.Load(arguments[1]);
                return "two " + Library.Version + " and " + SecondVersion(arguments[2], arguments[3]);
            case "domain":
                return LoadInDomain();
            case "child": // COMMAND, ARGUMENTS
                string own = Predict();
                var start = new ProcessStartInfo(arguments[1], arguments[2])
                {
                    UseShellExecute = false,
                    RedirectStandardOutput = true,
                };
                using (Process child = Process.Start(start))
                {
                    string output = child.StandardOutput.ReadToEnd().Trim();
                    child.WaitForExit();
                    if (output != "ok " + own)
                        throw new InvalidOperationException("the child printed " + output);
                }
                return Predict();
            default:
                return Predict();
        }
    }

    // .NET: a load context; Mono: an application domain.
    private static object SecondVersion(string assembly, string library)
    {
        Type type = Type.GetType("System.Runtime.Loader.AssemblyLoadContext, System.Runtime.Loader");
        if (type == null || Type.GetType("Mono.Runtime") != null)
        {
            AppDomain domain = AppDomain.CreateDomain("second");
            domain.SetData("library", library);
            domain.ExecuteAssembly(typeof(Probe).Assembly.Location, new[] { "domain" });
            return domain.GetData("version");
        }
        object context = Activator.CreateInstance(type, "second", false);
        var loaded = (Assembly)type.GetMethod("LoadFromAssemblyPath").Invoke(context, new object[] { assembly });
        Type second = loaded.GetType("Casd.Library", true);
        try
        {
            second.GetMethod("Load").Invoke(null, new object[] { library });
            return second.GetProperty("Version").GetValue(null);
        }
        catch (TargetInvocationException error)
        {
            throw new CasdLoadException(error.InnerException.Message);
        }
    }

    private static string LoadInDomain()
    {
        AppDomain domain = AppDomain.CurrentDomain;
        try
        {
            Library.Load((string)domain.GetData("library"));
            domain.SetData("version", Library.Version);
        }
        catch (CasdLoadException error)
        {
            domain.SetData("version", "failed " + error.Message);
        }
        return "domain";
    }

    private static Model Model()
    {
        using (Schema schema = new Schema().AddModality("language", 3).AddModality("audio", 2)
                   .AddOutput("a").AddOutput("b"))
            return new Model(schema, new ModelOptions
            {
                Hidden = 8, Layers = 1, Heads = 2, MaxSteps = 16, Seed = 5,
            });
    }

    private static string Predict()
    {
        using (Model model = Model())
        using (var predictor = new Predictor(model))
        using (var result = new Prediction())
        {
            predictor.Predict(result, new float[] { 1, 2, 3, -1, 1 }, new long[] { 1, 1 }, ModalityMask.All);
            float value = result.ToArray(Field.Probabilities)[1];
            return Library.Load() + " " + BitConverter.ToInt32(BitConverter.GetBytes(value), 0).ToString("x8");
        }
    }
}
