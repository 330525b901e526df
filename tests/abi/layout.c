/* Offsets and types of all public struct fields, written by layout.py. Lines are only ever added. */
#include <casd/casd.h>

#include <stddef.h>
#include <stdint.h>

#define LOCK(S, F, T, O)                                                              \
  _Static_assert(offsetof(S, F) == (O) && _Generic(((S *)0)->F, T: 1, default: 0), \
                 #S "." #F " moved or changed its type")

LOCK(casd_synthetic_options, struct_size, uint32_t, 0);
LOCK(casd_synthetic_options, task, int32_t, 4);
LOCK(casd_synthetic_options, train_samples, int32_t, 8);
LOCK(casd_synthetic_options, valid_samples, int32_t, 12);
LOCK(casd_synthetic_options, test_samples, int32_t, 16);
LOCK(casd_synthetic_options, max_steps, int32_t, 20);
LOCK(casd_synthetic_options, missing_rate, double, 24);
LOCK(casd_synthetic_options, seed, uint64_t, 32);
LOCK(casd_evaluate_options, struct_size, uint32_t, 0);
LOCK(casd_evaluate_options, mask, uint32_t, 4);
LOCK(casd_model_options, struct_size, uint32_t, 0);
LOCK(casd_model_options, hidden, int32_t, 4);
LOCK(casd_model_options, layers, int32_t, 8);
LOCK(casd_model_options, heads, int32_t, 12);
LOCK(casd_model_options, feed_forward, int32_t, 16);
LOCK(casd_model_options, feed_forward_factor, int32_t, 20);
LOCK(casd_model_options, pooling, int32_t, 24);
LOCK(casd_model_options, absent, int32_t, 28);
LOCK(casd_model_options, weights, int32_t, 32);
LOCK(casd_model_options, fused_variance, int32_t, 36);
LOCK(casd_model_options, max_steps, int32_t, 40);
LOCK(casd_model_options, reserved, uint32_t, 44);
LOCK(casd_model_options, input_clip, double, 48);
LOCK(casd_model_options, delta_min, double, 56);
LOCK(casd_model_options, delta_max, double, 64);
LOCK(casd_model_options, alpha_min, double, 72);
LOCK(casd_model_options, alpha_max, double, 80);
LOCK(casd_model_options, beta_min, double, 88);
LOCK(casd_model_options, seed, uint64_t, 96);
LOCK(casd_engine_info, struct_size, uint32_t, 0);
LOCK(casd_engine_info, device, int32_t, 4);
LOCK(casd_engine_info, available, int32_t, 8);
LOCK(casd_engine_info, trains, int32_t, 12);
LOCK(casd_engine_info, concurrent, int32_t, 16);
LOCK(casd_engine_info, name, char *, 20);
LOCK(casd_engine_info, reason, char *, 52);
LOCK(casd_predictor_options, struct_size, uint32_t, 0);
LOCK(casd_predictor_options, device, int32_t, 4);
LOCK(casd_predictor_options, device_index, int32_t, 8);
LOCK(casd_predictor_options, threads, int32_t, 12);
LOCK(casd_predictor_options, on_empty, int32_t, 16);
LOCK(casd_predictor_options, reserved, uint32_t, 20);
LOCK(casd_trainer_options, struct_size, uint32_t, 0);
LOCK(casd_trainer_options, teacher, int32_t, 4);
LOCK(casd_trainer_options, sampling, int32_t, 8);
LOCK(casd_trainer_options, teacher_epochs, int32_t, 12);
LOCK(casd_trainer_options, epochs, int32_t, 16);
LOCK(casd_trainer_options, select_from, int32_t, 20);
LOCK(casd_trainer_options, patience, int32_t, 24);
LOCK(casd_trainer_options, batch_size, int32_t, 28);
LOCK(casd_trainer_options, total_steps, int32_t, 32);
LOCK(casd_trainer_options, balance_classes, int32_t, 36);
LOCK(casd_trainer_options, calibrate, int32_t, 40);
LOCK(casd_trainer_options, fit_trust, int32_t, 44);
LOCK(casd_trainer_options, device, int32_t, 48);
LOCK(casd_trainer_options, device_index, int32_t, 52);
LOCK(casd_trainer_options, threads, int32_t, 56);
LOCK(casd_trainer_options, schedule, int32_t, 60);
LOCK(casd_trainer_options, dropout, double, 64);
LOCK(casd_trainer_options, frame_drop, double, 72);
LOCK(casd_trainer_options, sigma_scale, double, 80);
LOCK(casd_trainer_options, ema_decay, double, 88);
LOCK(casd_trainer_options, logit_weight, double, 96);
LOCK(casd_trainer_options, uncertainty_weight, double, 104);
LOCK(casd_trainer_options, evidence_weight, double, 112);
LOCK(casd_trainer_options, evidence_regularizer, double, 120);
LOCK(casd_trainer_options, evidence_rate, double, 128);
LOCK(casd_trainer_options, learning_rate, double, 136);
LOCK(casd_trainer_options, final_rate, double, 144);
LOCK(casd_trainer_options, weight_decay, double, 152);
LOCK(casd_trainer_options, gradient_clip, double, 160);
LOCK(casd_trainer_options, seed, uint64_t, 168);
LOCK(casd_train_stats, struct_size, uint32_t, 0);
LOCK(casd_train_stats, phase, int32_t, 4);
LOCK(casd_train_stats, epoch, int32_t, 8);
LOCK(casd_train_stats, go_on, int32_t, 12);
LOCK(casd_train_stats, step, int64_t, 16);
LOCK(casd_train_stats, samples, int64_t, 24);
LOCK(casd_train_stats, loss, double, 32);
LOCK(casd_train_stats, task_loss, double, 40);
LOCK(casd_train_stats, logit_loss, double, 48);
LOCK(casd_train_stats, uncertainty_loss, double, 56);
LOCK(casd_train_stats, evidence_loss, double, 64);
LOCK(casd_train_stats, gradient_norm, double, 72);
LOCK(casd_train_stats, learning_rate, double, 80);
LOCK(casd_train_stats, score, double, 88);
LOCK(casd_train_stats, best_score, double, 96);
LOCK(casd_train_progress, struct_size, uint32_t, 0);
LOCK(casd_train_progress, phase, int32_t, 4);
LOCK(casd_train_progress, epoch, int32_t, 8);
LOCK(casd_train_progress, epochs, int32_t, 12);
LOCK(casd_train_progress, step, int64_t, 16);
LOCK(casd_train_progress, steps, int64_t, 24);
LOCK(casd_train_progress, loss, double, 32);
LOCK(casd_train_progress, score, double, 40);
LOCK(casd_train_progress, best_score, double, 48);
LOCK(casd_train_progress, samples_per_second, double, 56);
LOCK(casd_train_progress, seconds, double, 64);
LOCK(casd_train_progress, seconds_left, double, 72);
