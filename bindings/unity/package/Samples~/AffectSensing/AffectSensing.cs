using Casd;
using Casd.Unity;
using UnityEngine;

/// <summary>
/// Three sensors deliver frames at their own rates; each can be switched off while the game runs. Shows
/// the latest prediction. Add it to a game object beside a CASD Predictor with a model. It invents the
/// features: replace <see cref="Sense"/> by those of your sensors.
/// </summary>
[RequireComponent(typeof(CasdPredictor))]
public sealed class AffectSensing : MonoBehaviour
{
    private const int FramesKept = 32;

    private CasdPredictor _source;
    private FramePredictor _predictor; // of which the arrays below are
    private FrameWindow _window;
    private float[][] _frames; // [modalities] the latest features
    private bool[] _connected; // [modalities]
    private string[] _modalities, _outputs;
    private string _message = "waiting for the model";
    private int _tick;

    /// <summary>Connects or disconnects a sensor.</summary>
    public void Connect(int modality, bool connected)
    {
        _connected[modality] = connected;
        if (!connected)
            _window.Clear(modality);
    }

    /// <summary>What is shown above the numbers.</summary>
    public string Message => _message;

    private void Start() => _source = GetComponent<CasdPredictor>();

    private void Update()
    {
        if (_source.Predictor != _predictor)
            Prepare(_source.Predictor);
        if (_predictor == null)
        {
            _message = _source.Error;
            return;
        }
        ++_tick;
        bool any = false;
        for (int m = 0; m < _frames.Length; ++m)
        {
            if (_connected[m] && _tick % (m + 1) == 0)
            {
                Sense(m, _frames[m]);
                _window.Add(m, _frames[m]);
            }
            any |= _window.Frames(m) > 0;
        }
        // One call to take the last result, one to ask for the next; neither waits.
        try
        {
            if (_predictor.Poll())
                _message = "";
            if (any)
                _predictor.TrySubmit(_window, ModalityMask.All);
            else
                _message = "no sensor";
        }
        catch (CasdException error)
        {
            _message = error.Message;
        }
    }

    private void Prepare(FramePredictor predictor)
    {
        _predictor = predictor;
        if (predictor == null)
            return;
        Schema schema = predictor.Schema;
        _window = new FrameWindow(schema, FramesKept);
        _frames = new float[schema.ModalityCount][];
        _connected = new bool[_frames.Length];
        _modalities = new string[_frames.Length];
        for (int m = 0; m < _frames.Length; ++m)
        {
            _frames[m] = new float[schema.ModalityFeatures(m)];
            _connected[m] = true;
            _modalities[m] = schema.ModalityName(m);
        }
        _outputs = new string[schema.OutputCount];
        for (int k = 0; k < _outputs.Length; ++k)
            _outputs[k] = schema.OutputName(k);
    }

    private void Sense(int modality, float[] features)
    {
        for (int i = 0; i < features.Length; ++i)
            features[i] = Mathf.Sin(0.1f * _tick + 0.7f * i + modality);
    }

    private void OnGUI()
    {
        GUILayout.Label(_message);
        if (_predictor == null || !_predictor.HasResult)
            return;
        Field outputs = _predictor.Schema.Task == TaskKind.Regression ? Field.Value : Field.Probabilities;
        for (int k = 0; k < _outputs.Length; ++k)
            GUILayout.Label($"{_outputs[k]}: {_predictor.Get(outputs, k):F2}");
        GUILayout.Label($"uncertainty: {_predictor.Get(Field.Uncertainty):F3}");
        for (int m = 0; m < _modalities.Length; ++m)
        {
            bool connected = GUILayout.Toggle(_connected[m], $"{_modalities[m]}: weight " +
                $"{_predictor.Get(Field.ModalityWeight, m):F2}, variance " +
                $"{_predictor.Get(Field.ModalityVariance, m):F3}");
            if (connected != _connected[m])
                Connect(m, connected);
        }
    }
}
