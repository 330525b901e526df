using System;
using System.IO;
using System.Linq;
using System.Text.Json;

namespace Casd.Examples
{
    /// <summary>Writes the answers in JSON.</summary>
    internal static class Documents
    {
        private const int ExampleCount = 6;

        private static readonly Field[] Fields =
        {
            Field.Probabilities, Field.Confidence, Field.Uncertainty, Field.ModalityVariance, Field.ModalityWeight,
        };

        private static byte[] Object(Action<Utf8JsonWriter> content)
        {
            using var stream = new MemoryStream();
            using (var json = new Utf8JsonWriter(stream))
            {
                json.WriteStartObject();
                content(json);
                json.WriteEndObject();
            }
            return stream.ToArray();
        }

        public static byte[] Problem(Problem problem) => Object(json =>
        {
            json.WriteString("title", problem.Title);
            json.WriteNumber("status", problem.Status);
            json.WriteString("detail", problem.Message);
        });

        public static byte[] Model(Model model, SchemaInfo schema, Settings settings) => Object(json =>
        {
            json.WriteString("task", schema.TaskName);
            json.WriteStartArray("outputs");
            foreach (string name in schema.Outputs)
                json.WriteStringValue(name);
            json.WriteEndArray();
            json.WriteStartArray("modalities");
            for (int m = 0; m < schema.Modalities.Length; ++m)
            {
                json.WriteStartObject();
                json.WriteString("name", schema.Modalities[m]);
                json.WriteNumber("features", schema.Features[m]);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteNumber("parameters", model.ParameterCount);
            json.WriteString("library", Library.Version);
            json.WriteStartObject("limits");
            json.WriteNumber("body_bytes", settings.MaxBody);
            json.WriteNumber("seconds", settings.Seconds);
            json.WriteNumber("requests", settings.Requests);
            json.WriteNumber("workers", settings.Workers);
            json.WriteEndObject();
        });

        /// <summary>The results of one sample.</summary>
        public static byte[] Result(Prediction prediction, float[]?[] frames, SchemaInfo schema)
        {
            int outputs = schema.Outputs.Length, modalities = schema.Modalities.Length;
            int variances = outputs + 2, weights = variances + modalities;
            var values = new float[weights + modalities];
            prediction.CopyTo(values, Fields);
            return Object(json =>
            {
                json.WriteStartArray("outputs");
                for (int i = 0; i < outputs; ++i)
                {
                    json.WriteStartObject();
                    json.WriteString("name", schema.Outputs[i]);
                    json.WriteNumber("probability", values[i]);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                json.WriteNumber("confidence", values[outputs]);
                json.WriteNumber("uncertainty", values[outputs + 1]);
                json.WriteStartArray("modalities");
                for (int m = 0; m < modalities; ++m)
                {
                    json.WriteStartObject();
                    json.WriteString("name", schema.Modalities[m]);
                    json.WriteNumber("frames", (frames[m]?.Length ?? 0) / schema.Features[m]);
                    WritePresent(json, "uncertainty", values[variances + m]);
                    WritePresent(json, "weight", values[weights + m]);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            });
        }

        /// <summary>Null for the NaN of a modality that takes no part.</summary>
        private static void WritePresent(Utf8JsonWriter json, string name, float value)
        {
            if (float.IsNaN(value))
                json.WriteNull(name);
            else
                json.WriteNumber(name, value);
        }

        /// <summary>Samples for the page from a dataset file, synthetic data, or none if empty.</summary>
        public static byte[] Examples(Model model, SchemaInfo schema, string source) => Object(json =>
        {
            json.WriteStartArray("examples");
            if (source != "")
                WriteExamples(json, model, schema, source);
            json.WriteEndArray();
        });

        private static void WriteExamples(Utf8JsonWriter json, Model model, SchemaInfo schema, string source)
        {
            // The labels are read as the model's task, which need not be the file's own.
            using Dataset data = source == "synthetic"
                ? Dataset.Synthetic()
                : Dataset.Open(source, schema.TaskName + ":" + string.Join(",", schema.Outputs));
            using Schema modelSchema = model.GetSchema();
            using var batch = new Batch(modelSchema); // Samples are matched with it by the names of modalities.
            string split = new[] { "test", "valid" }.Concat(data.Splits)
                .FirstOrDefault(name => data.Splits.Contains(name) && data.Size(name) > 0)
                ?? throw new ArgumentException("the dataset has no samples");
            data.Read(batch, split, Math.Min(ExampleCount, data.Size(split)));
            for (long i = 0; i < batch.Size; ++i)
            {
                json.WriteStartObject();
                json.WriteString("name", $"{split} {i}");
                float[]? target = batch.Target(i);
                bool known = schema.Task == TaskKind.Classes && target != null && target.Length == 1;
                json.WriteString("label", known ? schema.Outputs[(int)target![0]] : null);
                json.WriteStartObject("modalities");
                for (int m = 0; m < schema.Modalities.Length; ++m)
                {
                    json.WritePropertyName(schema.Modalities[m]);
                    WriteFrames(json, batch.Frames(i, m));
                }
                json.WriteEndObject();
                json.WriteEndObject();
            }
        }

        private static void WriteFrames(Utf8JsonWriter json, float[,] frames)
        {
            if (frames.GetLength(0) == 0)
            {
                json.WriteNullValue();
                return;
            }
            json.WriteStartArray();
            for (int step = 0; step < frames.GetLength(0); ++step)
            {
                json.WriteStartArray();
                for (int feature = 0; feature < frames.GetLength(1); ++feature)
                    json.WriteNumberValue(frames[step, feature]);
                json.WriteEndArray();
            }
            json.WriteEndArray();
        }
    }
}
