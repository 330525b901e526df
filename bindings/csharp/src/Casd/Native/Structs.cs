#nullable enable
using System.Runtime.InteropServices;

// The structs of the C API, field by field under the names of the C headers: a test compares the
// offsets with tests/abi/layout.c. Their meaning and ranges stand in the headers and at the
// properties of the public classes.
namespace Casd
{
    [StructLayout(LayoutKind.Sequential)]
    internal struct SyntheticOptionsData
    {
        internal uint struct_size;
        internal int task;
        internal int train_samples;
        internal int valid_samples;
        internal int test_samples;
        internal int max_steps;
        internal double missing_rate;
        internal ulong seed;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct EvaluateOptionsData
    {
        internal uint struct_size;
        internal uint mask;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct CalibrateOptionsData
    {
        internal uint struct_size;
        internal int fit_maps;
        internal int balance_classes;
        internal int threads;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ModelOptionsData
    {
        internal uint struct_size;
        internal int hidden;
        internal int layers;
        internal int heads;
        internal int feed_forward;
        internal int feed_forward_factor;
        internal int pooling;
        internal int absent;
        internal int weights;
        internal int fused_variance;
        internal int max_steps;
        internal uint reserved;
        internal double input_clip;
        internal double delta_min;
        internal double delta_max;
        internal double alpha_min;
        internal double alpha_max;
        internal double beta_min;
        internal ulong seed;
        internal int linear;
        internal int input_guard;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct EngineInfoData
    {
        internal uint struct_size;
        internal int device;
        internal int available;
        internal int trains;
        internal int concurrent;
        internal fixed byte name[32];
        internal fixed byte reason[256];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct PredictorOptionsData
    {
        internal uint struct_size;
        internal int device;
        internal int device_index;
        internal int threads;
        internal int on_empty;
        internal uint reserved;
        internal int engine;
        internal uint reserved_2;
        internal double coverage;
        internal double error_rate;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct MonitorOptionsData
    {
        internal uint struct_size;
        internal uint reserved;
        internal double samples_per_false_alarm;
        internal long warm_up;
        internal ulong seed;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct MonitorStateData
    {
        internal uint struct_size;
        internal int alarm;
        internal long samples;
        internal long alarms;
        internal long last_alarm;
        internal int alarm_subject;
        internal int alarm_modality;
        internal double evidence;
        internal int subject;
        internal int modality;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TrainerOptionsData
    {
        internal uint struct_size;
        internal int teacher;
        internal int sampling;
        internal int teacher_epochs;
        internal int epochs;
        internal int select_from;
        internal int patience;
        internal int batch_size;
        internal int total_steps;
        internal int balance_classes;
        internal int calibrate;
        internal int fit_trust;
        internal int device;
        internal int device_index;
        internal int threads;
        internal int schedule;
        internal double dropout;
        internal double frame_drop;
        internal double sigma_scale;
        internal double ema_decay;
        internal double logit_weight;
        internal double uncertainty_weight;
        internal double evidence_weight;
        internal double evidence_regularizer;
        internal double evidence_rate;
        internal double learning_rate;
        internal double final_rate;
        internal double weight_decay;
        internal double gradient_clip;
        internal ulong seed;
        internal int engine;
        internal uint reserved;
        internal double hold_out;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TrainStatsData
    {
        internal uint struct_size;
        internal int phase;
        internal int epoch;
        internal int go_on;
        internal long step;
        internal long samples;
        internal double loss;
        internal double task_loss;
        internal double logit_loss;
        internal double uncertainty_loss;
        internal double evidence_loss;
        internal double gradient_norm;
        internal double learning_rate;
        internal double score;
        internal double best_score;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TrainProgressData
    {
        internal uint struct_size;
        internal int phase;
        internal int epoch;
        internal int epochs;
        internal long step;
        internal long steps;
        internal double loss;
        internal double score;
        internal double best_score;
        internal double samples_per_second;
        internal double seconds;
        internal double seconds_left;
    }
}
