package org.casd;

import java.util.List;
import java.util.Objects;

/** A modality of a {@link Schema}. */
public final class Modality {
  private final String name;
  private final int features;
  private final List<String> featureNames;

  Modality(String name, int features, List<String> featureNames) {
    this.name = name;
    this.features = features;
    this.featureNames = featureNames;
  }

  /**
   * The name.
   *
   * @return for example {@code audio}
   */
  public String name() {
    return name;
  }

  /**
   * The numbers in one frame.
   *
   * @return 1 to 65536
   */
  public int features() {
    return features;
  }

  /**
   * The names of the features.
   *
   * @return one for each feature, null for one without a name; empty if none has a name
   */
  public List<String> featureNames() {
    return featureNames;
  }

  /** Whether names and number of features are the same. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Modality
        && name.equals(((Modality) other).name)
        && features == ((Modality) other).features
        && featureNames.equals(((Modality) other).featureNames);
  }

  /** A hash of names and number of features. */
  @Override
  public int hashCode() {
    return Objects.hash(name, features, featureNames);
  }

  /** Name and number of features. */
  @Override
  public String toString() {
    return name + "[" + features + "]";
  }
}
