#nullable enable
using System;
using System.Diagnostics;

namespace Casd.Tests
{
    public static class AllocationTests
    {
        private static readonly Field[] Fields =
            { Field.Probabilities, Field.Uncertainty, Field.ModalityVariance, Field.ModalityWeight };

        [Test]
        public static void AFrameAllocatesNothing()
        {
            using Predictor predictor = Samples.Predictor();
            using Batch batch = Samples.Batch();
            using var result = new Prediction();
            float[] packed = Samples.Packed(), buffer = new float[32];
            var frames = new float[]?[] { new float[12], new float[6] };
            long[] steps = Samples.Steps;
            var loops = new (string, Action)[]
            {
                ("arrays", () =>
                {
                    predictor.Predict(result, packed, steps, ModalityMask.All);
                    result.CopyTo(buffer, Fields);
                }),
                ("an array per modality", () =>
                {
                    predictor.Predict(result, frames, ModalityMask.All);
                    result.CopyTo(buffer, Field.Uncertainty);
                }),
                ("batch", () =>
                {
                    batch.Clear();
                    long sample = batch.AddSample();
                    batch.SetFrames(sample, 0, packed, 4, 3);
                    predictor.Predict(result, batch, ModalityMask.All);
                    result.RowStatus(0);
                }),
#if NETSTANDARD2_1
                ("spans", () =>
                {
                    predictor.Predict(result, packed.AsSpan(), steps.AsSpan(), ModalityMask.All);
                    result.CopyTo(buffer.AsSpan(), Fields.AsSpan());
                }),
#endif
            };
            foreach ((string name, Action frame) in loops)
            {
                for (int i = 0; i < 2000; ++i)
                    frame();
                long before = Allocated();
                int collections = GC.CollectionCount(0);
                const int count = 20000;
                for (int i = 0; i < count; ++i)
                    frame();
                // One object per frame would be at least 24 bytes per frame.
                long bytes = Allocated() - before;
                Check.That(bytes < count, $"{name}: {bytes} bytes in {count} frames");
                Check.Equal(collections, GC.CollectionCount(0));
#if NETSTANDARD2_1
                Console.WriteLine($"      {name}: {bytes} bytes in {count} frames");
#endif
            }
        }

        private static long Allocated()
        {
#if NETSTANDARD2_1
            return GC.GetAllocatedBytesForCurrentThread();
#else
            return 0; // Only the number of collections tells.
#endif
        }
    }
}
