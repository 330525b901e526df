#nullable enable
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace Casd
{
    /// <summary>
    /// Named samples with splits, in memory: from HDF5, CSV or .ts files, synthetic, or built from batches.
    /// Used by one thread at a time.
    /// </summary>
    public sealed unsafe class Dataset : IDisposable
    {
        private readonly DatasetHandle _handle;

        /// <summary>Creates an empty dataset, to be filled with <see cref="Add"/>.</summary>
        /// <param name="schema">Complete: modalities and outputs; copied.</param>
        /// <exception cref="CasdException">The schema is not complete.</exception>
        public Dataset(Schema schema)
        {
            if (schema == null)
                throw new ArgumentNullException(nameof(schema));
            NativeMethods.casd_dataset_create(out _handle, schema.Handle);
        }

        private Dataset(DatasetHandle handle)
        {
            _handle = handle;
        }

        internal DatasetHandle Handle
        {
            get
            {
                _handle.ThrowIfClosed(nameof(Dataset));
                return _handle;
            }
        }

        /// <summary>
        /// Opens a file: HDF5, CSV or .ts (UEA archive), told apart by content. Open HDF5 files only from
        /// trusted sources.
        /// </summary>
        /// <param name="path">The file.</param>
        /// <param name="task">
        /// null: as the file says. Else e.g. "regression", "classes:negative,positive" or
        /// "multilabel:happy,sad".
        /// </param>
        /// <returns>The dataset.</returns>
        /// <exception cref="CasdException">
        /// The task does not fit the labels; <see cref="Status.IO"/>; <see cref="Status.Format"/> (the
        /// message has the line or the path within the file); <see cref="Status.Unavailable"/>: the
        /// plug-in libcasd_hdf5 is missing.
        /// </exception>
        /// <exception cref="CasdLoadException">The native library cannot be loaded.</exception>
        public static Dataset Open(string path, string? task = null)
        {
            if (path == null)
                throw new ArgumentNullException(nameof(path));
            NativeLoader.EnsureLoaded();
            NativeMethods.casd_dataset_open(out DatasetHandle handle, path, task);
            return new Dataset(handle);
        }

        /// <summary>
        /// Opens a file and chooses what it does not say: the split of its samples, and the modalities of
        /// a .ts file.
        /// </summary>
        /// <param name="path">The file.</param>
        /// <param name="task">As for <see cref="Open(string, string)"/>.</param>
        /// <param name="split">
        /// null: the file's own. Else the dataset has this split only: that of the file with this name, or
        /// the file's only one, renamed.
        /// </param>
        /// <param name="modalities">
        /// null: the file's own. For a .ts file its channels by number and range, e.g.
        /// "accelerometer=0-2,gyroscope=3,5".
        /// </param>
        /// <returns>The dataset.</returns>
        /// <exception cref="CasdException">
        /// As <see cref="Open(string, string)"/>; the modalities do not fit the file;
        /// <see cref="Status.NotFound"/>: the file has several splits, but not this one.
        /// </exception>
        /// <exception cref="CasdLoadException">The native library cannot be loaded.</exception>
        public static Dataset Open(string path, string? task, string? split, string? modalities)
        {
            if (path == null)
                throw new ArgumentNullException(nameof(path));
            NativeLoader.EnsureLoaded();
            NativeMethods.casd_dataset_open_as(out DatasetHandle handle, path, task, split, modalities);
            return new Dataset(handle);
        }

        /// <summary>Reads CSV or .ts from text.</summary>
        /// <param name="csv">The text.</param>
        /// <param name="name">Names the text in messages, as a path would.</param>
        /// <param name="task">As for <see cref="Open(string, string)"/>.</param>
        /// <returns>The dataset.</returns>
        /// <exception cref="CasdException">As <see cref="Open(string, string)"/>, without Status.IO.</exception>
        public static Dataset Parse(string csv, string name = "text", string? task = null)
        {
            if (csv == null)
                throw new ArgumentNullException(nameof(csv));
            return Load(Encoding.UTF8.GetBytes(csv), name, task);
        }

        /// <summary>Reads CSV or .ts from memory. The bytes are copied.</summary>
        /// <param name="data">UTF-8.</param>
        /// <param name="name">Names the text in messages, as a path would.</param>
        /// <param name="task">As for <see cref="Open(string, string)"/>.</param>
        /// <returns>The dataset.</returns>
        /// <exception cref="CasdException">As <see cref="Open(string, string)"/>, without Status.IO.</exception>
        public static Dataset Load(byte[] data, string name = "memory", string? task = null)
        {
            if (data == null)
                throw new ArgumentNullException(nameof(data));
            NativeLoader.EnsureLoaded();
            byte none = 0;
            fixed (byte* first = data)
            {
                NativeMethods.casd_dataset_load_memory(out DatasetHandle handle,
                                                       first == null ? &none : first,
                                                       (UIntPtr)data.Length, name, task);
                return new Dataset(handle);
            }
        }

        /// <summary>Makes a synthetic dataset; the same options give the same bits.</summary>
        /// <param name="options">null: the defaults.</param>
        /// <returns>The dataset, with splits <c>train</c>, <c>valid</c> and <c>test</c>.</returns>
        /// <exception cref="CasdException">An option is out of range.</exception>
        /// <exception cref="CasdLoadException">The native library cannot be loaded.</exception>
        public static Dataset Synthetic(SyntheticOptions? options = null)
        {
            options ??= new SyntheticOptions();
            NativeMethods.casd_dataset_create_synthetic(out DatasetHandle handle, ref options.Data);
            return new Dataset(handle);
        }

        /// <summary>The names of the splits.</summary>
        public IReadOnlyList<string> Splits
        {
            get
            {
                using var held = Handle.Hold();
                var names = new string[NativeMethods.casd_dataset_split_count(_handle)];
                for (int i = 0; i < names.Length; ++i)
                    names[i] = NativeText.FromUtf8(NativeMethods.casd_dataset_split_name(_handle, i)) ?? "";
                return names;
            }
        }

        /// <summary>A copy of the dataset's schema; dispose of it.</summary>
        /// <returns>The schema.</returns>
        public Schema GetSchema()
        {
            NativeMethods.casd_dataset_schema(out SchemaHandle schema, Handle);
            return new Schema(schema);
        }

        /// <summary>The number of samples in a split.</summary>
        /// <param name="split">Name of the split.</param>
        /// <returns>The number of samples.</returns>
        /// <exception cref="CasdException"><see cref="Status.NotFound"/>: there is no such split.</exception>
        public long Size(string split)
        {
            long size = NativeMethods.casd_dataset_size(Handle, split);
            if (size < 0) // Fails with the library's message.
                NativeMethods.casd_dataset_target_count(out _, Handle, split, -1);
            return size;
        }

        /// <summary>Appends copies of a batch's samples to a split.</summary>
        /// <param name="split">1 to 64 bytes of UTF-8; a new one is made.</param>
        /// <param name="batch">Task and outputs of the dataset; modalities are matched by name.</param>
        /// <exception cref="CasdException">The batch does not fit. The dataset is unchanged then.</exception>
        public void Add(string split, Batch batch)
        {
            if (batch == null)
                throw new ArgumentNullException(nameof(batch));
            NativeMethods.casd_dataset_add(Handle, split, batch.Handle);
        }

        /// <summary>
        /// Appends copies of a file's samples, e.g. those to test with. Task and modalities are those of the
        /// dataset.
        /// </summary>
        /// <param name="path">The file.</param>
        /// <param name="split">
        /// As for <see cref="Open(string, string, string, string)"/>; a split that exists gets more samples.
        /// </param>
        /// <exception cref="CasdException">
        /// As <see cref="Open(string, string, string, string)"/>; outputs or modalities do not match. The
        /// dataset is unchanged then.
        /// </exception>
        public void AddFile(string path, string? split = null)
        {
            if (path == null)
                throw new ArgumentNullException(nameof(path));
            NativeMethods.casd_dataset_add_file(Handle, path, split);
        }

        /// <summary>
        /// Moves a part of a split to another split: about that share of each class, whole groups
        /// together. The same data, share and seed give the same choice.
        /// </summary>
        /// <param name="from">Name of a split.</param>
        /// <param name="to">Name of a split that is empty or does not exist.</param>
        /// <param name="share">Above 0 and below 1.</param>
        /// <param name="seed">Any number.</param>
        /// <exception cref="CasdException">
        /// A name or the share is not allowed, or nothing can move. The dataset is unchanged then.
        /// </exception>
        public void HoldOut(string from, string to, double share, ulong seed = 0) =>
            NativeMethods.casd_dataset_hold_out(Handle, from, to, share, seed);

        /// <summary>Copies samples into a batch, after what is in it.</summary>
        /// <param name="batch">Task and outputs of the dataset, and all its modalities.</param>
        /// <param name="split">Name of the split.</param>
        /// <param name="indices">Which samples.</param>
        /// <exception cref="CasdException">
        /// There is no such split or sample, or the batch does not fit. Nothing is added then.
        /// </exception>
        public void Read(Batch batch, string split, long[] indices)
        {
            if (batch == null)
                throw new ArgumentNullException(nameof(batch));
            if (indices == null)
                throw new ArgumentNullException(nameof(indices));
            if (indices.Length == 0) // NULL would mean the first samples.
            {
                Size(split);
                return;
            }
            fixed (long* first = indices)
                NativeMethods.casd_dataset_read(batch.Handle, Handle, split, first,
                                                (UIntPtr)indices.Length);
        }

        /// <summary>Copies the first samples of a split into a batch, after what is in it.</summary>
        /// <param name="batch">Task and outputs of the dataset, and all its modalities.</param>
        /// <param name="split">Name of the split.</param>
        /// <param name="count">How many.</param>
        /// <exception cref="CasdException">As the call with indices.</exception>
        public void Read(Batch batch, string split, long count)
        {
            if (batch == null)
                throw new ArgumentNullException(nameof(batch));
            if (count < 0)
                throw new ArgumentOutOfRangeException(nameof(count));
            NativeMethods.casd_dataset_read(batch.Handle, Handle, split, null, (UIntPtr)(ulong)count);
        }

        /// <summary>A new batch with all samples of a split; dispose of it.</summary>
        /// <param name="split">Name of the split.</param>
        /// <returns>The batch.</returns>
        /// <exception cref="CasdException"><see cref="Status.NotFound"/>: there is no such split.</exception>
        public Batch ReadAll(string split)
        {
            using Schema schema = GetSchema();
            var batch = new Batch(schema);
            try
            {
                Read(batch, split, Size(split));
                return batch;
            }
            catch
            {
                batch.Dispose();
                throw;
            }
        }

        /// <summary>The name of a sample: what the CSV's column <c>sample</c> has, else its number.</summary>
        /// <param name="split">Name of the split.</param>
        /// <param name="sample">Index of the sample.</param>
        /// <returns>The name; null if there is no such sample.</returns>
        public string? SampleName(string split, long sample)
        {
            using var held = Handle.Hold();
            return NativeText.FromUtf8(NativeMethods.casd_dataset_sample_name(_handle, split, sample));
        }

        /// <summary>The group of a sample.</summary>
        /// <param name="split">Name of the split.</param>
        /// <param name="sample">Index of the sample.</param>
        /// <returns>The group, empty if it has none; null if there is no such sample.</returns>
        public string? GroupName(string split, long sample)
        {
            using var held = Handle.Hold();
            return NativeText.FromUtf8(NativeMethods.casd_dataset_group_name(_handle, split, sample));
        }

        /// <summary>The number of samples with a target for which an output is true.</summary>
        /// <param name="split">Name of the split.</param>
        /// <param name="output">Index of an output; -1: all samples with a target.</param>
        /// <returns>The number of samples.</returns>
        /// <exception cref="CasdException">There is no such split or output.</exception>
        public long TargetCount(string split, int output = -1)
        {
            NativeMethods.casd_dataset_target_count(out long count, Handle, split, output);
            return count;
        }

        /// <summary>The number of samples that have at least one of some modalities.</summary>
        /// <param name="split">Name of the split.</param>
        /// <param name="mask">Modalities of the dataset's schema.</param>
        /// <returns>The number of samples.</returns>
        /// <exception cref="CasdException">
        /// There is no such split, or the mask is empty or beyond the schema.
        /// </exception>
        public long ModalityCount(string split, ModalityMask mask)
        {
            NativeMethods.casd_dataset_modality_count(out long count, Handle, split, mask.Bits);
            return count;
        }

        /// <summary>How noisy a synthetic sample truly is in one modality.</summary>
        /// <param name="split">Name of the split.</param>
        /// <param name="sample">Index of the sample.</param>
        /// <param name="modality">Index of the modality.</param>
        /// <returns>The noise's strength; NaN for a missing modality.</returns>
        /// <exception cref="CasdException">
        /// There is no such split, sample or modality; <see cref="Status.State"/>: the dataset is not
        /// synthetic.
        /// </exception>
        public double Noise(string split, long sample, int modality)
        {
            NativeMethods.casd_dataset_noise(out double noise, Handle, split, sample, modality);
            return noise;
        }

        /// <summary>Destroys the dataset.</summary>
        public void Dispose() => _handle.Dispose();
    }
}
