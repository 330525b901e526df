#nullable enable
using System;

namespace Casd
{
    /// <summary>
    /// A set of modalities: bit i stands for modality i of the model's schema. The default value is
    /// the empty set, which no prediction accepts.
    /// </summary>
    public readonly struct ModalityMask : IEquatable<ModalityMask>
    {
        /// <summary>Every modality of the schema, however many there are.</summary>
        public static readonly ModalityMask All = new ModalityMask(NativeMethods.CASD_ALL_MODALITIES);

        /// <summary>Creates a mask from its bits.</summary>
        /// <param name="bits">Bit i stands for modality i.</param>
        public ModalityMask(uint bits)
        {
            Bits = bits;
        }

        /// <summary>Bit i is set if modality i is in the set.</summary>
        public uint Bits { get; }

        /// <summary>The set of one modality.</summary>
        /// <param name="modality">Index of the modality, 0 to 31.</param>
        /// <returns>The mask.</returns>
        /// <exception cref="ArgumentOutOfRangeException">The index is not 0 to 31.</exception>
        public static ModalityMask Of(int modality)
        {
            if (modality < 0 || modality >= NativeMethods.CASD_MAX_MODALITIES)
                throw new ArgumentOutOfRangeException(nameof(modality));
            return new ModalityMask(1u << modality);
        }

        /// <summary>Whether a modality is in the set.</summary>
        /// <param name="modality">Index of the modality.</param>
        /// <returns>true if its bit is set.</returns>
        public bool Contains(int modality) =>
            modality >= 0 && modality < NativeMethods.CASD_MAX_MODALITIES && (Bits >> modality & 1) != 0;

        /// <summary>The modalities of either set.</summary>
        /// <param name="a">A set.</param>
        /// <param name="b">Another set.</param>
        /// <returns>Their union.</returns>
        public static ModalityMask operator |(ModalityMask a, ModalityMask b) =>
            new ModalityMask(a.Bits | b.Bits);

        /// <summary>The modalities of both sets.</summary>
        /// <param name="a">A set.</param>
        /// <param name="b">Another set.</param>
        /// <returns>Their intersection.</returns>
        public static ModalityMask operator &(ModalityMask a, ModalityMask b) =>
            new ModalityMask(a.Bits & b.Bits);

        /// <summary>Whether two sets are equal.</summary>
        /// <param name="a">A set.</param>
        /// <param name="b">Another set.</param>
        /// <returns>true if they have the same bits.</returns>
        public static bool operator ==(ModalityMask a, ModalityMask b) => a.Bits == b.Bits;

        /// <summary>Whether two sets differ.</summary>
        /// <param name="a">A set.</param>
        /// <param name="b">Another set.</param>
        /// <returns>true if they have not the same bits.</returns>
        public static bool operator !=(ModalityMask a, ModalityMask b) => a.Bits != b.Bits;

        /// <inheritdoc/>
        public bool Equals(ModalityMask other) => Bits == other.Bits;

        /// <inheritdoc/>
        public override bool Equals(object? obj) => obj is ModalityMask other && Equals(other);

        /// <inheritdoc/>
        public override int GetHashCode() => (int)Bits;

        /// <inheritdoc/>
        public override string ToString() => this == All ? "all" : "0x" + Bits.ToString("x8");
    }
}
