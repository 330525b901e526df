/**
 * CASD: training and inference of models of several modalities, of which any may be missing.
 *
 * <p>Start with {@link org.casd.Dataset}, {@link org.casd.Trainer}, {@link org.casd.Model} and
 * {@link
 * org.casd.Predictor}. What the native library reports as a failure is a {@link
 * org.casd.CasdException} with the library's message. A closed object throws IllegalStateException.
 *
 * <p>The native library is inside the jar. The first use unpacks and loads it; a failure is an
 * UnsatisfiedLinkError whose message names the file, the operating system's reason and the remedy.
 * The system property {@code casd.library.path} or else the environment variable {@code
 * CASD_LIBRARY_PATH} names a folder to load it from instead.
 *
 * <h2>Threads</h2>
 *
 * <p>Any number of threads may use one Model, Predictor or Schema at once. A Batch, Prediction,
 * Report
 * or Trainer has one user at a time: a call during another one's call throws IllegalStateException
 * and does no harm. Any number of threads may read a Dataset, and one may add to it while none
 * reads. {@link org.casd.Trainer#cancel()} and {@link org.casd.Trainer#progress()} may be called
 * while another thread trains. close() may be called at any time on any thread.
 */
package org.casd;
