#nullable enable
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Casd
{
    /// <summary>
    /// A network with its weights, normaliser and calibration. It never changes and may be shared by
    /// all threads; training makes a new one.
    /// </summary>
    public sealed unsafe class Model : IDisposable
    {
        private readonly ModelHandle _handle;

        /// <summary>Creates a model with random weights. The same seed gives the same weights.</summary>
        /// <param name="schema">At least one modality and one output (classes: two).</param>
        /// <param name="options">null: the defaults.</param>
        /// <exception cref="CasdException">
        /// The schema is not complete, or an option is out of range.
        /// </exception>
        public Model(Schema schema, ModelOptions? options = null)
        {
            if (schema == null)
                throw new ArgumentNullException(nameof(schema));
            NativeMethods.casd_model_create(out _handle, schema.Handle,
                                            ref (options ?? new ModelOptions()).Data);
        }

        internal Model(ModelHandle handle)
        {
            _handle = handle;
        }

        internal ModelHandle Handle
        {
            get
            {
                _handle.ThrowIfClosed(nameof(Model));
                return _handle;
            }
        }

        /// <summary>Loads a model file.</summary>
        /// <param name="path">The file.</param>
        /// <returns>The model.</returns>
        /// <exception cref="CasdException">
        /// <see cref="Status.IO"/>: it cannot be read; <see cref="Status.Format"/>: it is truncated,
        /// damaged or no model; <see cref="Status.Version"/>: it needs a newer library.
        /// </exception>
        /// <exception cref="CasdLoadException">The native library cannot be loaded.</exception>
        public static Model Load(string path)
        {
            if (path == null)
                throw new ArgumentNullException(nameof(path));
            NativeLoader.EnsureLoaded();
            NativeMethods.casd_model_load(out ModelHandle handle, path);
            return new Model(handle);
        }

        /// <summary>Loads a model from memory, such as a game's asset. The bytes are copied.</summary>
        /// <param name="data">The bytes of a model file.</param>
        /// <returns>The model.</returns>
        /// <exception cref="CasdException">As <see cref="Load(string)"/>, without Status.IO.</exception>
        public static Model Load(byte[] data)
        {
            if (data == null)
                throw new ArgumentNullException(nameof(data));
            fixed (byte* first = data)
                return Load(first, data.Length);
        }

#if NETSTANDARD2_1
        /// <summary>Loads a model from memory. The bytes are copied.</summary>
        /// <param name="data">The bytes of a model file.</param>
        /// <returns>The model.</returns>
        /// <exception cref="CasdException">As <see cref="Load(string)"/>, without Status.IO.</exception>
        public static Model Load(ReadOnlySpan<byte> data)
        {
            fixed (byte* first = &MemoryMarshal.GetReference(data))
                return Load(first, data.Length);
        }
#endif

        private static Model Load(byte* data, int size)
        {
            NativeLoader.EnsureLoaded();
            byte none = 0;
            NativeMethods.casd_model_load_memory(out ModelHandle handle, data == null ? &none : data,
                                                 (UIntPtr)size);
            return new Model(handle);
        }

        /// <summary>The number of learned parameters; the normaliser is not counted.</summary>
        public long ParameterCount => NativeMethods.casd_model_parameter_count(Handle);

        /// <summary>
        /// Everything about the model but its weights, as a JSON object with the keys <c>schema</c>,
        /// <c>options</c>, <c>calibration</c>, <c>user</c>, <c>parameters</c> and <c>trained</c>.
        /// </summary>
        public string Info
        {
            get
            {
                using var held = Handle.Hold();
                return NativeText.FromUtf8(NativeMethods.casd_model_info(_handle)) ?? "";
            }
        }

        /// <summary>The values beside the weights, by key.</summary>
        public IReadOnlyDictionary<string, string> UserValues
        {
            get
            {
                using var held = Handle.Hold();
                var values = new Dictionary<string, string>();
                int count = NativeMethods.casd_model_user_count(_handle);
                for (int i = 0; i < count; ++i)
                {
                    string key = NativeText.FromUtf8(NativeMethods.casd_model_user_key(_handle, i)) ?? "";
                    values[key] = UserValue(key) ?? "";
                }
                return values;
            }
        }

        /// <summary>A copy of the model's schema; dispose of it.</summary>
        /// <returns>The schema.</returns>
        public Schema GetSchema()
        {
            NativeMethods.casd_model_schema(out SchemaHandle schema, Handle);
            return new Schema(schema);
        }

        /// <summary>The model's sizes and rules; the seed is 0, as it is not kept.</summary>
        /// <returns>A copy.</returns>
        public ModelOptions GetOptions()
        {
            var options = new ModelOptions();
            NativeMethods.casd_model_get_options(ref options.Data, Handle);
            return options;
        }

        /// <summary>
        /// Saves the model; the path holds either the old or the new file at every moment. A loaded
        /// model saves to the same bytes.
        /// </summary>
        /// <param name="path">The file.</param>
        /// <exception cref="CasdException"><see cref="Status.IO"/>: it cannot be written.</exception>
        public void Save(string path) => NativeMethods.casd_model_save(Handle, path);

        /// <summary>The bytes that <see cref="Save"/> would write.</summary>
        /// <returns>The bytes of a model file.</returns>
        public byte[] ToBytes()
        {
            ModelHandle handle = Handle;
            NativeMethods.casd_model_save_memory(null, UIntPtr.Zero, out UIntPtr needed, handle);
            var bytes = new byte[checked((int)needed)];
            fixed (byte* buffer = bytes)
                NativeMethods.casd_model_save_memory(buffer, needed, out _, handle);
            return bytes;
        }

        /// <summary>The temperature that divides the logits for a set of modalities.</summary>
        /// <param name="mask">Some of the schema's modalities.</param>
        /// <returns>The temperature; 1 where none was fitted.</returns>
        /// <exception cref="CasdException">The mask is empty or beyond the schema.</exception>
        public double Temperature(ModalityMask mask)
        {
            NativeMethods.casd_model_temperature(out double temperature, Handle, mask.Bits);
            return temperature;
        }

        /// <summary>A value beside the weights, such as the feature extractor's version.</summary>
        /// <param name="key">Begins with "user.".</param>
        /// <returns>The value; null if there is none.</returns>
        public string? UserValue(string key)
        {
            using var held = Handle.Hold();
            return NativeText.FromUtf8(NativeMethods.casd_model_user_value(_handle, key));
        }

        /// <summary>
        /// A model with the same network, calibrated on a split of a dataset: trust in each modality,
        /// contributions of the linear maps, temperatures, and the tables behind prediction sets, intervals
        /// and error rates. For data of another source than the training data.
        /// </summary>
        /// <param name="dataset">Task and outputs of the model; modalities are matched by name.</param>
        /// <param name="split">
        /// With held-out samples, which are new to the model; null: "valid" if it has samples, else the only
        /// split.
        /// </param>
        /// <param name="fitMaps">
        /// Whether linear maps and input guard are also fitted again, on split "train". Maps that were never
        /// fitted are fitted in both cases if there is a split "train".
        /// </param>
        /// <param name="balanceClasses">Whether the maps weigh classes by N / (K N_k), or equally.</param>
        /// <param name="threads">1 to 256; does not change the result.</param>
        /// <returns>The new model.</returns>
        /// <exception cref="CasdException">
        /// <see cref="Status.State"/>: this model was never trained; <see cref="Status.NotFound"/>: there is no
        /// such split; <see cref="Status.InvalidArgument"/>: the dataset does not fit or has no usable sample;
        /// <see cref="Status.Numeric"/>: no sample has a finite prediction.
        /// </exception>
        public Model Calibrate(Dataset dataset, string? split = null, bool fitMaps = false,
                               bool balanceClasses = true, int threads = 1)
        {
            if (dataset == null)
                throw new ArgumentNullException(nameof(dataset));
            var options = new CalibrateOptionsData();
            NativeMethods.casd_calibrate_options_init(ref options,
                                                      (UIntPtr)Marshal.SizeOf<CalibrateOptionsData>());
            options.fit_maps = fitMaps ? 1 : 0;
            options.balance_classes = balanceClasses ? 1 : 0;
            options.threads = threads;
            NativeMethods.casd_model_calibrate(out ModelHandle result, Handle, dataset.Handle, split,
                                               ref options, IntPtr.Zero, IntPtr.Zero);
            return new Model(result);
        }

        /// <summary>
        /// <see cref="Calibrate"/> on another thread. The dataset must not be changed meanwhile.
        /// </summary>
        /// <param name="dataset">Task and outputs of the model; modalities are matched by name.</param>
        /// <param name="split">With held-out samples; null: as <see cref="Calibrate"/>.</param>
        /// <param name="fitMaps">Whether linear maps and input guard are also fitted again.</param>
        /// <param name="balanceClasses">Whether the maps weigh classes by N / (K N_k), or equally.</param>
        /// <param name="threads">1 to 256; does not change the result.</param>
        /// <returns>The new model.</returns>
        /// <exception cref="CasdException">As <see cref="Calibrate"/>, from the task.</exception>
        public System.Threading.Tasks.Task<Model> CalibrateAsync(Dataset dataset, string? split = null,
                                                                 bool fitMaps = false,
                                                                 bool balanceClasses = true,
                                                                 int threads = 1) =>
            System.Threading.Tasks.Task.Factory.StartNew(
                () => Calibrate(dataset, split, fitMaps, balanceClasses, threads), default,
                System.Threading.Tasks.TaskCreationOptions.LongRunning,
                System.Threading.Tasks.TaskScheduler.Default);

        /// <summary>A model that differs by one value; it shares the weights.</summary>
        /// <param name="key">Begins with "user.", at most 256 bytes.</param>
        /// <param name="value">At most 65536 bytes; null removes the key.</param>
        /// <returns>The new model.</returns>
        /// <exception cref="CasdException">The key has another prefix, or a text is too long.</exception>
        public Model WithUserValue(string key, string? value)
        {
            NativeMethods.casd_model_with_user_value(out ModelHandle result, Handle, key, value);
            return new Model(result);
        }

        /// <summary>Destroys the model; objects created from it remain valid.</summary>
        public void Dispose() => _handle.Dispose();
    }
}
