#nullable enable
using System;

namespace Casd
{
    /// <summary>A schema's content in managed memory; it does not change.</summary>
    internal sealed class SchemaSnapshot
    {
        private readonly string?[]?[] _featureNames;

        internal SchemaSnapshot(Schema schema)
        {
            Task = schema.Task;
            Modalities = Names(schema.ModalityCount, schema.ModalityName);
            Outputs = Names(schema.OutputCount, schema.OutputName);
            Features = new int[Modalities.Length];
            _featureNames = new string?[]?[Modalities.Length];
            for (int m = 0; m < Modalities.Length; ++m)
            {
                Features[m] = schema.ModalityFeatures(m);
                for (int f = 0; f < Features[m]; ++f)
                    if (schema.FeatureName(m, f) is string name)
                        (_featureNames[m] ??= new string?[Features[m]])[f] = name;
            }
        }

        internal TaskKind Task { get; }

        internal string[] Modalities { get; }

        internal int[] Features { get; }

        internal string[] Outputs { get; }

        /// <summary>An equal schema; the caller disposes of it.</summary>
        internal Schema ToSchema()
        {
            var schema = new Schema { Task = Task };
            for (int m = 0; m < Modalities.Length; ++m)
            {
                schema.AddModality(Modalities[m], Features[m]);
                string?[]? names = _featureNames[m];
                for (int f = 0; names != null && f < names.Length; ++f)
                    if (names[f] is string name)
                        schema.SetFeatureName(m, f, name);
            }
            foreach (string output in Outputs)
                schema.AddOutput(output);
            return schema;
        }

        private static string[] Names(int count, Func<int, string> name)
        {
            var names = new string[count];
            for (int i = 0; i < count; ++i)
                names[i] = name(i);
            return names;
        }
    }
}
