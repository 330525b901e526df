package org.casd;

import java.util.List;

/**
 * Sizes and rules of a network. The ranges are checked by {@link Model#create(Schema,
 * ModelOptions)}.
 *
 * <p>Belongs to one thread at a time.
 */
public final class ModelOptions extends OptionStruct<ModelOptions> {
  /** Creates the defaults. */
  public ModelOptions() {
    super(
        CasdJNI::new_casd_model_options,
        CasdJNI::casd_model_options_init,
        CasdJNI::delete_casd_model_options);
  }

  /**
   * Width of all layers; 40; 1 to 4096.
   *
   * @return the value
   */
  public int hidden() {
    return getInt(CasdJNI::casd_model_options_hidden_get);
  }

  /**
   * Sets hidden: width of all layers; 40; 1 to 4096.
   *
   * @param hidden the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions hidden(int hidden) {
    return setInt(CasdJNI::casd_model_options_hidden_set, hidden);
  }

  /**
   * Transformer layers per modality; 2; 1 to 64.
   *
   * @return the value
   */
  public int layers() {
    return getInt(CasdJNI::casd_model_options_layers_get);
  }

  /**
   * Sets layers: transformer layers per modality; 2; 1 to 64.
   *
   * @param layers the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions layers(int layers) {
    return setInt(CasdJNI::casd_model_options_layers_set, layers);
  }

  /**
   * Attention heads; 4; must divide hidden.
   *
   * @return the value
   */
  public int heads() {
    return getInt(CasdJNI::casd_model_options_heads_get);
  }

  /**
   * Sets heads: attention heads; 4; must divide hidden.
   *
   * @param heads the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions heads(int heads) {
    return setInt(CasdJNI::casd_model_options_heads_set, heads);
  }

  /**
   * Inner width; 0: factor * hidden; at most 65536.
   *
   * @return the value
   */
  public int feedForward() {
    return getInt(CasdJNI::casd_model_options_feed_forward_get);
  }

  /**
   * Sets feedForward: inner width; 0: factor * hidden; at most 65536.
   *
   * @param feedForward the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions feedForward(int feedForward) {
    return setInt(CasdJNI::casd_model_options_feed_forward_set, feedForward);
  }

  /**
   * Inner width over hidden; 2; 1 to 16.
   *
   * @return the value
   */
  public int feedForwardFactor() {
    return getInt(CasdJNI::casd_model_options_feed_forward_factor_get);
  }

  /**
   * Sets feedForwardFactor: inner width over hidden; 2; 1 to 16.
   *
   * @param feedForwardFactor the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions feedForwardFactor(int feedForwardFactor) {
    return setInt(CasdJNI::casd_model_options_feed_forward_factor_set, feedForwardFactor);
  }

  /**
   * How frames become one vector; LAST.
   *
   * @return the value
   */
  public Pooling pooling() {
    return Pooling.of(getInt(CasdJNI::casd_model_options_pooling_get));
  }

  /**
   * Sets pooling: how frames become one vector; AUTO.
   *
   * @param pooling the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions pooling(Pooling pooling) {
    return setInt(CasdJNI::casd_model_options_pooling_set, pooling.value);
  }

  /**
   * How a missing modality is treated; EXCLUDED.
   *
   * @return the value
   */
  public AbsentPolicy absent() {
    return AbsentPolicy.of(getInt(CasdJNI::casd_model_options_absent_get));
  }

  /**
   * Sets absent: how a missing modality is treated; EXCLUDED.
   *
   * @param absent the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions absent(AbsentPolicy absent) {
    return setInt(CasdJNI::casd_model_options_absent_set, absent.value);
  }

  /**
   * How modalities are weighted; EXCESS_DEGREES_OF_FREEDOM.
   *
   * @return the value
   */
  public FusionWeighting weights() {
    return FusionWeighting.of(getInt(CasdJNI::casd_model_options_weights_get));
  }

  /**
   * Sets weights: how modalities are weighted; EXCESS_DEGREES_OF_FREEDOM.
   *
   * @param weights the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions weights(FusionWeighting weights) {
    return setInt(CasdJNI::casd_model_options_weights_set, weights.value);
  }

  /**
   * How the fused variance is computed; WEIGHTED.
   *
   * @return the value
   */
  public FusedVariance fusedVariance() {
    return FusedVariance.of(getInt(CasdJNI::casd_model_options_fused_variance_get));
  }

  /**
   * Sets fusedVariance: how the fused variance is computed; WEIGHTED.
   *
   * @param fusedVariance the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions fusedVariance(FusedVariance fusedVariance) {
    return setInt(CasdJNI::casd_model_options_fused_variance_set, fusedVariance.value);
  }

  /**
   * Most frames of a sample; 512; 1 to 65536.
   *
   * @return the value
   */
  public int maxSteps() {
    return getInt(CasdJNI::casd_model_options_max_steps_get);
  }

  /**
   * Sets maxSteps: most frames of a sample; 512; 1 to 65536.
   *
   * @param maxSteps the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions maxSteps(int maxSteps) {
    return setInt(CasdJNI::casd_model_options_max_steps_set, maxSteps);
  }

  /**
   * Standardised features are clipped there; 5; 0: off.
   *
   * @return the value
   */
  public double inputClip() {
    return getDouble(CasdJNI::casd_model_options_input_clip_get);
  }

  /**
   * Sets inputClip: standardised features are clipped there; 5; 0: off.
   *
   * @param inputClip the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions inputClip(double inputClip) {
    return setDouble(CasdJNI::casd_model_options_input_clip_set, inputClip);
  }

  /**
   * Least delta; 0.01; above 0.
   *
   * @return the value
   */
  public double deltaMin() {
    return getDouble(CasdJNI::casd_model_options_delta_min_get);
  }

  /**
   * Sets deltaMin: least delta; 0.01; above 0.
   *
   * @param deltaMin the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions deltaMin(double deltaMin) {
    return setDouble(CasdJNI::casd_model_options_delta_min_set, deltaMin);
  }

  /**
   * Most delta; 20; above deltaMin.
   *
   * @return the value
   */
  public double deltaMax() {
    return getDouble(CasdJNI::casd_model_options_delta_max_get);
  }

  /**
   * Sets deltaMax: most delta; 20; above deltaMin.
   *
   * @param deltaMax the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions deltaMax(double deltaMax) {
    return setDouble(CasdJNI::casd_model_options_delta_max_set, deltaMax);
  }

  /**
   * Least alpha; 1.25; above 1.
   *
   * @return the value
   */
  public double alphaMin() {
    return getDouble(CasdJNI::casd_model_options_alpha_min_get);
  }

  /**
   * Sets alphaMin: least alpha; 1.25; above 1.
   *
   * @param alphaMin the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions alphaMin(double alphaMin) {
    return setDouble(CasdJNI::casd_model_options_alpha_min_set, alphaMin);
  }

  /**
   * Most alpha; 20; above alphaMin.
   *
   * @return the value
   */
  public double alphaMax() {
    return getDouble(CasdJNI::casd_model_options_alpha_max_get);
  }

  /**
   * Sets alphaMax: most alpha; 20; above alphaMin.
   *
   * @param alphaMax the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions alphaMax(double alphaMax) {
    return setDouble(CasdJNI::casd_model_options_alpha_max_set, alphaMax);
  }

  /**
   * Least beta; 0.2; above 0.
   *
   * @return the value
   */
  public double betaMin() {
    return getDouble(CasdJNI::casd_model_options_beta_min_get);
  }

  /**
   * Sets betaMin: least beta; 0.2; above 0.
   *
   * @param betaMin the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions betaMin(double betaMin) {
    return setDouble(CasdJNI::casd_model_options_beta_min_set, betaMin);
  }

  /**
   * Seed of the initial weights, 64 bits without sign; 0.
   *
   * @return the value
   */
  public long seed() {
    return getLong(CasdJNI::casd_model_options_seed_get);
  }

  /**
   * Sets seed: seed of the initial weights, 64 bits without sign; 0.
   *
   * @param seed the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions seed(long seed) {
    return setLong(CasdJNI::casd_model_options_seed_set, seed);
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
  public ModelOptions set(String name, String value) {
    return change(struct -> CasdJNI.casd_model_options_set(struct, name, value));
  }

  /**
   * A field as the text that {@link #set(String, String)} takes.
   *
   * @param name the field's name as in C
   * @return the text
   * @throws CasdException NOT_FOUND if no field has that name
   */
  public String get(String name) {
    return text(CasdJNI::casd_model_options_text, name);
  }

  /**
   * The names of the fields that {@link #set(String, String)} knows.
   *
   * @return the names as in C
   */
  public static List<String> names() {
    return names(CasdJNI::casd_model_options_count, CasdJNI::casd_model_options_name);
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
   * Sets the fields in which a recipe differs: absent, weights, fusedVariance, alphaMin.
   *
   * @param recipe the recipe
   * @return this
   */
  public ModelOptions useRecipe(Recipe recipe) {
    return change(struct -> CasdJNI.casd_model_options_use_recipe(struct, recipe.value));
  }

  /**
   * Sets the fields in which a preset differs: layers, heads, feedForward,
   * feedForwardFactor.
   *
   * @param preset the preset
   * @return this
   */
  public ModelOptions usePreset(Preset preset) {
    return change(struct -> CasdJNI.casd_model_options_use_preset(struct, preset.value));
  }

  /**
   * Linear maps of the pooled frames, fitted after the training; true.
   *
   * @return the value
   */
  public boolean linear() {
    return getInt(CasdJNI::casd_model_options_linear_get) != 0;
  }

  /**
   * Sets linear: linear maps of the pooled frames, fitted after the training; true.
   *
   * @param linear the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions linear(boolean linear) {
    return setInt(CasdJNI::casd_model_options_linear_set, linear ? 1 : 0);
  }

  /**
   * Unusual input raises the variance of its modality; true.
   *
   * @return the value
   */
  public boolean inputGuard() {
    return getInt(CasdJNI::casd_model_options_input_guard_get) != 0;
  }

  /**
   * Sets inputGuard: unusual input raises the variance of its modality; true.
   *
   * @param inputGuard the value; its range is checked where the options are used
   * @return this
   */
  public ModelOptions inputGuard(boolean inputGuard) {
    return setInt(CasdJNI::casd_model_options_input_guard_set, inputGuard ? 1 : 0);
  }
}
