using System;
using System.Linq;
using System.Text;
using System.Text.Json;

namespace Casd.Examples
{
    /// <summary>What is needed of a model's schema, read once.</summary>
    internal sealed class SchemaInfo
    {
        public SchemaInfo(Model model)
        {
            using Schema schema = model.GetSchema();
            if (schema.Task == TaskKind.Regression)
                throw new ArgumentException("the model is a regression: this service answers with probabilities");
            Task = schema.Task;
            Outputs = schema.Outputs.ToArray();
            Modalities = schema.Modalities.ToArray();
            Features = Enumerable.Range(0, Modalities.Length).Select(schema.ModalityFeatures).ToArray();
        }

        public TaskKind Task { get; }
        public string TaskName => Task == TaskKind.Classes ? "classes" : "multilabel";
        public string[] Outputs { get; }
        public string[] Modalities { get; }
        public int[] Features { get; }
    }

    /// <summary>Reads the body of a request for a prediction.</summary>
    internal static class PredictRequest
    {
        private static readonly UTF8Encoding StrictUtf8 = new UTF8Encoding(false, true);

        /// <summary>The frames of each modality of the schema; null where one is missing.</summary>
        /// <exception cref="Problem">
        /// 400 if the body is not JSON in UTF-8; 422 if it is no sample of the schema.
        /// </exception>
        public static float[]?[] Parse(byte[] body, SchemaInfo schema)
        {
            // First only the syntax, so that the status does not depend on the order of errors.
            try
            {
                StrictUtf8.GetCharCount(body);
                var syntax = new Utf8JsonReader(body);
                while (syntax.Read())
                {
                }
            }
            catch (DecoderFallbackException)
            {
                throw new Problem(400, "the body is not UTF-8");
            }
            catch (JsonException e)
            {
                throw new Problem(400, "the body is not JSON: " + e.Message);
            }
            var reader = new Utf8JsonReader(body);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw new Problem(422, "the body is no object");
            float[]?[]? frames = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = Text(ref reader);
                if (name != "modalities")
                    throw new Problem(422, $"unknown member '{name}': there is only modalities");
                reader.Read();
                if (reader.TokenType != JsonTokenType.StartObject)
                    break;
                frames = Modalities(ref reader, schema);
            }
            return frames ?? throw new Problem(422, "modalities has to be an object");
        }

        private static float[]?[] Modalities(ref Utf8JsonReader reader, SchemaInfo schema)
        {
            var frames = new float[]?[schema.Modalities.Length];
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = Text(ref reader);
                int index = Array.IndexOf(schema.Modalities, name);
                if (index < 0)
                    throw new Problem(422, $"the model has no modality '{name}', only " +
                                           string.Join(", ", schema.Modalities));
                reader.Read();
                frames[index] = Frames(ref reader, name, schema.Features[index]);
            }
            return frames;
        }

        /// <summary>A name; escapes in it can still be wrong.</summary>
        private static string Text(ref Utf8JsonReader reader)
        {
            try
            {
                return reader.GetString()!;
            }
            catch (InvalidOperationException)
            {
                throw new Problem(422, "a name has half of a surrogate pair");
            }
        }

        private static float[]? Frames(ref Utf8JsonReader reader, string name, int features)
        {
            if (reader.TokenType == JsonTokenType.Null)
                return null;
            Require(reader.TokenType == JsonTokenType.StartArray, name);
            var values = new float[64 * features];
            int count = 0;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                Require(reader.TokenType == JsonTokenType.StartArray, name);
                int first = count;
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    Require(reader.TokenType == JsonTokenType.Number, name);
                    if (count == values.Length)
                        Array.Resize(ref values, 2 * count);
                    if (!reader.TryGetSingle(out values[count]) || float.IsInfinity(values[count]))
                        throw new Problem(422, $"modality {name}: a number does not fit a 32-bit " +
                                               "floating-point number");
                    ++count;
                }
                if (count - first != features)
                    throw new Problem(422, $"modality {name}: frame {first / features} has {count - first} " +
                                           $"numbers, the model has {features} features");
            }
            Array.Resize(ref values, count);
            return values;
        }

        private static void Require(bool condition, string name)
        {
            if (!condition)
                throw new Problem(422, $"modality {name}: has to be null or an array of arrays of numbers");
        }
    }
}
