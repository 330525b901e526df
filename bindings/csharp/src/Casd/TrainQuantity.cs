#nullable enable

namespace Casd
{
    /// <summary>
    /// A number that describes the evidence in training: a mean over samples. The first three are of one
    /// modality on complete input, the others of a set of modalities.
    /// </summary>
    public enum TrainQuantity
    {
        /// <summary>The degrees of freedom of a modality, its evidence.</summary>
        DegreesOfFreedom = NativeMethods.CASD_TRAIN_DEGREES_OF_FREEDOM,

        /// <summary>The weight of a modality in the fusion.</summary>
        Weight = NativeMethods.CASD_TRAIN_WEIGHT,

        /// <summary>The variance of a modality.</summary>
        Variance = NativeMethods.CASD_TRAIN_VARIANCE,

        /// <summary>The deviation that training samples with.</summary>
        Scale = NativeMethods.CASD_TRAIN_SCALE,

        /// <summary>The uncertainty.</summary>
        Uncertainty = NativeMethods.CASD_TRAIN_UNCERTAINTY,

        /// <summary>F1 in %; regression: minus the mean absolute error.</summary>
        Score = NativeMethods.CASD_TRAIN_SCORE,
    }
}
