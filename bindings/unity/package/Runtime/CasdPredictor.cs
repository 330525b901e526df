#nullable enable
#if UNITY_5_3_OR_NEWER
using System;
using UnityEngine;

namespace Casd.Unity
{
    /// <summary>
    /// A component that loads a model while it is enabled. Other scripts use its <see cref="Predictor"/>.
    /// Disabling it, the end of play mode and a domain reload close the predictor; enabling it again loads
    /// the model again.
    /// </summary>
    [AddComponentMenu("CASD/CASD Predictor")]
    [DisallowMultipleComponent]
    [DefaultExecutionOrder(-100)]
    public sealed class CasdPredictor : MonoBehaviour
    {
        [SerializeField]
        [Tooltip("A model file with the ending .bytes in Assets.")]
        private TextAsset? model = null;

        [SerializeField]
        [Tooltip("Used without a text asset: the path of a model file below StreamingAssets.")]
        private string streamingAsset = "";

        [SerializeField]
        [Tooltip("Threads of one prediction; 0: as many as the processor has.")]
        private int threads = 1;

        private int _loads;

        /// <summary>The model of this component; null until it is loaded, and while disabled.</summary>
        public FramePredictor? Predictor { get; private set; }

        /// <summary>Why the model could not be loaded; "" if nothing failed.</summary>
        public string Error { get; private set; } = "";

        /// <summary>Chooses another model, and loads it if the component is enabled.</summary>
        /// <param name="bytes">The model; it takes the place of a path in StreamingAssets.</param>
        public void SetModel(TextAsset bytes)
        {
            model = bytes;
            if (isActiveAndEnabled)
                OnEnable();
        }

        private void OnEnable()
        {
            OnDisable();
            if (model != null)
            {
                Load(model.bytes);
                return;
            }
            if (string.IsNullOrEmpty(streamingAsset))
            {
                Fail("CASD: neither a model nor the name of a streaming asset is set.");
                return;
            }
            int load = _loads; // A request that ends after the component was disabled has no effect.
            StartCoroutine(ModelFile.Read(streamingAsset, bytes =>
            {
                if (load == _loads)
                    Load(bytes);
            }, Fail));
        }

        private void OnDisable()
        {
            ++_loads;
            Error = "";
            Predictor?.Dispose();
            Predictor = null;
        }

        private void Load(byte[] bytes)
        {
            try
            {
                Predictor = new FramePredictor(bytes, new PredictorOptions { Threads = threads });
            }
            catch (Exception error) when (error is CasdException || error is CasdLoadException)
            {
                Fail(error.Message);
            }
        }

        private void Fail(string message)
        {
            Error = message;
            Debug.LogError(message, this);
        }

        // With domain reload switched off, static variables survive the start of play mode.
        [RuntimeInitializeOnLoadMethod(RuntimeInitializeLoadType.SubsystemRegistration)]
        private static void EndWhatIsLeft() => FrameWorkers.StopAll();
    }
}
#endif
