#nullable enable
using System;
using System.Collections.Generic;

namespace Casd
{
    /// <summary>What the outputs of a model mean.</summary>
    public enum TaskKind
    {
        /// <summary>One real number per output.</summary>
        Regression = NativeMethods.CASD_TASK_REGRESSION,

        /// <summary>Exactly one of the outputs (2 or more) is true.</summary>
        Classes = NativeMethods.CASD_TASK_CLASSES,

        /// <summary>Each output is true or false on its own.</summary>
        MultiLabel = NativeMethods.CASD_TASK_MULTILABEL,
    }

    /// <summary>
    /// The modalities, the task and the outputs of a model or a dataset. It is copied into whatever is
    /// made from it. Used by one thread at a time.
    /// </summary>
    public sealed class Schema : IDisposable
    {
        private readonly SchemaHandle _handle;
        private SchemaSnapshot? _snapshot;

        /// <summary>Creates an empty schema, task <see cref="TaskKind.Classes"/>.</summary>
        /// <exception cref="CasdLoadException">The native library cannot be loaded.</exception>
        public Schema()
        {
            NativeLoader.EnsureLoaded();
            NativeMethods.casd_schema_create(out _handle);
        }

        internal Schema(SchemaHandle handle)
        {
            _handle = handle;
        }

        internal SchemaHandle Handle
        {
            get
            {
                _handle.ThrowIfClosed(nameof(Schema));
                return _handle;
            }
        }

        // What the schema has now; kept until it changes.
        internal SchemaSnapshot Snapshot()
        {
            _handle.ThrowIfClosed(nameof(Schema));
            return _snapshot ??= new SchemaSnapshot(this);
        }

        private SchemaHandle Changing()
        {
            _snapshot = null;
            return Handle;
        }

        /// <summary>What the outputs mean.</summary>
        /// <exception cref="CasdException">An unknown value is set.</exception>
        public TaskKind Task
        {
            get => (TaskKind)NativeMethods.casd_schema_task(Handle);
            set => NativeMethods.casd_schema_set_task(Changing(), (int)value);
        }

        /// <summary>The number of modalities.</summary>
        public int ModalityCount => NativeMethods.casd_schema_modality_count(Handle);

        /// <summary>The number of outputs.</summary>
        public int OutputCount => NativeMethods.casd_schema_output_count(Handle);

        /// <summary>The names of the modalities, in order.</summary>
        public IReadOnlyList<string> Modalities => Snapshot().Modalities;

        /// <summary>The names of the outputs, in order.</summary>
        public IReadOnlyList<string> Outputs => Snapshot().Outputs;

        /// <summary>Adds a modality; the first one has index 0.</summary>
        /// <param name="name">
        /// 1 to 64 bytes of UTF-8, unique: letters, digits, <c>_</c> and <c>-</c> (and any character
        /// above ASCII).
        /// </param>
        /// <param name="features">Numbers in one frame, 1 to 65536.</param>
        /// <returns>This schema.</returns>
        /// <exception cref="CasdException">A value is out of range, or the name is taken.</exception>
        public Schema AddModality(string name, int features)
        {
            NativeMethods.casd_schema_add_modality(Changing(), name, features);
            return this;
        }

        /// <summary>Adds an output: a class, a label or a quantity.</summary>
        /// <param name="name">1 to 64 bytes of UTF-8, unique, no control characters.</param>
        /// <returns>This schema.</returns>
        /// <exception cref="CasdException">The name is not allowed or taken.</exception>
        public Schema AddOutput(string name)
        {
            NativeMethods.casd_schema_add_output(Changing(), name);
            return this;
        }

        /// <summary>
        /// Names one feature of a modality. Where a model and its data have names, features are matched
        /// by name. Name all features of a modality or none.
        /// </summary>
        /// <param name="modality">Index of the modality.</param>
        /// <param name="feature">Index of the feature.</param>
        /// <param name="name">1 to 256 bytes of UTF-8, unique in its modality.</param>
        /// <exception cref="CasdException">An index or the name is not allowed.</exception>
        public void SetFeatureName(int modality, int feature, string name)
        {
            if (name == null)
                throw new ArgumentNullException(nameof(name));
            NativeMethods.casd_schema_set_feature_name(Changing(), modality, feature, name);
        }

        /// <summary>Removes the names of all features of a modality.</summary>
        /// <param name="modality">Index of the modality.</param>
        /// <exception cref="CasdException">There is no such modality.</exception>
        public void ClearFeatureNames(int modality) =>
            NativeMethods.casd_schema_set_feature_name(Changing(), modality, 0, null);

        /// <summary>The name of a feature.</summary>
        /// <param name="modality">Index of the modality.</param>
        /// <param name="feature">Index of the feature.</param>
        /// <returns>The name; null if it has none or there is no such feature.</returns>
        public string? FeatureName(int modality, int feature)
        {
            using var held = Handle.Hold();
            return NativeText.FromUtf8(
                NativeMethods.casd_schema_feature_name(_handle, modality, feature));
        }

        /// <summary>The name of a modality.</summary>
        /// <param name="index">Index of the modality.</param>
        /// <returns>The name.</returns>
        /// <exception cref="ArgumentOutOfRangeException">There is no such modality.</exception>
        public string ModalityName(int index)
        {
            using var held = Handle.Hold();
            return NativeText.FromUtf8(NativeMethods.casd_schema_modality_name(_handle, index))
                   ?? throw new ArgumentOutOfRangeException(nameof(index));
        }

        /// <summary>The numbers in one frame of a modality.</summary>
        /// <param name="index">Index of the modality.</param>
        /// <returns>The number of features.</returns>
        /// <exception cref="ArgumentOutOfRangeException">There is no such modality.</exception>
        public int ModalityFeatures(int index)
        {
            int features = NativeMethods.casd_schema_modality_features(Handle, index);
            return features >= 0 ? features : throw new ArgumentOutOfRangeException(nameof(index));
        }

        /// <summary>Finds a modality by name.</summary>
        /// <param name="name">Its name.</param>
        /// <returns>Its index, which is also its bit in a <see cref="ModalityMask"/>.</returns>
        /// <exception cref="CasdException">
        /// <see cref="Status.NotFound"/>: no modality has that name; the message lists the names.
        /// </exception>
        public int ModalityIndex(string name)
        {
            NativeMethods.casd_schema_modality_index(out int index, Handle, name);
            return index;
        }

        /// <summary>The name of an output.</summary>
        /// <param name="index">Index of the output.</param>
        /// <returns>The name.</returns>
        /// <exception cref="ArgumentOutOfRangeException">There is no such output.</exception>
        public string OutputName(int index)
        {
            using var held = Handle.Hold();
            return NativeText.FromUtf8(NativeMethods.casd_schema_output_name(_handle, index))
                   ?? throw new ArgumentOutOfRangeException(nameof(index));
        }

        /// <summary>Finds an output by name.</summary>
        /// <param name="name">Its name.</param>
        /// <returns>Its index.</returns>
        /// <exception cref="CasdException">
        /// <see cref="Status.NotFound"/>: no output has that name; the message lists the names.
        /// </exception>
        public int OutputIndex(string name)
        {
            NativeMethods.casd_schema_output_index(out int index, Handle, name);
            return index;
        }

        /// <summary>The set of some modalities.</summary>
        /// <param name="names">Names of modalities.</param>
        /// <returns>The mask.</returns>
        /// <exception cref="CasdException"><see cref="Status.NotFound"/>: no modality has that name.</exception>
        public ModalityMask Mask(params string[] names)
        {
            if (names == null)
                throw new ArgumentNullException(nameof(names));
            var mask = new ModalityMask(0);
            foreach (string name in names)
                mask |= ModalityMask.Of(ModalityIndex(name));
            return mask;
        }

        /// <summary>A schema with the same content; dispose of it.</summary>
        /// <returns>The copy.</returns>
        public Schema Clone() => Snapshot().ToSchema();

        /// <summary>Destroys the schema; what was made from it remains valid.</summary>
        public void Dispose() => _handle.Dispose();
    }
}
