package org.casd;

import java.util.List;

/**
 * How to train. The ranges are checked by {@link Trainer#create(Model, TrainerOptions)}.
 *
 * <p>The descriptions give the default of the recipe {@link Recipe#GROUNDED}, then that of {@link
 * Recipe#PAPER} where it differs, then the range. "Auto" adapts the schedule to the number of
 * samples
 * of split {@code train}; {@link #resolve(Dataset)} gives the numbers.
 *
 * <p>Belongs to one thread at a time.
 */
public final class TrainerOptions extends OptionStruct<TrainerOptions> {
  /** Creates the defaults. */
  public TrainerOptions() {
    super(
        CasdJNI::new_casd_trainer_options,
        CasdJNI::casd_trainer_options_init,
        CasdJNI::delete_casd_trainer_options);
  }

  /**
   * Which network is the teacher; FROZEN.
   *
   * @return the value
   */
  public TeacherMode teacher() {
    return TeacherMode.of(getInt(CasdJNI::casd_trainer_options_teacher_get));
  }

  /**
   * Sets teacher: which network is the teacher; FROZEN.
   *
   * @param teacher the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions teacher(TeacherMode teacher) {
    return setInt(CasdJNI::casd_trainer_options_teacher_set, teacher.value);
  }

  /**
   * How the representation is sampled; STUDENT_T.
   *
   * @return the value
   */
  public SamplingMode sampling() {
    return SamplingMode.of(getInt(CasdJNI::casd_trainer_options_sampling_get));
  }

  /**
   * Sets sampling: how the representation is sampled; STUDENT_T.
   *
   * @param sampling the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions sampling(SamplingMode sampling) {
    return setInt(CasdJNI::casd_trainer_options_sampling_set, sampling.value);
  }

  /**
   * Most epochs of the teacher's phase; 0: auto; to 100000.
   *
   * @return the value
   */
  public int teacherEpochs() {
    return getInt(CasdJNI::casd_trainer_options_teacher_epochs_get);
  }

  /**
   * Sets teacherEpochs: most epochs of the teacher's phase; 0: auto; to 100000.
   *
   * @param teacherEpochs the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions teacherEpochs(int teacherEpochs) {
    return setInt(CasdJNI::casd_trainer_options_teacher_epochs_set, teacherEpochs);
  }

  /**
   * Most epochs of the student's phase; 0: auto; to 100000.
   *
   * @return the value
   */
  public int epochs() {
    return getInt(CasdJNI::casd_trainer_options_epochs_get);
  }

  /**
   * Sets epochs: most epochs of the student's phase; 0: auto; to 100000.
   *
   * @param epochs the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions epochs(int epochs) {
    return setInt(CasdJNI::casd_trainer_options_epochs_set, epochs);
  }

  /**
   * First epoch, from 0, that may be the student's best; -1: auto; to 100000.
   *
   * @return the value
   */
  public int selectFrom() {
    return getInt(CasdJNI::casd_trainer_options_select_from_get);
  }

  /**
   * Sets selectFrom: first epoch, from 0, that may be the student's best; -1: auto; to 100000.
   *
   * @param selectFrom the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions selectFrom(int selectFrom) {
    return setInt(CasdJNI::casd_trainer_options_select_from_set, selectFrom);
  }

  /**
   * Epochs without a new best that end a phase; 0: auto.
   *
   * @return the value
   */
  public int patience() {
    return getInt(CasdJNI::casd_trainer_options_patience_get);
  }

  /**
   * Sets patience: epochs without a new best that end a phase; 0: auto.
   *
   * @param patience the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions patience(int patience) {
    return setInt(CasdJNI::casd_trainer_options_patience_set, patience);
  }

  /**
   * Samples in a step; 0: auto; to 65536.
   *
   * @return the value
   */
  public int batchSize() {
    return getInt(CasdJNI::casd_trainer_options_batch_size_get);
  }

  /**
   * Sets batchSize: samples in a step; 0: auto; to 65536.
   *
   * @param batchSize the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions batchSize(int batchSize) {
    return setInt(CasdJNI::casd_trainer_options_batch_size_set, batchSize);
  }

  /**
   * Length of the cosine of the learning rate for {@link Trainer#step(Batch)}; 0: constant rate.
   *
   * @return the value
   */
  public int totalSteps() {
    return getInt(CasdJNI::casd_trainer_options_total_steps_get);
  }

  /**
   * Sets totalSteps: length of the cosine of the learning rate for {@link Trainer#step(Batch)}; 0:
   * constant rate.
   *
   * @param totalSteps the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions totalSteps(int totalSteps) {
    return setInt(CasdJNI::casd_trainer_options_total_steps_set, totalSteps);
  }

  /**
   * Whether classes are weighted by their frequency; true.
   *
   * @return the value
   */
  public boolean balanceClasses() {
    return getInt(CasdJNI::casd_trainer_options_balance_classes_get) != 0;
  }

  /**
   * Sets balanceClasses: whether classes are weighted by their frequency; true.
   *
   * @param balanceClasses the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions balanceClasses(boolean balanceClasses) {
    return setInt(CasdJNI::casd_trainer_options_balance_classes_set, balanceClasses ? 1 : 0);
  }

  /**
   * Whether temperatures are fitted on split valid at the end; true.
   *
   * @return the value
   */
  public boolean calibrate() {
    return getInt(CasdJNI::casd_trainer_options_calibrate_get) != 0;
  }

  /**
   * Sets calibrate: whether temperatures are fitted on split valid at the end; true.
   *
   * @param calibrate the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions calibrate(boolean calibrate) {
    return setInt(CasdJNI::casd_trainer_options_calibrate_set, calibrate ? 1 : 0);
  }

  /**
   * Whether one factor per modality is fitted on split valid at the end; false.
   *
   * @return the value
   */
  public boolean fitTrust() {
    return getInt(CasdJNI::casd_trainer_options_fit_trust_get) != 0;
  }

  /**
   * Sets fitTrust: whether one factor per modality is fitted on split valid at the end; false.
   *
   * @param fitTrust the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions fitTrust(boolean fitTrust) {
    return setInt(CasdJNI::casd_trainer_options_fit_trust_set, fitTrust ? 1 : 0);
  }

  /**
   * Device of the computation; CPU.
   *
   * @return the value
   */
  public Device device() {
    return Device.of(getInt(CasdJNI::casd_trainer_options_device_get));
  }

  /**
   * Sets device: device of the computation; CPU.
   *
   * @param device the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions device(Device device) {
    return setInt(CasdJNI::casd_trainer_options_device_set, device.value);
  }

  /**
   * Which GPU; 0.
   *
   * @return the value
   */
  public int deviceIndex() {
    return getInt(CasdJNI::casd_trainer_options_device_index_get);
  }

  /**
   * Sets deviceIndex: which GPU; 0.
   *
   * @param deviceIndex the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions deviceIndex(int deviceIndex) {
    return setInt(CasdJNI::casd_trainer_options_device_index_set, deviceIndex);
  }

  /**
   * Engine that computes; AUTO.
   *
   * @return the value
   */
  public EngineChoice engine() {
    return EngineChoice.of(getInt(CasdJNI::casd_trainer_options_engine_get));
  }

  /**
   * Sets engine: engine that computes; AUTO.
   *
   * @param engine the value
   * @return this
   */
  public TrainerOptions engine(EngineChoice engine) {
    return setInt(CasdJNI::casd_trainer_options_engine_set, engine.value);
  }

  /**
   * Threads on the CPU; 1; 1 to 256. Does not change the result.
   *
   * @return the value
   */
  public int threads() {
    return getInt(CasdJNI::casd_trainer_options_threads_get);
  }

  /**
   * Sets threads: threads on the CPU; 1; 1 to 256. Does not change the result.
   *
   * @param threads the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions threads(int threads) {
    return setInt(CasdJNI::casd_trainer_options_threads_set, threads);
  }

  /**
   * Recipe whose schedule "auto" means; GROUNDED.
   *
   * @return the value
   */
  public Recipe schedule() {
    return Recipe.of(getInt(CasdJNI::casd_trainer_options_schedule_get));
  }

  /**
   * Sets schedule: recipe whose schedule "auto" means; GROUNDED.
   *
   * @param schedule the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions schedule(Recipe schedule) {
    return setInt(CasdJNI::casd_trainer_options_schedule_set, schedule.value);
  }

  /**
   * Dropout; 0.4; 0 to below 1.
   *
   * @return the value
   */
  public double dropout() {
    return getDouble(CasdJNI::casd_trainer_options_dropout_get);
  }

  /**
   * Sets dropout: dropout; 0.4; 0 to below 1.
   *
   * @param dropout the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions dropout(double dropout) {
    return setDouble(CasdJNI::casd_trainer_options_dropout_set, dropout);
  }

  /**
   * Most chance that a frame is dropped; 0.5; 0 to 1.
   *
   * @return the value
   */
  public double frameDrop() {
    return getDouble(CasdJNI::casd_trainer_options_frame_drop_get);
  }

  /**
   * Sets frameDrop: most chance that a frame is dropped; 0.5; 0 to 1.
   *
   * @param frameDrop the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions frameDrop(double frameDrop) {
    return setDouble(CasdJNI::casd_trainer_options_frame_drop_set, frameDrop);
  }

  /**
   * Factor of the sampling noise; 1; 0 to 10; 0: off.
   *
   * @return the value
   */
  public double sigmaScale() {
    return getDouble(CasdJNI::casd_trainer_options_sigma_scale_get);
  }

  /**
   * Sets sigmaScale: factor of the sampling noise; 1; 0 to 10; 0: off.
   *
   * @param sigmaScale the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions sigmaScale(double sigmaScale) {
    return setDouble(CasdJNI::casd_trainer_options_sigma_scale_set, sigmaScale);
  }

  /**
   * Decay of the teacher EMA; 0.99; 0 to 1.
   *
   * @return the value
   */
  public double emaDecay() {
    return getDouble(CasdJNI::casd_trainer_options_ema_decay_get);
  }

  /**
   * Sets emaDecay: decay of the teacher EMA; 0.99; 0 to 1.
   *
   * @param emaDecay the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions emaDecay(double emaDecay) {
    return setDouble(CasdJNI::casd_trainer_options_ema_decay_set, emaDecay);
  }

  /**
   * Weight of the Jensen-Shannon term; 1; 0 to 1000.
   *
   * @return the value
   */
  public double logitWeight() {
    return getDouble(CasdJNI::casd_trainer_options_logit_weight_get);
  }

  /**
   * Sets logitWeight: weight of the Jensen-Shannon term; 1; 0 to 1000.
   *
   * @param logitWeight the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions logitWeight(double logitWeight) {
    return setDouble(CasdJNI::casd_trainer_options_logit_weight_set, logitWeight);
  }

  /**
   * Weight of the squared difference to the teacher's uncertainty; 0, 0.1; 0 to 1000.
   *
   * @return the value
   */
  public double uncertaintyWeight() {
    return getDouble(CasdJNI::casd_trainer_options_uncertainty_weight_get);
  }

  /**
   * Sets uncertaintyWeight: weight of the squared difference to the teacher's uncertainty; 0, 0.1;
   * 0 to 1000.
   *
   * @param uncertaintyWeight the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions uncertaintyWeight(double uncertaintyWeight) {
    return setDouble(CasdJNI::casd_trainer_options_uncertainty_weight_set, uncertaintyWeight);
  }

  /**
   * Weight of the evidence's likelihood; 1, 0; 0 to 1000.
   *
   * @return the value
   */
  public double evidenceWeight() {
    return getDouble(CasdJNI::casd_trainer_options_evidence_weight_get);
  }

  /**
   * Sets evidenceWeight: weight of the evidence's likelihood; 1, 0; 0 to 1000.
   *
   * @param evidenceWeight the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions evidenceWeight(double evidenceWeight) {
    return setDouble(CasdJNI::casd_trainer_options_evidence_weight_set, evidenceWeight);
  }

  /**
   * Weight of |y - gamma| (2 delta + alpha); 0.05; 0 to 1000.
   *
   * @return the value
   */
  public double evidenceRegularizer() {
    return getDouble(CasdJNI::casd_trainer_options_evidence_regularizer_get);
  }

  /**
   * Sets evidenceRegularizer: weight of |y - gamma| (2 delta + alpha); 0.05; 0 to 1000.
   *
   * @param evidenceRegularizer the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions evidenceRegularizer(double evidenceRegularizer) {
    return setDouble(CasdJNI::casd_trainer_options_evidence_regularizer_set, evidenceRegularizer);
  }

  /**
   * Factor of the evidence heads' learning rate; 10, 1; 0 to 1000.
   *
   * @return the value
   */
  public double evidenceRate() {
    return getDouble(CasdJNI::casd_trainer_options_evidence_rate_get);
  }

  /**
   * Sets evidenceRate: factor of the evidence heads' learning rate; 10, 1; 0 to 1000.
   *
   * @param evidenceRate the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions evidenceRate(double evidenceRate) {
    return setDouble(CasdJNI::casd_trainer_options_evidence_rate_set, evidenceRate);
  }

  /**
   * Learning rate; 0.001; above 0, up to 1.
   *
   * @return the value
   */
  public double learningRate() {
    return getDouble(CasdJNI::casd_trainer_options_learning_rate_get);
  }

  /**
   * Sets learningRate: learning rate; 0.001; above 0, up to 1.
   *
   * @param learningRate the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions learningRate(double learningRate) {
    return setDouble(CasdJNI::casd_trainer_options_learning_rate_set, learningRate);
  }

  /**
   * Share of the rate that the cosine ends with; 0.05; 0 to 1.
   *
   * @return the value
   */
  public double finalRate() {
    return getDouble(CasdJNI::casd_trainer_options_final_rate_get);
  }

  /**
   * Sets finalRate: share of the rate that the cosine ends with; 0.05; 0 to 1.
   *
   * @param finalRate the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions finalRate(double finalRate) {
    return setDouble(CasdJNI::casd_trainer_options_final_rate_set, finalRate);
  }

  /**
   * L2 penalty, in the gradient; 0.0001; 0 to 1.
   *
   * @return the value
   */
  public double weightDecay() {
    return getDouble(CasdJNI::casd_trainer_options_weight_decay_get);
  }

  /**
   * Sets weightDecay: L2 penalty, in the gradient; 0.0001; 0 to 1.
   *
   * @param weightDecay the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions weightDecay(double weightDecay) {
    return setDouble(CasdJNI::casd_trainer_options_weight_decay_set, weightDecay);
  }

  /**
   * Most norm of the gradient; 0.8; 0: off.
   *
   * @return the value
   */
  public double gradientClip() {
    return getDouble(CasdJNI::casd_trainer_options_gradient_clip_get);
  }

  /**
   * Sets gradientClip: most norm of the gradient; 0.8; 0: off.
   *
   * @param gradientClip the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions gradientClip(double gradientClip) {
    return setDouble(CasdJNI::casd_trainer_options_gradient_clip_set, gradientClip);
  }

  /**
   * Seed of shuffling, corruption, dropout and sampling, 64 bits without sign; 0.
   *
   * @return the value
   */
  public long seed() {
    return getLong(CasdJNI::casd_trainer_options_seed_get);
  }

  /**
   * Sets seed: seed of shuffling, corruption, dropout and sampling, 64 bits without sign; 0.
   *
   * @param seed the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions seed(long seed) {
    return setLong(CasdJNI::casd_trainer_options_seed_set, seed);
  }

  /**
   * Sets a field by name from text, as a command line or a settings file has it.
   *
   * @param name the field's name as in C, for example {@code "learning_rate"}
   * @param value for example {@code "64"} or {@code "zeros"}
   * @return this
   * @throws CasdException NOT_FOUND if no field has that name; INVALID_ARGUMENT if the value is no
   *     number, out of range or an unknown name
   */
  public TrainerOptions set(String name, String value) {
    return change(struct -> CasdJNI.casd_trainer_options_set(struct, name, value));
  }

  /**
   * A field as the text that {@link #set(String, String)} takes.
   *
   * @param name the field's name as in C
   * @return the text
   * @throws CasdException NOT_FOUND if no field has that name
   */
  public String get(String name) {
    return text(CasdJNI::casd_trainer_options_text, name);
  }

  /**
   * The names of the fields that {@link #set(String, String)} knows.
   *
   * @return the names as in C
   */
  public static List<String> names() {
    return names(CasdJNI::casd_trainer_options_count, CasdJNI::casd_trainer_options_name);
  }

  /** All fields as {@code name=value}. */
  @Override
  public String toString() {
    StringBuilder out = new StringBuilder();
    for (String name : names()) {
      out.append(out.length() == 0 ? "" : " ").append(name).append('=').append(get(name));
    }
    return out.toString();
  }

  /**
   * Sets the fields in which a recipe differs: schedule and weights of the losses.
   *
   * @param recipe the recipe
   * @return this
   */
  public TrainerOptions useRecipe(Recipe recipe) {
    return change(struct -> CasdJNI.casd_trainer_options_use_recipe(struct, recipe.value));
  }

  /**
   * Replaces each "auto" by the number that it means for a dataset.
   *
   * @param dataset with a split {@code train}
   * @return this
   * @throws CasdException INVALID_ARGUMENT if an option is out of range or split {@code train} has
   * no
   *     sample with a modality
   */
  public TrainerOptions resolve(Dataset dataset) {
    long data = dataset.handle.acquire();
    try {
      return change(struct -> CasdJNI.casd_trainer_options_resolve(struct, data));
    } finally {
      dataset.handle.release();
    }
  }

  /**
   * Share of train that is held out if there is no split valid; 0.2; 0: none.
   *
   * @return the value
   */
  public double holdOut() {
    return getDouble(CasdJNI::casd_trainer_options_hold_out_get);
  }

  /**
   * Sets holdOut: share of train that is held out if there is no split valid; 0.2; 0: none.
   *
   * @param holdOut the value; its range is checked where the options are used
   * @return this
   */
  public TrainerOptions holdOut(double holdOut) {
    return setDouble(CasdJNI::casd_trainer_options_hold_out_set, holdOut);
  }
}
