package org.casd;

import java.util.ArrayList;
import java.util.List;

/**
 * The result of an evaluation; it does not change. One thread at a time.
 *
 * <p>A condition is a set of modalities, written {@code language+audio}. With up to six modalities
 * all
 * of them are evaluated, above that each alone, each left out, and all.
 */
public final class Report extends NativeObject {
  Report(long pointer) {
    super("Report", pointer, CasdJNI::casd_report_destroy);
  }

  /**
   * The report as text.
   *
   * @return a JSON object; numbers that cannot be computed are null
   */
  public String json() {
    long pointer = handle.acquireExclusive();
    try {
      return CasdJNI.casd_report_json(pointer);
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Remarks on evidence and uncertainty of the model on the split: what was seen and what to do.
   *
   * @return a new list
   */
  public List<String> remarks() {
    long pointer = handle.acquireExclusive();
    try {
      List<String> out = new ArrayList<>();
      for (String remark; (remark = CasdJNI.casd_report_remark(pointer, out.size())) != null; ) {
        out.add(remark);
      }
      return out;
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * The conditions that were evaluated, all modalities last.
   *
   * @return their names
   */
  public List<String> conditions() {
    long pointer = handle.acquireExclusive();
    try {
      List<String> out = new ArrayList<>();
      for (int i = 0; i < CasdJNI.casd_report_condition_count(pointer); ++i) {
        out.add(CasdJNI.casd_report_condition(pointer, i));
      }
      return out;
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * A number of a condition: {@code samples}, {@code failed}, {@code uncertainty}; classes and
   * multi-label: {@code f1} (%), {@code accuracy} (%), {@code ece} (%), {@code auroc_uncertainty},
   * {@code auroc_confidence}; regression: {@code mae}, {@code correlation}, {@code f1} (%) of the
   * sign.
   *
   * @param condition its modalities joined by {@code +}, in any order; null for {@link
   *     #value(String)}
   * @param name the number's name
   * @return the number; NaN where it cannot be computed
   * @throws CasdException NOT_FOUND if there is no such condition or number; the message lists them
   */
  public double value(String condition, String name) {
    long pointer = handle.acquireExclusive();
    try {
      return Double.longBitsToDouble(CasdJNI.casd_report_value(pointer, condition, name));
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * A number of no condition: {@code mean_incomplete_f1} (regression: {@code mean_incomplete_mae},
   * too), {@code pooled_auroc_uncertainty}, {@code pooled_auroc_confidence}.
   *
   * @param name the number's name
   * @return the number; NaN where it cannot be computed
   * @throws CasdException NOT_FOUND if there is no such number; the message lists them
   */
  public double value(String name) {
    return value(null, name);
  }
}
