#nullable enable
using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Casd
{
    /// <summary>
    /// Trains a model: a teacher on complete input, a student on corrupted input, calibration. Needs the
    /// plug-in libcasd_torch. Used by one thread at a time, except <see cref="Cancel"/> and
    /// <see cref="Progress"/>.
    /// </summary>
    public sealed class Trainer : IDisposable
    {
        private const int PollMilliseconds = 50;

        private readonly TrainerHandle _handle;
        private readonly object _gate = new object();
        private bool _running;
        private bool _requested; // Cancel() was called and not obeyed yet.
        private bool _stale;     // The request that the library still has belongs to a call that is over.

        /// <summary>Creates a trainer that starts from a model: fresh, or trained before.</summary>
        /// <param name="model">Schema, sizes, rules and initial weights.</param>
        /// <param name="options">null: the defaults.</param>
        /// <exception cref="CasdException">
        /// An option is out of range; <see cref="Status.Unavailable"/>: the plug-in or the device is
        /// missing (the message names each path tried).
        /// </exception>
        public Trainer(Model model, TrainerOptions? options = null)
        {
            if (model == null)
                throw new ArgumentNullException(nameof(model));
            NativeMethods.casd_trainer_create(out _handle, model.Handle,
                                              ref (options ?? new TrainerOptions()).Data);
        }

        private Trainer(TrainerHandle handle)
        {
            _handle = handle;
        }

        private TrainerHandle Handle
        {
            get
            {
                _handle.ThrowIfClosed(nameof(Trainer));
                return _handle;
            }
        }

        // For everything that must not run while another thread trains.
        private TrainerHandle Idle
        {
            get
            {
                lock (_gate)
                    if (_running)
                        throw new InvalidOperationException("the trainer is in use: a training is running");
                return Handle;
            }
        }

        /// <summary>
        /// Makes a trainer from a checkpoint, with the options that it was saved with. Resumed with the
        /// same dataset it ends in the same bits as if it had never stopped.
        /// </summary>
        /// <param name="path">The checkpoint.</param>
        /// <returns>The trainer.</returns>
        /// <exception cref="CasdException">
        /// <see cref="Status.IO"/>, <see cref="Status.Format"/>, <see cref="Status.Version"/> or
        /// <see cref="Status.Unavailable"/>.
        /// </exception>
        /// <exception cref="CasdLoadException">The native library cannot be loaded.</exception>
        public static Trainer Load(string path)
        {
            if (path == null)
                throw new ArgumentNullException(nameof(path));
            NativeLoader.EnsureLoaded();
            NativeMethods.casd_trainer_load(out TrainerHandle handle, path);
            return new Trainer(handle);
        }

        /// <summary>
        /// Makes a trainer from a checkpoint with another engine than the one that saved it.
        /// </summary>
        /// <param name="path">The checkpoint.</param>
        /// <param name="engine">Becomes the option <see cref="TrainerOptions.Engine"/>.</param>
        /// <returns>The trainer.</returns>
        /// <exception cref="CasdException">As <see cref="Load(string)"/>.</exception>
        public static Trainer Load(string path, EngineChoice engine)
        {
            if (path == null)
                throw new ArgumentNullException(nameof(path));
            NativeLoader.EnsureLoaded();
            NativeMethods.casd_trainer_load_on(out TrainerHandle handle, path, (int)engine);
            return new Trainer(handle);
        }

        /// <summary>The present phase.</summary>
        public TrainingPhase Phase => (TrainingPhase)NativeMethods.casd_trainer_phase(Handle);

        /// <summary>The pooling that the training began with: Auto also when it is decided. The options of a
        /// snapshot name the one in use.</summary>
        public Pooling Pooling => (Pooling)NativeMethods.casd_trainer_pooling(Handle);

        /// <summary>How far the training is. Any thread, while another one trains.</summary>
        public TrainProgress Progress => TrainProgress.Read(Handle);

        /// <summary>
        /// The options that the trainer was made with; each auto is replaced by its number as soon as
        /// the trainer has seen its dataset.
        /// </summary>
        /// <returns>A copy.</returns>
        public TrainerOptions GetOptions()
        {
            var options = new TrainerOptions();
            NativeMethods.casd_trainer_get_options(ref options.Data, Idle);
            return options;
        }

        /// <summary>
        /// A number of the last epoch, or of the finished model, measured on split <c>valid</c> or what is
        /// held out.
        /// </summary>
        /// <param name="quantity">Which one.</param>
        /// <param name="mask">One modality, or the modalities of a condition.</param>
        /// <returns>NaN before the first epoch, and if no sample has the modalities.</returns>
        /// <exception cref="CasdException">
        /// The mask is empty, beyond the schema, or not one modality where one is needed;
        /// <see cref="Status.NotFound"/>: it is not a condition.
        /// </exception>
        public double MonitorValue(TrainQuantity quantity, ModalityMask mask)
        {
            NativeMethods.casd_trainer_monitor_value(out double value, Idle, (int)quantity, mask.Bits);
            return value;
        }

        /// <summary>
        /// Remarks on the finished training, or of the last calibration: what was seen and what to do.
        /// </summary>
        /// <returns>A copy; empty before.</returns>
        public IReadOnlyList<string> GetRemarks()
        {
            using var held = Idle.Hold();
            var remarks = new List<string>();
            while (NativeText.FromUtf8(NativeMethods.casd_trainer_remark(_handle, remarks.Count)) is string text)
                remarks.Add(text);
            return remarks;
        }

        /// <summary>
        /// Fits the normaliser, the targets' scale and the class weights on split <c>train</c>. A model
        /// that was trained before keeps its own normaliser and targets' scale.
        /// </summary>
        /// <param name="dataset">Task and outputs of the model; modalities are matched by name.</param>
        /// <exception cref="CasdException">
        /// The dataset does not fit; <see cref="Status.State"/>: after a <see cref="Step"/>.
        /// </exception>
        public void Prepare(Dataset dataset) =>
            NativeMethods.casd_trainer_prepare(Idle, Required(dataset).Handle);

        /// <summary><see cref="Prepare(Dataset)"/> on the caller's samples.</summary>
        /// <param name="batch">As large as the training data, or a fair draw from it.</param>
        /// <exception cref="CasdException">
        /// The batch does not fit; <see cref="Status.State"/>: after the first step.
        /// </exception>
        public void Prepare(Batch batch) =>
            NativeMethods.casd_trainer_prepare_batch(Idle, Required(batch).Handle);

        /// <summary>Chooses what <see cref="Step"/> does.</summary>
        /// <param name="phase">Teacher or student.</param>
        /// <exception cref="CasdException"><see cref="Status.State"/>: for going back.</exception>
        public void SetPhase(TrainingPhase phase) =>
            NativeMethods.casd_trainer_set_phase(Idle, (int)phase);

        /// <summary>Names the teacher of the student's phase.</summary>
        /// <param name="model">Same modalities, task, outputs, hidden size and normaliser.</param>
        /// <exception cref="CasdException">
        /// It does not fit; <see cref="Status.State"/>: the student's phase has begun, or the options
        /// have no teacher.
        /// </exception>
        public void SetTeacher(Model model) =>
            NativeMethods.casd_trainer_set_teacher(Idle, Required(model).Handle);

        /// <summary>One step on the caller's batch.</summary>
        /// <param name="batch">At least one sample, each with a modality.</param>
        /// <returns>What it came to.</returns>
        /// <exception cref="CasdException">
        /// The batch does not fit; <see cref="Status.State"/>: the trainer is not prepared, or training
        /// is over; <see cref="Status.Numeric"/>: the loss is not finite (the weights are as before).
        /// </exception>
        public TrainStats Step(Batch batch)
        {
            var stats = new TrainStats();
            NativeMethods.casd_train_step(ref stats.Data, Idle, Required(batch).Handle);
            return stats;
        }

        /// <summary>
        /// One epoch of the present phase on split <c>train</c>, scored on split <c>valid</c>. Goes from
        /// phase to phase and ends with the calibration; <see cref="Fit"/> is this in a loop.
        /// </summary>
        /// <param name="dataset">Always the same one.</param>
        /// <param name="cancellation">Stops after the present step; a further call continues there.</param>
        /// <returns>The epoch's means.</returns>
        /// <exception cref="OperationCanceledException">It was cancelled.</exception>
        /// <exception cref="CasdException">As <see cref="Fit"/>.</exception>
        public TrainStats Epoch(Dataset dataset, CancellationToken cancellation = default)
        {
            Required(dataset);
            var stats = new TrainStats();
            Run(null, cancellation, trainer => NativeMethods.casd_trainer_epoch(
                    ref stats.Data, trainer, dataset.Handle));
            return stats;
        }

        /// <summary>
        /// Trains to the end on the calling thread: teacher, student, calibration. A trainer that was
        /// cancelled or resumed continues where it was.
        /// </summary>
        /// <param name="dataset">Splits <c>train</c> and <c>valid</c>.</param>
        /// <param name="checkpoint">
        /// A file that is written after every epoch and on cancellation; null: none.
        /// </param>
        /// <param name="progress">
        /// Receives the state about twenty times a second while it changes, on another thread than the
        /// caller's, and once at the end on the caller's.
        /// </param>
        /// <param name="cancellation">Stops after the present step.</param>
        /// <exception cref="OperationCanceledException">It was cancelled.</exception>
        /// <exception cref="AggregateException">
        /// <paramref name="progress"/> failed, which cancels the training.
        /// </exception>
        /// <exception cref="InvalidOperationException">A training is running already.</exception>
        /// <exception cref="CasdException">
        /// The dataset does not fit or is another one than before; <see cref="Status.State"/>: training
        /// is over; <see cref="Status.Numeric"/>: the loss is not finite; <see cref="Status.IO"/>: the
        /// checkpoint cannot be written.
        /// </exception>
        public void Fit(Dataset dataset, string? checkpoint = null,
                        IProgress<TrainProgress>? progress = null,
                        CancellationToken cancellation = default)
        {
            Required(dataset);
            Run(progress, cancellation, trainer => NativeMethods.casd_trainer_fit(
                    trainer, dataset.Handle, checkpoint, IntPtr.Zero, IntPtr.Zero));
        }

        /// <summary>
        /// <see cref="Fit"/> on a thread of its own. Neither the trainer nor the dataset may be used
        /// meanwhile, except <see cref="Cancel"/> and <see cref="Progress"/>.
        /// </summary>
        /// <param name="dataset">Splits <c>train</c> and <c>valid</c>.</param>
        /// <param name="checkpoint">A file that is written after every epoch; null: none.</param>
        /// <param name="progress">Receives the state, on any thread.</param>
        /// <param name="cancellation">Stops after the present step.</param>
        /// <returns>Ends with the training; fails and is cancelled as <see cref="Fit"/>.</returns>
        public Task FitAsync(Dataset dataset, string? checkpoint = null,
                             IProgress<TrainProgress>? progress = null,
                             CancellationToken cancellation = default)
        {
            Required(dataset);
            return Task.Factory.StartNew(() => Fit(dataset, checkpoint, progress, cancellation),
                                         cancellation, TaskCreationOptions.LongRunning,
                                         TaskScheduler.Default);
        }

        /// <summary>
        /// Asks a running <see cref="Fit"/> or <see cref="Epoch"/> to stop after the present step. Any
        /// thread. No effect where none is running.
        /// </summary>
        public void Cancel()
        {
            lock (_gate)
            {
                if (!_running)
                    return;
                _requested = true;
                NativeMethods.casd_trainer_cancel(_handle);
            }
        }

        /// <summary>
        /// Fits temperatures for the present weights on samples that were not trained on. The next step
        /// or epoch drops them.
        /// </summary>
        /// <param name="heldOut">Matched as in <see cref="Step"/>.</param>
        /// <param name="train">
        /// The samples that the model was trained on, for the linear maps; null keeps these maps.
        /// </param>
        /// <exception cref="CasdException">
        /// The batch does not fit or has no sample with a label; <see cref="Status.State"/>: the model
        /// was never trained.
        /// </exception>
        public void Calibrate(Batch heldOut, Batch? train = null) =>
            NativeMethods.casd_trainer_calibrate(Idle, train?.Handle ?? new BatchHandle(),
                                                 Required(heldOut).Handle);

        /// <summary>
        /// A model of the present weights; after the training that of the best epoch, calibrated.
        /// </summary>
        /// <returns>The model; dispose of it.</returns>
        public Model Snapshot()
        {
            NativeMethods.casd_trainer_snapshot(out ModelHandle model, Idle);
            return new Model(model);
        }

        /// <summary>
        /// Saves everything needed to go on to the same bits. The path holds either the old or the new
        /// checkpoint at every moment.
        /// </summary>
        /// <param name="path">The checkpoint.</param>
        /// <exception cref="CasdException"><see cref="Status.IO"/>: it cannot be written.</exception>
        public void Save(string path) => NativeMethods.casd_trainer_save(Idle, path);

        /// <summary>
        /// Closes the trainer. A training that is running ends normally; it is destroyed after that.
        /// </summary>
        public void Dispose() => _handle.Dispose();

        private void Run(IProgress<TrainProgress>? progress, CancellationToken cancellation,
                         Action<TrainerHandle> train)
        {
            cancellation.ThrowIfCancellationRequested();
            TrainerHandle handle = Handle;
            using var held = handle.Hold();
            lock (_gate)
            {
                if (_running)
                    throw new InvalidOperationException("the trainer is in use: a training is running");
                _running = true;
            }
            try
            {
                using (cancellation.Register(state => ((Trainer)state!).Cancel(), this))
                using (new Reporter(this, progress))
                    TrainOnce(handle, train);
                progress?.Report(TrainProgress.Read(handle));
            }
            catch (CasdException error) when (error.Status == Status.Cancelled)
            {
                throw new OperationCanceledException(error.Message, error, cancellation);
            }
            finally
            {
                lock (_gate)
                {
                    _running = false;
                    _stale |= _requested;
                    _requested = false;
                }
            }
        }

        /// <summary>
        /// Trains. The library keeps a request to cancel until it is obeyed; one that came too late for
        /// the call before must not stop this one.
        /// </summary>
        private void TrainOnce(TrainerHandle handle, Action<TrainerHandle> train)
        {
            for (;;)
            {
                try
                {
                    train(handle);
                    return;
                }
                catch (CasdException error) when (error.Status == Status.Cancelled)
                {
                    lock (_gate)
                    {
                        bool own = _requested || !_stale;
                        _requested = _stale = false;
                        if (own)
                            throw;
                    }
                }
            }
        }

        private static T Required<T>(T? argument) where T : class =>
            argument ?? throw new ArgumentNullException(typeof(T).Name.ToLowerInvariant());

        /// <summary>Polls the trainer on a thread of its own and reports what has changed.</summary>
        private sealed class Reporter : IDisposable
        {
            private readonly Trainer _trainer;
            private readonly IProgress<TrainProgress>? _progress;
            private readonly ManualResetEventSlim _end = new ManualResetEventSlim();
            private readonly Thread? _thread;
            private Exception? _failure;

            internal Reporter(Trainer trainer, IProgress<TrainProgress>? progress)
            {
                _trainer = trainer;
                _progress = progress;
                if (progress == null)
                    return;
                _thread = new Thread(Poll) { IsBackground = true, Name = "casd progress" };
                _thread.Start();
            }

            public void Dispose()
            {
                _end.Set();
                _thread?.Join();
                _end.Dispose();
                if (_failure != null)
                    throw new AggregateException("a progress handler failed", _failure);
            }

            private void Poll()
            {
                (TrainingPhase, int, long) last = default;
                while (!_end.Wait(PollMilliseconds))
                {
                    try
                    {
                        TrainProgress now = TrainProgress.Read(_trainer._handle);
                        var position = (now.Phase, now.Epoch, now.Step);
                        if (now.Steps == 0 || position.Equals(last))
                            continue;
                        last = position;
                        _progress!.Report(now);
                    }
                    catch (Exception error)
                    {
                        // Ends the training; its caller receives the exception.
                        _failure = error;
                        _trainer.Cancel();
                        return;
                    }
                }
            }
        }
    }
}
