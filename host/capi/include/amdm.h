/*
 * libamdm: run node graphs that aggregate diffusion models, and bring nodes and models of your own.
 *
 * THE LIFE OF A RUN
 *   amdm_host_desc_init, amdm_host_create     once a process, or once a configuration
 *   amdm_graph_from_json, amdm_graph_set_*    a graph, and values, models and objects in it
 *   amdm_run_create                           a run of the graph as it stands
 *   amdm_run_start, amdm_run_next_event       or amdm_run_execute, which returns at the end
 *   amdm_run_output_image, _tensor, _json     what it gave
 *   amdm_run_destroy, amdm_graph_destroy, amdm_host_destroy
 *
 * RESULTS
 *   Functions return an AmdmStatus: AMDM_STATUS_OK (0), or a negative code. amdm_last_error() says
 *   more, on the thread of the failed call; after a success it may still be about an older failure.
 *   Out-handles are NULL after a failure. No failure, and no defect of ours that we know how to catch, ends the process; what does is
 *   memory that the system has not got for something small.
 *
 * HANDLES
 *   Pointers to opaque types are numbers that look like pointers: never dereference them. A handle that
 *   was destroyed, destroyed twice, or is of another kind is AMDM_STATUS_INVALID_HANDLE. NULL may be
 *   destroyed. Hosts, graphs and runs have one owner. Tensors have references: who is given one by
 *   a function of the form _from_* or by amdm_run_output_tensor releases it once.
 *
 * STRUCTS AND VERSIONS
 *   A struct that may grow starts with struct_size = sizeof(the struct), which the caller sets, in and
 *   out: the library reads and writes no more than that. Fields and functions are only ever added at the
 *   end within a major version; structs that stand in arrays (AmdmRequest, and those without a
 *   struct_size) do not change within it. AmdmHostDesc.abi_version tells the version of the header; another major
 *   version is refused with AMDM_STATUS_ABI_MISMATCH.
 *
 * TEXTS
 *   UTF-8. In: ends with a 0 unless there is a length; copied before the call returns. Out: AmdmString
 *   is the caller's and freed with amdm_string_free; AmdmStr is somebody else's and not terminated;
 *   const char * is the library's.
 *
 * THREADS
 *   Each function says on which threads it may be called. "any": from every thread, also at the same
 *   time as other calls. "one at a time": calls about one object are the caller's to serialise; the
 *   library does not break where they are not, but their order is then anyone's guess.
 *   The library has threads of its own. Code of the caller's runs on
 *     - the thread that called amdm_run_execute, for that run: nodes, models, wakeup;
 *     - threads of the library's after amdm_run_start, for that run: nodes and models on one, wakeup on any;
 *     - any thread: destroy functions of vtables and objects, release functions of images.
 *   Calls of one node or model come one at a time, unless its JSON says "concurrent": true. A callback
 *   may hand its ctx to threads of its own, as long as it waits for them; wakeup then comes on those too.
 *   Inside such a callback only the tables that it was handed, amdm_run_cancel, amdm_run_poll,
 *   amdm_run_next_event and amdm_tensor_* may be called; everything else is
 *   AMDM_STATUS_WRONG_THREAD. No callback of a run comes after amdm_run_wait or amdm_run_execute
 *   returned its end, or amdm_run_destroy returned.
 *   The library installs no signal handlers, leaves the process's allocator as it is, and writes nothing
 *   to stdout or stderr; where a defect of ours is caught (AMDM_STATUS_PANIC) the language's own runtime
 *   writes one line to stderr.
 */


#ifndef AMDM_H
#define AMDM_H

#include <stddef.h>
#include <stdint.h>

/* A tensor of another library, as <dlpack/dlpack.h> (1.0 and later) declares it. */
struct DLManagedTensorVersioned;

// Major version of the interface: a program and a library of different ones do not fit.
#define AMDM_ABI_MAJOR 1

// Minor version of the interface: a library has all functions of lower ones.
#define AMDM_ABI_MINOR 0

// Both, as `AmdmHostDesc.abi_version` takes them.
#define AMDM_ABI_VERSION 65536

// Kind of a value: none; only of what is absent.
#define AMDM_VALUE_NONE 0

// `as.integer`, 0 or 1.
#define AMDM_VALUE_BOOLEAN 1

// `as.integer`.
#define AMDM_VALUE_INTEGER 2

// `as.number`.
#define AMDM_VALUE_FLOAT 3

// `as.text`: a string, or a choice's name.
#define AMDM_VALUE_TEXT 4

// `as.text`: JSON.
#define AMDM_VALUE_JSON 5

// `as.tensor`: images, masks.
#define AMDM_VALUE_TENSOR 6

// `as.object`: every other wire.
#define AMDM_VALUE_OBJECT 7

// Load the pack as native code, which is not isolated: it can do whatever the process can.
#define AMDM_LOAD_NATIVE 1

// Bytes, 0 to 255.
#define AMDM_ELEMENT_U8 1

// IEEE half floats, 0 to 1.
#define AMDM_ELEMENT_F16 2

// IEEE floats, 0 to 1.
#define AMDM_ELEMENT_F32 3

// Red first: grey, grey and alpha, RGB or RGBA by the number of channels.
#define AMDM_ORDER_RGBA 0

// Blue first: BGR or BGRA; one and two channels as above.
#define AMDM_ORDER_BGRA 1

// Colours do not depend on alpha.
#define AMDM_ALPHA_STRAIGHT 0

// Colours are multiplied by alpha.
#define AMDM_ALPHA_PREMULTIPLIED 1

// Not started yet.
#define AMDM_RUN_CREATED 0

// Running.
#define AMDM_RUN_RUNNING 1

// Ended well.
#define AMDM_RUN_SUCCEEDED 2

// Ended with an error.
#define AMDM_RUN_FAILED 3

// Ended by a cancel.
#define AMDM_RUN_CANCELLED 4

// Stop as soon as possible.
#define AMDM_CANCEL_NOW 0

// Stop when the next node that saves or shows is done, with all pictures of its batch.
#define AMDM_CANCEL_AFTER_IMAGE 1

// The run begins.
#define AMDM_EVENT_STARTED 1

// A node begins.
#define AMDM_EVENT_NODE_STARTED 2

// A node is done; `seconds` says how long it took.
#define AMDM_EVENT_NODE_DONE 3

// A node does not run, as its result was kept.
#define AMDM_EVENT_CACHED 4

// A node did `step` of `total` steps.
#define AMDM_EVENT_PROGRESS 5

// An unfinished image, in `image`.
#define AMDM_EVENT_PREVIEW 6

// Something for an editor to show on the node, in `json`.
#define AMDM_EVENT_UI 7

// Files were written; `json` names them.
#define AMDM_EVENT_SAVED 8

// A line of the log, in `text`; its level in `step`.
#define AMDM_EVENT_LOG 9

// A node goes on from where a run that was broken off had come to.
#define AMDM_EVENT_RESUMED 10

// The last event: the run has ended, well or not.
#define AMDM_EVENT_FINISHED 11

// For who searches for an error.
#define AMDM_LOG_TRACE 1

// For who develops.
#define AMDM_LOG_DEBUG 2

// Of interest.
#define AMDM_LOG_INFO 3

// People should know.
#define AMDM_LOG_WARN 4

// Something failed.
#define AMDM_LOG_ERROR 5

// Before the networks run.
#define AMDM_PHASE_PREPARE 0

// Predictions are there.
#define AMDM_PHASE_PREDICTED 1

// The solver has moved.
#define AMDM_PHASE_STEPPED 2

// The prediction with guidance.
#define AMDM_PART_GUIDED 0

// The conditional one alone.
#define AMDM_PART_CONDITIONAL 1

// The unconditional one alone.
#define AMDM_PART_UNCONDITIONAL 2

// The nearest pixel, as Pillow picks it.
#define AMDM_FILTER_NEAREST_EXACT 0

// Linear in both directions.
#define AMDM_FILTER_BILINEAR 1

// Means over areas.
#define AMDM_FILTER_AREA 2

// Cubic in both directions.
#define AMDM_FILTER_BICUBIC 3

// Lanczos with three lobes.
#define AMDM_FILTER_LANCZOS 4

// The value under the centre of the new one.
#define AMDM_RESAMPLING_NEAREST_EXACT 0

// Linear in both directions.
#define AMDM_RESAMPLING_BILINEAR 1

// Means over areas.
#define AMDM_RESAMPLING_AREA 2

// Cubic in both directions.
#define AMDM_RESAMPLING_BICUBIC 3

// Spherical in both directions, for latents.
#define AMDM_RESAMPLING_BISLERP 4

// Zeros beyond the border.
#define AMDM_EDGE_ZERO 0

// The plane mirrored at its outermost values.
#define AMDM_EDGE_REFLECT 1

// Most extents of a tensor.
#define AMDM_RANK_MAX 8

// Floats of 32 bits; what tensors of this library hold on the CPU.
#define AMDM_DTYPE_F32 1

// Floats of 16 bits.
#define AMDM_DTYPE_F16 2

// The upper 16 bits of a float of 32.
#define AMDM_DTYPE_BF16 3

// Bytes.
#define AMDM_DTYPE_U8 4

// Whole numbers of 64 bits.
#define AMDM_DTYPE_I64 5

// A callback in progress; ends with it.
typedef struct AmdmContext AmdmContext;

// A stream of standard normal values.
typedef struct AmdmGenerator AmdmGenerator;

// A graph of nodes, with values of the caller's.
typedef struct AmdmGraph AmdmGraph;

// Runs graphs; opened once, used for any number of them.
typedef struct AmdmHost AmdmHost;

// A denoising network; shared by references.
typedef struct AmdmModel AmdmModel;

// A typed value of a wire; immutable, shared by references.
typedef struct AmdmObject AmdmObject;

// One run of one graph.
typedef struct AmdmRun AmdmRun;

// A tensor: immutable values on a device, shared by references.
typedef struct AmdmTensor AmdmTensor;

// How a function ended: 0 for success, a negative code for a failure.
typedef int32_t AmdmStatus;

// Text that the caller owns and frees with `amdm_string_free`: UTF-8, and a 0 after it.
typedef struct {
    // First byte; NULL once freed.
    char *ptr;
    // Bytes without the 0.
    size_t len;
} AmdmString;

// How a host is opened. Fill it with `amdm_host_desc_init` and change what should differ.
typedef struct {
    // `sizeof(AmdmHostDesc)`.
    size_t struct_size;
    // `AMDM_ABI_VERSION` of the header that the caller was compiled with.
    uint32_t abi_version;
    // Threads on the CPU; 0 takes all cores.
    uint32_t threads;
    // `auto`, `cpu`, `cuda`, `cuda:1`; NULL means `auto`.
    const char *device;
    // Bytes of tensors that one run may hold; 0 takes the default of 16 GiB.
    uint64_t memory_budget;
    // Bytes of nodes' results kept in memory between runs; 0 keeps none.
    uint64_t cache_bytes;
    // Directory of nodes' results on disk, shared by processes; NULL keeps none.
    const char *cache_dir;
    // Directory of compiled packs; NULL takes the user's, an empty text keeps none.
    const char *pack_cache_dir;
    // Directories of models; names of models are files below them.
    const char *const *model_dirs;
    // How many.
    size_t model_dir_count;
    // Directory that graphs read pictures from by name; NULL: pictures come by
    // `amdm_graph_set_image`.
    const char *input_dir;
    // Least level of lines that become events of runs: `AMDM_LOG_*`; 0 for none. No log is written
    // to stdout or stderr.
    uint32_t log_level;
    // 0.
    uint32_t reserved;
} AmdmHostDesc;

// Text that somebody else owns: UTF-8, not terminated.
typedef struct {
    // First byte; may be NULL where `len` is 0.
    const char *ptr;
    // Bytes.
    size_t len;
} AmdmStr;

// What a value holds, by its kind.
typedef union {
    // Whole numbers and booleans.
    int64_t integer;
    // Floats.
    double number;
    // Texts and JSON.
    AmdmStr text;
    // Tensors.
    AmdmTensor *tensor;
    // Objects.
    AmdmObject *object;
} AmdmValueAs;

// A value on a wire or in a widget.
typedef struct {
    // `AMDM_VALUE_*`.
    uint32_t kind;
    // 0.
    uint32_t reserved;
    // What it holds.
    AmdmValueAs as;
} AmdmValue;

// A value with a name.
typedef struct {
    // The name.
    AmdmStr name;
    // The value.
    AmdmValue value;
} AmdmNamedValue;

// What a node sees of the run that it is part of.
typedef struct {
    // Bytes of this table; functions are only ever added at its end.
    size_t struct_size;
    // The value of an input, validated and with its default filled in. `AMDM_STATUS_EMPTY` and a
    // value of kind `AMDM_VALUE_NONE` where an optional input has none. Texts and handles live as
    // long as the callback.
    AmdmStatus (*input)(AmdmContext *ctx, const char *name, AmdmValue *out);
    // The members of an open-ended group (`image_1`, `image_2`, ...), in order. The list lives as
    // long as the callback.
    AmdmStatus (*inputs)(AmdmContext *ctx,
                         const char *prefix,
                         const AmdmNamedValue **out,
                         size_t *count);
    // Sets an output. The value is given away: its handle is used up, whether or not this
    // succeeds.
    AmdmStatus (*set_output)(AmdmContext *ctx, const char *name, AmdmValue value);
    // Writes 1 where anything in the graph uses this output, else 0.
    AmdmStatus (*output_wanted)(AmdmContext *ctx, const char *name, uint32_t *out);
    // Has editors show something on the node: JSON.
    AmdmStatus (*set_ui)(AmdmContext *ctx, const char *json);
    // Reports that `step` of `total` are done.
    AmdmStatus (*progress)(AmdmContext *ctx, uint32_t step, uint32_t total);
    // Shows an unfinished latent, where previews were asked for.
    AmdmStatus (*preview)(AmdmContext *ctx, AmdmModel *model, AmdmTensor *latent);
    // Writes 1 once the run is being stopped, else 0. Long work asks now and then.
    AmdmStatus (*cancelled)(AmdmContext *ctx, uint32_t *out);
    // Writes a line to the log; `level` is one of `AMDM_LOG_*`. A node's warnings also go into the
    // run's result; a model's lines belong to no node and are in the log alone.
    AmdmStatus (*log)(AmdmContext *ctx, uint32_t level, const char *message);
    // Says that the result depends on something that the graph does not name, so that it is not
    // kept.
    AmdmStatus (*depends_on_more)(AmdmContext *ctx);
    // Says why the callback is about to fail: the run's error has this status, message and input
    // (which may be NULL). The callback then returns `status`, or any other failure. Statuses from
    // `AMDM_STATUS_INVALID_INPUT` to `AMDM_STATUS_INTERNAL` stay what they are, `INVALID_ARGUMENT`
    // becomes `INVALID_INPUT`, `EMPTY` becomes `NOT_FOUND`, and every other one `INTERNAL`.
    AmdmStatus (*fail)(AmdmContext *ctx, AmdmStatus status, const char *message, const char *input);
    // Unfinished work that an earlier run of the same node left: numbers, then tensors, in the
    // order in which they were kept, without names. A node that asks for it goes on from there.
    // `AMDM_STATUS_EMPTY` where there is none. The list lives as long as the callback.
    AmdmStatus (*checkpoint)(AmdmContext *ctx, const AmdmNamedValue **out, size_t *count);
    // Whether it is time to keep unfinished work: 1 or 0. Always 0 where none is kept.
    AmdmStatus (*checkpoint_due)(AmdmContext *ctx, uint32_t *out);
    // Keeps unfinished work in place of what was kept before, where such work is kept: on disk,
    // until the node is done.
    AmdmStatus (*keep_checkpoint)(AmdmContext *ctx,
                                  const double *numbers,
                                  size_t number_count,
                                  const AmdmTensor *const *tensors,
                                  size_t tensor_count);
} AmdmCallApi;

// A level of the forward process: `x = signal * x0 + noise * epsilon`.
typedef struct {
    // In training steps; in [0, 1] for flow models.
    double timestep;
    // Factor of the clean latent.
    double signal;
    // Factor of the noise.
    double noise;
} AmdmNoiseLevel;

// The state of a sampling at one step, as step operators see it.
//
// A step of a lane goes from the level `now` to `next` in the phases `AMDM_PHASE_*`. Tensors that
// are set are given away; all of a lane's have its latent's shape.
typedef struct {
    // Bytes of this table; functions are only ever added at its end.
    size_t struct_size;
    // The step, counted from 0.
    AmdmStatus (*index)(AmdmContext *ctx, uint32_t *out);
    // Steps of the sampling.
    AmdmStatus (*steps)(AmdmContext *ctx, uint32_t *out);
    // Lanes of the sampling.
    AmdmStatus (*lanes)(AmdmContext *ctx, uint32_t *out);
    // The lane whose image is wanted; with several, the first.
    AmdmStatus (*target)(AmdmContext *ctx, uint32_t *out);
    // Chooses the target; a lane that is not there is passed over.
    AmdmStatus (*set_target)(AmdmContext *ctx, uint32_t lane);
    // The lane's share.
    AmdmStatus (*weight)(AmdmContext *ctx, uint32_t lane, double *out);
    // Sets the lane's share.
    AmdmStatus (*set_weight)(AmdmContext *ctx, uint32_t lane, double value);
    // The lane's guidance.
    AmdmStatus (*guidance)(AmdmContext *ctx, uint32_t lane, double *out);
    // Sets the lane's guidance until set again; read after `AMDM_PHASE_PREPARE`.
    AmdmStatus (*set_guidance)(AmdmContext *ctx, uint32_t lane, double value);
    // The lane's multiplier of a refinement's radius.
    AmdmStatus (*refine)(AmdmContext *ctx, uint32_t lane, double *out);
    // Sets that multiplier.
    AmdmStatus (*set_refine)(AmdmContext *ctx, uint32_t lane, double value);
    // 1 where the graph uses the lane's result, else 0.
    AmdmStatus (*wanted)(AmdmContext *ctx, uint32_t lane, uint32_t *out);
    // 1 where the solver adds noise, so that means are there, else 0.
    AmdmStatus (*stochastic)(AmdmContext *ctx, uint32_t *out);
    // The level that the step starts from.
    AmdmStatus (*now)(AmdmContext *ctx, AmdmNoiseLevel *out);
    // The level that the step leads to.
    AmdmStatus (*next)(AmdmContext *ctx, AmdmNoiseLevel *out);
    // Cumulative alphas of the training steps; none for flow models. Writes at most `capacity` of
    // them, and how many there are.
    AmdmStatus (*alphas_cumprod)(AmdmContext *ctx, float *out, size_t capacity, size_t *count);
    // 1 where the lane's network runs in this step, else 0.
    AmdmStatus (*active)(AmdmContext *ctx, uint32_t lane, uint32_t *out);
    // Switches the lane's network on (1) or off (0) for this step.
    AmdmStatus (*set_active)(AmdmContext *ctx, uint32_t lane, uint32_t value);
    // The latent that enters the step.
    AmdmStatus (*input)(AmdmContext *ctx, uint32_t lane, AmdmTensor **out);
    // Replaces it, in `AMDM_PHASE_PREPARE`.
    AmdmStatus (*set_input)(AmdmContext *ctx, uint32_t lane, AmdmTensor *value);
    // The noise in the input as the lane sees it, from `AMDM_PHASE_PREDICTED` on; `part` is
    // `AMDM_PART_*`.
    AmdmStatus (*epsilon)(AmdmContext *ctx, uint32_t lane, uint32_t part, AmdmTensor **out);
    // The clean latent as the lane sees it, from `AMDM_PHASE_PREDICTED` on; `part` is
    // `AMDM_PART_*`.
    AmdmStatus (*denoised)(AmdmContext *ctx, uint32_t lane, uint32_t part, AmdmTensor **out);
    // 1 where the lane has a prediction in this step, else 0: operators pass over the rest.
    AmdmStatus (*has_prediction)(AmdmContext *ctx, uint32_t lane, uint32_t *out);
    // Replaces the guided prediction by its noise.
    AmdmStatus (*set_epsilon)(AmdmContext *ctx, uint32_t lane, AmdmTensor *value);
    // Replaces the guided prediction by its clean latent.
    AmdmStatus (*set_denoised)(AmdmContext *ctx, uint32_t lane, AmdmTensor *value);
    // In `AMDM_PHASE_STEPPED`, with a stochastic solver: the latent before the noise was added.
    // `AMDM_STATUS_EMPTY` where there is none.
    AmdmStatus (*mean)(AmdmContext *ctx, uint32_t lane, AmdmTensor **out);
    // In `AMDM_PHASE_STEPPED` the latent that leaves the step.
    AmdmStatus (*latent)(AmdmContext *ctx, uint32_t lane, AmdmTensor **out);
    // Replaces it.
    AmdmStatus (*set_latent)(AmdmContext *ctx, uint32_t lane, AmdmTensor *value);
    // 1 where an operator replaced the lane's input or latent in this step, else 0.
    AmdmStatus (*rewritten)(AmdmContext *ctx, uint32_t lane, uint32_t *out);
    // A tensor that an operator of the chain left in this step. `AMDM_STATUS_EMPTY` where there is
    // none.
    AmdmStatus (*slot)(AmdmContext *ctx, const char *name, AmdmTensor **out);
    // Leaves a tensor to the operators behind, in this step.
    AmdmStatus (*set_slot)(AmdmContext *ctx, const char *name, AmdmTensor *value);
    // Notes a number, for example an angle, in the log; `lane` is -1 where it is about none.
    AmdmStatus (*trace)(AmdmContext *ctx, const char *name, int32_t lane, double value);
    // Writes 1 once the run is being stopped, else 0.
    AmdmStatus (*cancelled)(AmdmContext *ctx, uint32_t *out);
} AmdmStepApi;

// What a tensor is.
typedef struct {
    // `sizeof(AmdmTensorInfo)`, set by the caller.
    size_t struct_size;
    // `AMDM_DTYPE_*`.
    uint32_t dtype;
    // Extents in use, 0 to `AMDM_RANK_MAX`.
    uint32_t rank;
    // Extents, the batch first.
    uint32_t shape[AMDM_RANK_MAX];
    // Bytes of the values.
    uint64_t bytes;
    // Name of the device, such as `cpu`; lives as long as the tensor.
    AmdmStr device;
} AmdmTensorInfo;

// Operations on tensors. Shapes broadcast by aligning at the last axis; results are new tensors,
// lent to the callback.
typedef struct {
    // Bytes of this table; functions are only ever added at its end.
    size_t struct_size;
    // A tensor from values that stay the caller's: row-major, as many as the product of `shape`.
    AmdmStatus (*from_f32)(AmdmContext *ctx,
                           const uint32_t *shape,
                           size_t rank,
                           const float *values,
                           AmdmTensor **out);
    // What a tensor is; as `amdm_tensor_info`.
    AmdmStatus (*info)(AmdmContext *ctx, const AmdmTensor *x, AmdmTensorInfo *out);
    // A second handle on the same values.
    AmdmStatus (*share)(AmdmContext *ctx, const AmdmTensor *x, AmdmTensor **out);
    // `sum(weight * term)` of `count` terms of one shape.
    AmdmStatus (*linear_combination)(AmdmContext *ctx,
                                     const AmdmTensor *const *terms,
                                     const double *weights,
                                     size_t count,
                                     AmdmTensor **out);
    // The same with one weight a sample: each of `weights` has one value a sample.
    AmdmStatus (*sample_combination)(AmdmContext *ctx,
                                     const AmdmTensor *const *terms,
                                     const AmdmTensor *const *weights,
                                     size_t count,
                                     AmdmTensor **out);
    // `x + other`.
    AmdmStatus (*add)(AmdmContext *ctx,
                      const AmdmTensor *x,
                      const AmdmTensor *other,
                      AmdmTensor **out);
    // `x - other`.
    AmdmStatus (*sub)(AmdmContext *ctx,
                      const AmdmTensor *x,
                      const AmdmTensor *other,
                      AmdmTensor **out);
    // `x * other`.
    AmdmStatus (*mul)(AmdmContext *ctx,
                      const AmdmTensor *x,
                      const AmdmTensor *other,
                      AmdmTensor **out);
    // `x / other`.
    AmdmStatus (*div)(AmdmContext *ctx,
                      const AmdmTensor *x,
                      const AmdmTensor *other,
                      AmdmTensor **out);
    // `mul * x + add`.
    AmdmStatus (*affine)(AmdmContext *ctx,
                         const AmdmTensor *x,
                         double mul,
                         double add,
                         AmdmTensor **out);
    // The smaller of each pair.
    AmdmStatus (*minimum)(AmdmContext *ctx,
                          const AmdmTensor *x,
                          const AmdmTensor *other,
                          AmdmTensor **out);
    // The larger of each pair.
    AmdmStatus (*maximum)(AmdmContext *ctx,
                          const AmdmTensor *x,
                          const AmdmTensor *other,
                          AmdmTensor **out);
    // Values held within [low, high].
    AmdmStatus (*clamp)(AmdmContext *ctx,
                        const AmdmTensor *x,
                        double low,
                        double high,
                        AmdmTensor **out);
    // Inner product of each sample with its counterpart: one value a sample.
    AmdmStatus (*sample_dot)(AmdmContext *ctx,
                             const AmdmTensor *x,
                             const AmdmTensor *other,
                             AmdmTensor **out);
    // Square roots.
    AmdmStatus (*sqrt)(AmdmContext *ctx, const AmdmTensor *x, AmdmTensor **out);
    // Sines.
    AmdmStatus (*sin)(AmdmContext *ctx, const AmdmTensor *x, AmdmTensor **out);
    // Arc cosines.
    AmdmStatus (*acos)(AmdmContext *ctx, const AmdmTensor *x, AmdmTensor **out);
    // `x > threshold ? a : b`, value by value.
    AmdmStatus (*select)(AmdmContext *ctx,
                         const AmdmTensor *x,
                         double threshold,
                         const AmdmTensor *a,
                         const AmdmTensor *b,
                         AmdmTensor **out);
    // The same values in another shape.
    AmdmStatus (*reshape)(AmdmContext *ctx,
                          const AmdmTensor *x,
                          const uint32_t *shape,
                          size_t rank,
                          AmdmTensor **out);
    // `length` entries of `axis` from `start`.
    AmdmStatus (*narrow)(AmdmContext *ctx,
                         const AmdmTensor *x,
                         uint32_t axis,
                         uint32_t start,
                         uint32_t length,
                         AmdmTensor **out);
    // Tensors one after the other along `axis`.
    AmdmStatus (*concat)(AmdmContext *ctx,
                         const AmdmTensor *const *parts,
                         size_t count,
                         uint32_t axis,
                         AmdmTensor **out);
    // Copies the values, row-major; `count` is how many there are.
    AmdmStatus (*read_f32)(AmdmContext *ctx, const AmdmTensor *x, float *out, size_t count);
    // A tensor from one of another library, which is consumed; as `amdm_tensor_from_dlpack`.
    AmdmStatus (*from_dlpack)(AmdmContext *ctx,
                              struct DLManagedTensorVersioned *managed,
                              int64_t stream,
                              AmdmTensor **out);
    // One value everywhere.
    AmdmStatus (*full)(AmdmContext *ctx,
                       const uint32_t *shape,
                       size_t rank,
                       double value,
                       AmdmTensor **out);
    // The entries of `axis` in the opposite order.
    AmdmStatus (*flip)(AmdmContext *ctx, const AmdmTensor *x, uint32_t axis, AmdmTensor **out);
    // Two axes exchanged.
    AmdmStatus (*transpose)(AmdmContext *ctx,
                            const AmdmTensor *x,
                            uint32_t first,
                            uint32_t second,
                            AmdmTensor **out);
    // To the nearest whole number, halves to the even one.
    AmdmStatus (*round)(AmdmContext *ctx, const AmdmTensor *x, AmdmTensor **out);
    // Exponentials.
    AmdmStatus (*exp)(AmdmContext *ctx, const AmdmTensor *x, AmdmTensor **out);
    // Natural logarithms.
    AmdmStatus (*ln)(AmdmContext *ctx, const AmdmTensor *x, AmdmTensor **out);
    // Sums over `axis`, which stays with length 1.
    AmdmStatus (*sum)(AmdmContext *ctx, const AmdmTensor *x, uint32_t axis, AmdmTensor **out);
    // The last two axes at the size [height, width]; `resampling` is `AMDM_RESAMPLING_*`.
    AmdmStatus (*resize)(AmdmContext *ctx,
                         const AmdmTensor *x,
                         uint32_t height,
                         uint32_t width,
                         uint32_t resampling,
                         AmdmTensor **out);
    // Each plane of the last two axes with one kernel [height, width], both odd, which is not
    // turned round; `edge` is `AMDM_EDGE_*`.
    AmdmStatus (*convolve)(AmdmContext *ctx,
                           const AmdmTensor *x,
                           const AmdmTensor *kernel,
                           uint32_t edge,
                           AmdmTensor **out);
} AmdmTensorApi;

// Typed values of wires; immutable. Handles are lent to the callback.
typedef struct {
    // Bytes of this table; functions are only ever added at its end.
    size_t struct_size;
    // An object of named fields, which are given away. `kind` is the wire's type; `MODEL`, `CLIP`,
    // `VAE` and `STEP_POLICY` are made by the host alone.
    AmdmStatus (*create)(AmdmContext *ctx,
                         const char *kind,
                         const AmdmNamedValue *fields,
                         size_t count,
                         AmdmObject **out);
    // The wire's type, such as `LANES`.
    AmdmStatus (*kind)(AmdmContext *ctx, const AmdmObject *object, AmdmStr *out);
    // A field by name. `AMDM_STATUS_EMPTY` where there is none.
    AmdmStatus (*field)(AmdmContext *ctx, const AmdmObject *object, const char *name, AmdmValue *out);
    // Members of a list kind such as `LANES`; 1 of any other.
    AmdmStatus (*count)(AmdmContext *ctx, const AmdmObject *object, size_t *out);
    // A member of a list kind, in order.
    AmdmStatus (*item)(AmdmContext *ctx, const AmdmObject *object, size_t index, AmdmObject **out);
    // A new list with one more member; starts one on a single object of that kind.
    AmdmStatus (*append)(AmdmContext *ctx,
                         const AmdmObject *object,
                         const AmdmObject *item,
                         AmdmObject **out);
    // Adds a reference, so that the object outlives the callback.
    AmdmStatus (*retain)(AmdmContext *ctx, AmdmObject *object);
    // Gives such a reference back.
    AmdmStatus (*release)(AmdmContext *ctx, AmdmObject *object);
    // The `user_data` of an object of `amdm_graph_set_object`; the object is not ended while the
    // callback has it. `AMDM_STATUS_EMPTY`, and NULL in `out`, of any other object.
    AmdmStatus (*user_data)(AmdmContext *ctx, const AmdmObject *object, void **out);
    // A list kind from its members, each of that kind or a list of it, in order.
    AmdmStatus (*from_items)(AmdmContext *ctx,
                             const char *kind,
                             const AmdmObject *const *items,
                             size_t count,
                             AmdmObject **out);
    // The name of a field by its place, from 0, in the order in which fields were given.
    // `AMDM_STATUS_EMPTY` beyond the last.
    AmdmStatus (*field_name)(AmdmContext *ctx, const AmdmObject *object, size_t index, AmdmStr *out);
    // A copy in which these fields, which are given away, are replaced or added, or, with
    // `AMDM_VALUE_NONE`, removed; all else is shared. Of a list: the list of such copies.
    AmdmStatus (*with_fields)(AmdmContext *ctx,
                              const AmdmObject *object,
                              const AmdmNamedValue *fields,
                              size_t count,
                              AmdmObject **out);
} AmdmObjectApi;

// One lane's question at one step. As lists of it are arrays, it does not grow within a major
// version.
typedef struct {
    // `sizeof(AmdmRequest)`.
    size_t struct_size;
    // Who answers; NULL in the requests to a registered model, which is the one that is asked.
    AmdmModel *model;
    // The batch and the extents of one latent, such as [batch, channels, height, width].
    AmdmTensor *latent;
    // In training steps, fractions allowed; in [0, 1] for flow models.
    double timestep;
    // The condition of every row: what the model's `condition` gave, an object of
    // `amdm_graph_set_object`, or what a text encoder made of a prompt.
    AmdmObject *positive;
    // What guidance leads away from; NULL means the model's own unconditional.
    AmdmObject *negative;
    // Classifier-free guidance; 1 means the conditional prediction alone.
    double guidance;
    // This step, counted from 0.
    uint32_t step;
    // All steps.
    uint32_t steps;
} AmdmRequest;

// The answer to a request, in the model's own kind, shaped as the latent.
typedef struct {
    // `unconditional + guidance * (conditional - unconditional)`.
    AmdmTensor *guided;
    // Where parts were asked for, else NULL.
    AmdmTensor *conditional;
    // Where parts were asked for, else NULL.
    AmdmTensor *unconditional;
} AmdmPrediction;

// Networks: built in, in the model directories, or registered.
typedef struct {
    // Bytes of this table; functions are only ever added at its end.
    size_t struct_size;
    // A network by name. `options_json` may be NULL.
    AmdmStatus (*load)(AmdmContext *ctx, const char *name, const char *options_json, AmdmModel **out);
    // The network of a value of wire `MODEL`.
    AmdmStatus (*from_object)(AmdmContext *ctx, const AmdmObject *object, AmdmModel **out);
    // The value of wire `MODEL` with this network.
    AmdmStatus (*to_object)(AmdmContext *ctx, const AmdmModel *model, AmdmObject **out);
    // Facts about it as JSON: `name`, `family`, `prediction`, `latent_shape`, `latent_space`,
    // `latent_pixels`, `latent_scale`, `latent_shift`, `alphas_cumprod`, `final_alpha`, `clip`,
    // `conditioning_schema`, as `AmdmModelVtable.info_json` has them.
    AmdmStatus (*info)(AmdmContext *ctx, const AmdmModel *model, AmdmStr *out);
    // The timesteps that it recommends, first to last: `steps` of them.
    AmdmStatus (*timesteps)(AmdmContext *ctx, const AmdmModel *model, uint32_t steps, double *out);
    // All predictions of one step, in order, into `count` places; the tensors are lent to the
    // callback.
    AmdmStatus (*predict)(AmdmContext *ctx,
                          const AmdmRequest *requests,
                          size_t count,
                          uint32_t parts,
                          AmdmPrediction *out);
    // A value of wire `CONDITIONING` from JSON that fits the model's schema, and named tensors.
    AmdmStatus (*condition)(AmdmContext *ctx,
                            const AmdmModel *model,
                            const char *json,
                            const char *const *names,
                            const AmdmTensor *const *tensors,
                            size_t count,
                            AmdmObject **out);
    // Image [batch, height, width, channels] in [0, 1] to latent, through the model's codec.
    AmdmStatus (*encode)(AmdmContext *ctx,
                         const AmdmModel *model,
                         const AmdmTensor *image,
                         AmdmTensor **out);
    // Latent to image [batch, height, width, channels] in [0, 1], through the model's codec.
    AmdmStatus (*decode)(AmdmContext *ctx,
                         const AmdmModel *model,
                         const AmdmTensor *latent,
                         AmdmTensor **out);
    // Adds a reference, so that the model outlives the callback. A node that asks it in a later
    // run says `depends_on_more` there: that run does not know what it read.
    AmdmStatus (*retain)(AmdmContext *ctx, AmdmModel *model);
    // Gives such a reference back.
    AmdmStatus (*release)(AmdmContext *ctx, AmdmModel *model);
    // The same network with a small set of weights attached; the others stay shared.
    // `options_json` may be NULL. `AMDM_STATUS_UNSUPPORTED` of a model that takes none.
    AmdmStatus (*with_adapter)(AmdmContext *ctx,
                               const AmdmModel *model,
                               const char *name,
                               const char *options_json,
                               AmdmModel **out);
    // Names that there are of a kind, such as `models`, as a JSON list that lives as long as the
    // callback. A result that depends on it is not kept, as names come and go.
    AmdmStatus (*list_names)(AmdmContext *ctx, const char *kind, AmdmStr *names_json);
    // The same as `predict`, where the latents are `signal * x0 + noise * epsilon`; timesteps are those
    // of the requests. (`predict` takes the level that each model's own table has at the timestep.)
    // Both are finite, from 0, and not both 0.
    AmdmStatus (*predict_at)(AmdmContext *ctx,
                             const AmdmRequest *requests,
                             size_t count,
                             double signal,
                             double noise,
                             uint32_t parts,
                             AmdmPrediction *out);
    // Inside a model's `predict`: where the latent of request `index`, from 0, is on the forward
    // process. Its sigma is `noise / signal`.
    AmdmStatus (*request_level)(AmdmContext *ctx, size_t index, AmdmNoiseLevel *out);
    // A value of wire `VAE`: what turns its latents into images and back.
    // `AMDM_STATUS_NOT_FOUND` where its file holds none.
    AmdmStatus (*codec)(AmdmContext *ctx, const AmdmModel *model, AmdmObject **out);
    // A value of wire `CLIP`: what turns prompts into its conditions. `AMDM_STATUS_NOT_FOUND` where
    // its file holds none.
    AmdmStatus (*text_encoder)(AmdmContext *ctx, const AmdmModel *model, AmdmObject **out);
} AmdmModelApi;

// Pictures, by name inside the run's directories.
typedef struct {
    // Bytes of this table; functions are only ever added at its end.
    size_t struct_size;
    // A picture of the run's inputs: [1, height, width, 3 or 4], in [0, 1].
    AmdmStatus (*load)(AmdmContext *ctx, const char *name, AmdmTensor **out);
    // Writes one picture an image, with the graph inside, and keeps them for
    // `amdm_run_output_image`; `temporary` ones (1) are kept, not written. Gives the names written
    // as a JSON list.
    AmdmStatus (*save)(AmdmContext *ctx,
                       uint32_t temporary,
                       const char *prefix,
                       const AmdmTensor *image,
                       AmdmStr *names_json);
    // An image in another size; `filter` is `AMDM_FILTER_*`.
    AmdmStatus (*resize)(AmdmContext *ctx,
                         const AmdmTensor *image,
                         uint32_t width,
                         uint32_t height,
                         uint32_t filter,
                         AmdmTensor **out);
    // Lines of text on a plain ground: [1, height, width, 3], in letters of `size` pixels.
    AmdmStatus (*text)(AmdmContext *ctx,
                       const char *text,
                       uint32_t width,
                       uint32_t height,
                       float size,
                       AmdmTensor **out);
    // A mask [batch, height, width] grown `pixels` times (shrunk where negative) by a square of 3,
    // or by a cross where `tapered` (1).
    AmdmStatus (*grow)(AmdmContext *ctx,
                       const AmdmTensor *mask,
                       int32_t pixels,
                       uint32_t tapered,
                       AmdmTensor **out);
    // Edges after Canny: [batch, height, width, 3], 0 or 1; strong above `high`, going on above
    // `low`.
    AmdmStatus (*edges)(AmdmContext *ctx,
                        const AmdmTensor *image,
                        double low,
                        double high,
                        AmdmTensor **out);
    // Writes a file `.latent` with the values of a latent and the graph. Gives its name;
    // `AMDM_STATUS_EMPTY` where the run writes no pictures.
    AmdmStatus (*save_latent)(AmdmContext *ctx,
                              const char *prefix,
                              const AmdmTensor *latent,
                              AmdmStr *name);
} AmdmImageApi;

// Streams of standard normal values, the same for a seed on every device: those of torch's CPU
// generator.
typedef struct {
    // Bytes of this table; functions are only ever added at its end.
    size_t struct_size;
    // A stream, lent to the callback.
    AmdmStatus (*create)(AmdmContext *ctx, uint64_t seed, AmdmGenerator **out);
    // The next values of the stream.
    AmdmStatus (*normal)(AmdmContext *ctx,
                         AmdmGenerator *generator,
                         const uint32_t *shape,
                         size_t rank,
                         AmdmTensor **out);
    // Adds a reference, so that the stream outlives the callback.
    AmdmStatus (*retain)(AmdmContext *ctx, AmdmGenerator *generator);
    // Gives such a reference back.
    AmdmStatus (*release)(AmdmContext *ctx, AmdmGenerator *generator);
} AmdmGeneratorApi;

// Images to latents and back: values of wire `VAE`.
typedef struct {
    // Bytes of this table; functions are only ever added at its end.
    size_t struct_size;
    // Facts about it as JSON: `name`, `latent_space`, `latent_pixels`, `latent_scale` and
    // `latent_shift`, as `AmdmModelVtable.info_json` has them.
    AmdmStatus (*info)(AmdmContext *ctx, const AmdmObject *codec, AmdmStr *out);
    // Image [batch, height, width, channels] in [0, 1] to latent. With a `tile` above 0 parts of
    // so many pixels, which share `overlap`, one after the other.
    AmdmStatus (*encode)(AmdmContext *ctx,
                         const AmdmObject *codec,
                         const AmdmTensor *image,
                         uint32_t tile,
                         uint32_t overlap,
                         AmdmTensor **out);
    // Latent to image [batch, height, width, channels] in [0, 1]. `tile` and `overlap` as for
    // `encode`, in pixels of the image.
    AmdmStatus (*decode)(AmdmContext *ctx,
                         const AmdmObject *codec,
                         const AmdmTensor *latent,
                         uint32_t tile,
                         uint32_t overlap,
                         AmdmTensor **out);
    // A value of wire `VAE` from a file of its own, by its name below a model directory's folder
    // `vae`.
    AmdmStatus (*load)(AmdmContext *ctx, const char *name, AmdmObject **out);
} AmdmCodecApi;

// Prompts to what networks attend to: values of wire `CLIP`.
typedef struct {
    // Bytes of this table; functions are only ever added at its end.
    size_t struct_size;
    // Facts about it as JSON: `name`, `family`, `width` of a token's row, and `layers`.
    AmdmStatus (*info)(AmdmContext *ctx, const AmdmObject *encoder, AmdmStr *out);
    // The same encoder that stops at a layer: -1 the last, -2 the one before it, and so on; one
    // that is not there stands for the last.
    AmdmStatus (*with_last_layer)(AmdmContext *ctx,
                                  const AmdmObject *encoder,
                                  int32_t layer,
                                  AmdmObject **out);
    // A value of wire `CONDITIONING` with one entry from a prompt with weights and
    // `embedding:name`.
    AmdmStatus (*encode)(AmdmContext *ctx,
                         const AmdmObject *encoder,
                         const char *prompt,
                         AmdmObject **out);
} AmdmTextEncoderApi;

// All tables.
typedef struct {
    // `sizeof(AmdmNodeApi)`.
    size_t struct_size;
    // The node's inputs, outputs and reports; for models `fail`, `cancelled` and `log` alone.
    const AmdmCallApi *call;
    // The sampling's state. For step operators in `check` and `apply`.
    const AmdmStepApi *step;
    // Operations on tensors.
    const AmdmTensorApi *tensor;
    // Values of wires.
    const AmdmObjectApi *object;
    // Networks.
    const AmdmModelApi *model;
    // Pictures. Not for models.
    const AmdmImageApi *image;
    // Noise.
    const AmdmGeneratorApi *generator;
    // Images to latents and back.
    const AmdmCodecApi *codec;
    // Prompts to conditions.
    const AmdmTextEncoderApi *encoder;
} AmdmNodeApi;

// Steps [start, end).
typedef struct {
    // First step.
    uint32_t start;
    // One more than the last.
    uint32_t end;
} AmdmWindow;

// A class of nodes: its descriptor as JSON, and functions that the host calls.
//
// `descriptor_json` is an object as `amdm_host_node_schemas` lists them: `type`
// (`acme.blur.BoxBlur`), `pack` (`acme:blur`), `version`, `title`, `category`, `description`,
// `inputs`, `outputs`, and where they apply `output_node`, `step_operator` ({"phases": ["prepare",
// ...]}), `deterministic` (false: its results are not kept). `concurrent` (false) says whether
// several runs may call the node at once.
//
// Calls come on the thread that executes the run: the caller of `amdm_run_execute`, or the worker
// of `amdm_run_start`. A node that is no step operator needs `execute` alone; a step operator
// needs `make_operator`, `operator_window` and `operator_apply`.
typedef struct {
    // `sizeof(AmdmNodeVtable)`.
    size_t struct_size;
    // What the class is, copied at once.
    const char *descriptor_json;
    // Handed to every function.
    void *user_data;
    // Executes one node once: reads inputs, sets outputs.
    AmdmStatus (*execute)(void *user_data, AmdmContext *ctx, const AmdmNodeApi *api);
    // Makes an operator for one sampling and leaves a pointer of the embedder's in `out`.
    AmdmStatus (*make_operator)(void *user_data,
                                AmdmContext *ctx,
                                const AmdmNodeApi *api,
                                void **out);
    // Writes the steps in which the operator acts, of `steps`; `before` holds the windows of the
    // `count` operators before it in the chain.
    AmdmStatus (*operator_window)(void *user_data,
                                  void *operator_data,
                                  AmdmContext *ctx,
                                  const AmdmNodeApi *api,
                                  uint32_t steps,
                                  const AmdmWindow *before,
                                  size_t count,
                                  AmdmWindow *out);
    // Writes 1 where it needs conditional and unconditional predictions apart, else 0. NULL: it
    // does not.
    AmdmStatus (*operator_wants_parts)(void *user_data,
                                       void *operator_data,
                                       AmdmContext *ctx,
                                       const AmdmNodeApi *api,
                                       uint32_t *out);
    // Refuses what it cannot do with the lanes, before any network runs. NULL: it can do all.
    AmdmStatus (*operator_check)(void *user_data,
                                 void *operator_data,
                                 AmdmContext *ctx,
                                 const AmdmNodeApi *api);
    // Acts in one phase (`AMDM_PHASE_*`) of one step; phases are those that the descriptor names.
    AmdmStatus (*operator_apply)(void *user_data,
                                 void *operator_data,
                                 AmdmContext *ctx,
                                 const AmdmNodeApi *api,
                                 uint32_t phase);
    // Ends an operator; on any thread. May be NULL.
    void (*operator_destroy)(void *user_data, void *operator_data);
    // Called once for each registration, when the host needs the class no more, also where the
    // registration failed; on any thread. May be NULL.
    void (*destroy)(void *user_data);
} AmdmNodeVtable;

// A tensor to a tensor: `decode` and `encode` of a model.
typedef AmdmStatus (*AmdmModelCodec)(void *user_data,
                                     AmdmContext *ctx,
                                     const AmdmNodeApi *api,
                                     AmdmTensor *input,
                                     AmdmTensor **out);

// A model of the embedder's: facts as JSON, and functions that the host calls.
//
// `info_json` is an object with
//   `name`, by which graphs load it;
//   `prediction`: `epsilon`, `velocity`, `sample` or `flow`;
//   `latent_shape`: one latent without the batch, 2 to 4 extents, such as [channels, height,
//   width], [channels, time] of sound or [channels, time, height, width] of films;
//   `latent_space`: models are aggregated only where it is equal;
//   `alphas_cumprod`: numbers in (0, 1], falling, one for each training step; none for `flow`;
// and where they differ from the values in brackets:
//   `family` (""): models of one family take the same text encoders;
//   `latent_pixels` (1): pixels of an image's side for each value of a latent's side;
//   `latent_scale` (1) and `latent_shift` (0): requests see `(latent - shift) * scale` of what
//   wires carry, `decode` takes and `encode` gives; a number, or one for each channel;
//   `final_alpha` (1), in (0, 1]: what comes after the last step;
//   `clip` (null), above 0: predicted samples are held within [-clip, clip];
//   `conditioning_schema` ({}): JSON Schema of what `condition` takes;
//   `version` (null): with the facts above it says all that answers depend on, so that results may
//   be kept on disk and for other processes; a change of weights or code needs another one.
//   Without one results are kept in memory alone. What is computed with other models that a
//   callback asks is not kept at all, unless they are built in;
//   `deterministic` (true): false says that equal questions may get different answers, as from a
//   network that is changed while the host has it; what depends on its answers is never kept,
//   neither in memory nor on disk;
//   `parts` (false): whether it gives conditional and unconditional predictions apart;
//   `concurrent` (false): whether several runs may call it at once, else calls come one at a time.
//   Two models that ask each other must both be concurrent.
//
// A model stays until its host is destroyed and the last graph and run of it are. Functions may be
// NULL where it says so. Calls come on the thread that executes the run: the caller of
// `amdm_run_execute`, or the worker of `amdm_run_start`.
typedef struct {
    // `sizeof(AmdmModelVtable)`.
    size_t struct_size;
    // Facts, copied at once.
    const char *info_json;
    // Handed to every function.
    void *user_data;
    // Writes the `steps` timesteps that the model recommends, first to last; its failure ends the
    // sampling. NULL: trailing spacing over its `alphas_cumprod`, for `flow` evenly from 1.
    AmdmStatus (*timesteps)(void *user_data,
                            AmdmContext *ctx,
                            const AmdmNodeApi *api,
                            uint32_t steps,
                            double *out);
    // Answers all requests of a step to this model, in order. The requests' tensors and objects
    // are lent. `out` holds `count` predictions that are zeroed; the tensors left there are given
    // to the host, also on failure. With `parts` 1 all three are wanted, else `guided` alone.
    AmdmStatus (*predict)(void *user_data,
                          AmdmContext *ctx,
                          const AmdmNodeApi *api,
                          const AmdmRequest *requests,
                          size_t count,
                          uint32_t parts,
                          AmdmPrediction *out);
    // Makes a condition from JSON and named tensors, which are lent; the object left in `out` is
    // given to the host and comes back as `positive` and `negative`. Objects of
    // `amdm_graph_set_object` come there as well. NULL: an object of kind
    // `CONDITION` with the field `json` and the tensors.
    AmdmStatus (*condition)(void *user_data,
                            AmdmContext *ctx,
                            const AmdmNodeApi *api,
                            const char *json,
                            const char *const *names,
                            AmdmTensor *const *tensors,
                            size_t count,
                            AmdmObject **out);
    // Latent to image [batch, height, width, 3] in [0, 1], whatever the latent's rank; the tensor
    // left in `out` is given to the host. NULL: DecodeLatent refuses, and there are no previews.
    AmdmModelCodec decode;
    // Image to latent, the batch before the extents of `latent_shape`. NULL: EncodeImage refuses.
    AmdmModelCodec encode;
    // Called once, when the host needs the model no more, also where its registration failed; on
    // any thread. May be NULL.
    void (*destroy)(void *user_data);
} AmdmModelVtable;

// An image: rows of interleaved channels, top row first in memory order of `row_stride`.
//
// In: the library copies what it needs before it returns and calls `release`, if there is one,
// then. Out: the data lives until the caller calls `release(release_ctx)`, once; where `release`
// is NULL it is lent, for as long as the function that gave it says.
typedef struct {
    // `sizeof(AmdmImage)`.
    size_t struct_size;
    // Pixels in a row, 1 to 16384.
    uint32_t width;
    // Rows, 1 to 16384.
    uint32_t height;
    // 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha.
    uint32_t channels;
    // `AMDM_ELEMENT_*`.
    uint32_t element_type;
    // Bytes from a row to the next; negative where the last row lies first in memory, and `data`
    // then points to the top row. 0 means rows without a gap; -1, where an image is asked for, the
    // same with the last row first.
    int64_t row_stride;
    // `AMDM_ORDER_*`.
    uint32_t channel_order;
    // `AMDM_ALPHA_*`.
    uint32_t alpha_mode;
    // First byte of the top row.
    const void *data;
    // Ends the use of `data`; NULL where there is nothing to end.
    void (*release)(void *release_ctx);
    // Handed to `release`.
    void *release_ctx;
} AmdmImage;

// An output of a node, by its node's id and its name.
typedef struct {
    // Id of the node.
    const char *node;
    // Name of the output, such as `image`.
    const char *output;
} AmdmOutputName;

// How a run goes. All bytes 0 but the size are the defaults.
typedef struct {
    // `sizeof(AmdmRunDesc)`.
    size_t struct_size;
    // Where pictures are written, made at need; NULL: nothing is written, pictures are in memory
    // alone.
    const char *output_dir;
    // Outputs that are computed and kept besides those of output nodes.
    const AmdmOutputName *wanted;
    // How many.
    size_t wanted_count;
    // Ids of the output nodes that run.
    const char *const *targets;
    // How many; 0 runs all, unless outputs are wanted and there is no output node.
    size_t target_count;
    // Milliseconds between previews at the least; 0 gives none.
    uint32_t preview_ms;
    // 1 leaves the graph out of the pictures.
    uint32_t no_metadata;
    // Milliseconds after which the run ends; 0 for no limit.
    uint64_t timeout_ms;
    // Told that an event waits. It may only signal another thread, except under
    // `amdm_run_execute`, where it comes on that thread after every event and may call
    // `amdm_run_next_event`, `_poll` and `_cancel`. May be NULL.
    void (*wakeup)(void *user_data);
    // Handed to `wakeup`.
    void *user_data;
} AmdmRunDesc;

// What happened. Texts and the image live until the next `amdm_run_next_event` on the run.
typedef struct {
    // `sizeof(AmdmEvent)`, set by the caller.
    size_t struct_size;
    // `AMDM_EVENT_*`. Events of further kinds may be added; pass over those you do not know.
    uint32_t kind;
    // Steps done.
    uint32_t step;
    // Steps in all.
    uint32_t total;
    // 0.
    uint32_t reserved;
    // Time that a node took.
    double seconds;
    // The node's id.
    AmdmStr node;
    // A line of the log.
    AmdmStr text;
    // The whole event as JSON, as `amdm run --progress json` prints it.
    AmdmStr json;
    // The preview, 8-bit RGB; NULL for other events. It stays the library's: there is nothing to
    // release, and `image->release` is NULL.
    const AmdmImage *image;
} AmdmEvent;

// What ends an object of `amdm_graph_set_object`; NULL where there is nothing to end.
typedef void (*AmdmDestroy)(void *user_data);

// The functions of the library, under their names without `amdm_`; they are described at those.
// Functions are only ever added at the end: look at `struct_size` before using a later one.
typedef struct {
    // Bytes of this table.
    size_t struct_size;
    // `amdm_abi_version`.
    uint32_t (*abi_version)(void);
    // `amdm_version_string`.
    const char *(*version_string)(void);
    // `amdm_last_error`.
    const char *(*last_error)(void);
    // `amdm_string_free`.
    AmdmStatus (*string_free)(AmdmString *text);
    // `amdm_host_desc_init`.
    AmdmStatus (*host_desc_init)(AmdmHostDesc *desc, size_t size);
    // `amdm_host_create`.
    AmdmStatus (*host_create)(const AmdmHostDesc *desc, AmdmHost **out);
    // `amdm_host_destroy`.
    AmdmStatus (*host_destroy)(AmdmHost *host);
    // `amdm_host_load_pack`.
    AmdmStatus (*host_load_pack)(AmdmHost *host,
                                 const char *path,
                                 uint32_t flags,
                                 const char *sha256);
    // `amdm_host_register_node`.
    AmdmStatus (*host_register_node)(AmdmHost *host, const AmdmNodeVtable *vtable);
    // `amdm_host_register_model`.
    AmdmStatus (*host_register_model)(AmdmHost *host, const AmdmModelVtable *vtable);
    // `amdm_host_node_schemas`.
    AmdmStatus (*host_node_schemas)(AmdmHost *host, AmdmString *out);
    // `amdm_host_info`.
    AmdmStatus (*host_info)(AmdmHost *host, AmdmString *out);
    // `amdm_graph_from_json`.
    AmdmStatus (*graph_from_json)(AmdmHost *host, const char *data, size_t len, AmdmGraph **out);
    // `amdm_graph_validate`.
    AmdmStatus (*graph_validate)(AmdmGraph *graph, AmdmString *out);
    // `amdm_graph_inputs`.
    AmdmStatus (*graph_inputs)(AmdmGraph *graph, AmdmString *out);
    // `amdm_graph_set_json`.
    AmdmStatus (*graph_set_json)(AmdmGraph *graph,
                                 const char *node,
                                 const char *input,
                                 const char *json,
                                 size_t len);
    // `amdm_graph_set_image`.
    AmdmStatus (*graph_set_image)(AmdmGraph *graph,
                                  const char *node,
                                  const char *input,
                                  const AmdmImage *image);
    // `amdm_graph_set_tensor`.
    AmdmStatus (*graph_set_tensor)(AmdmGraph *graph,
                                   const char *node,
                                   const char *input,
                                   AmdmTensor *tensor);
    // `amdm_graph_destroy`.
    AmdmStatus (*graph_destroy)(AmdmGraph *graph);
    // `amdm_run_create`.
    AmdmStatus (*run_create)(AmdmGraph *graph, const AmdmRunDesc *desc, AmdmRun **out);
    // `amdm_run_start`.
    AmdmStatus (*run_start)(AmdmRun *run);
    // `amdm_run_execute`.
    AmdmStatus (*run_execute)(AmdmRun *run);
    // `amdm_run_poll`.
    AmdmStatus (*run_poll)(AmdmRun *run, uint32_t *state);
    // `amdm_run_wait`.
    AmdmStatus (*run_wait)(AmdmRun *run, int64_t timeout_ms);
    // `amdm_run_next_event`.
    AmdmStatus (*run_next_event)(AmdmRun *run, int64_t timeout_ms, AmdmEvent *event);
    // `amdm_run_cancel`.
    AmdmStatus (*run_cancel)(AmdmRun *run, uint32_t when);
    // `amdm_run_error`.
    AmdmStatus (*run_error)(AmdmRun *run, AmdmString *out);
    // `amdm_run_output_image`.
    AmdmStatus (*run_output_image)(AmdmRun *run,
                                   const char *node,
                                   const char *output,
                                   uint32_t index,
                                   AmdmImage *image);
    // `amdm_run_output_tensor`.
    AmdmStatus (*run_output_tensor)(AmdmRun *run,
                                    const char *node,
                                    const char *output,
                                    AmdmTensor **out);
    // `amdm_run_output_json`.
    AmdmStatus (*run_output_json)(AmdmRun *run, AmdmString *out);
    // `amdm_run_destroy`.
    AmdmStatus (*run_destroy)(AmdmRun *run);
    // `amdm_tensor_from_dlpack`.
    AmdmStatus (*tensor_from_dlpack)(AmdmHost *host,
                                     struct DLManagedTensorVersioned *managed,
                                     int64_t stream,
                                     AmdmTensor **out);
    // `amdm_tensor_to_dlpack`.
    AmdmStatus (*tensor_to_dlpack)(const AmdmTensor *tensor,
                                   int64_t stream,
                                   struct DLManagedTensorVersioned **out);
    // `amdm_tensor_info`.
    AmdmStatus (*tensor_info)(const AmdmTensor *tensor, AmdmTensorInfo *info);
    // `amdm_tensor_retain`.
    AmdmStatus (*tensor_retain)(AmdmTensor *tensor);
    // `amdm_tensor_release`.
    AmdmStatus (*tensor_release)(AmdmTensor *tensor);
    // `amdm_host_model_info`.
    AmdmStatus (*host_model_info)(AmdmHost *host, const char *name, AmdmString *out);
    // `amdm_lane_seed`.
    uint64_t (*lane_seed)(uint64_t seed, uint32_t lane);
    // `amdm_graph_set_model`.
    AmdmStatus (*graph_set_model)(AmdmGraph *graph,
                                  const char *node,
                                  const char *input,
                                  const AmdmModelVtable *vtable);
    // `amdm_graph_set_object`.
    AmdmStatus (*graph_set_object)(AmdmGraph *graph,
                                   const char *node,
                                   const char *input,
                                   void *user_data,
                                   AmdmDestroy destroy);
} AmdmApi;

// What a native pack exports, as the data symbol `amdm_pack_entry`.
//
// A process opens a pack once, by its content: hosts that load the same bytes share it, wherever
// they lie. It is never closed. On Linux what runs is a copy in memory of the bytes whose SHA-256
// was checked, so nobody can exchange the file in between; the loader looks for other libraries in
// the system's places alone (`$ORIGIN` is not the pack's directory). On other systems the file is
// opened again by its path: there its directory must be writable by nobody else.
typedef struct {
    // `sizeof(AmdmPackEntry)`.
    size_t struct_size;
    // `AMDM_ABI_MAJOR` of the header that it was compiled with; another one is refused. The first
    // three fields stay where they are in all versions.
    uint32_t abi_major;
    // `AMDM_ABI_MINOR` of that header; a library with a lower one refuses the pack.
    uint32_t abi_minor;
    // Called before anything else of the pack, with the library's functions and the canonical path
    // that the pack was loaded from first: once in a process, or until it returns 0. May be NULL.
    // A pack that calls the library must do so through this table: its own symbols may not be
    // found.
    AmdmStatus (*init)(const AmdmApi *api, const char *path);
    // Kept for a later version; never called, as packs are not unloaded. May be NULL.
    void (*deinit)(void);
    // Gives what the pack brings of a kind, or NULL. `amdm.nodes/0` gives an `AmdmNodeFactory`.
    // Called by each host that loads the pack, by one at a time.
    const void *(*get_factory)(const char *id);
} AmdmPackEntry;

// The nodes of a native pack: all of them become classes of the host, or none.
//
// Names of packs in their descriptors are the file's own: nodes cannot be added to a pack that is
// there already.
typedef struct {
    // `sizeof(AmdmNodeFactory)`.
    size_t struct_size;
    // How many nodes there are, 1 at the least.
    uint32_t count;
    // 0.
    uint32_t reserved;
    // The node `index`, 0 to `count - 1`; lives as long as the process.
    //
    // Each host that loads the pack asks for it, and calls the vtable's `destroy` once: when it
    // needs the class no more, or at once where it refuses the pack. So a `destroy` comes as often
    // as a vtable was given, and must leave alone what the next host needs.
    const AmdmNodeVtable *(*node)(uint32_t index);
} AmdmNodeFactory;

// Success.
#define AMDM_STATUS_OK 0

// A pointer that must not be NULL is, a length or an enumeration is out of range, a text is not
// UTF-8.
#define AMDM_STATUS_INVALID_ARGUMENT -1

// A handle that is NULL, was destroyed, or is of another kind.
#define AMDM_STATUS_INVALID_HANDLE -2

// The header that the caller was compiled with has another major version than the library.
#define AMDM_STATUS_ABI_MISMATCH -3

// Called from inside a callback that must not call it.
#define AMDM_STATUS_WRONG_THREAD -4

// Not in this state: a run started twice, an output before the run has ended.
#define AMDM_STATUS_WRONG_STATE -5

// Nothing is there: no event, no such output.
#define AMDM_STATUS_EMPTY -6

// The time to wait is over; the run goes on.
#define AMDM_STATUS_TIMEOUT -7

// A defect of the library; the process is unharmed, the object may not be.
#define AMDM_STATUS_PANIC -8

// A file or text is no graph, or the graph is not valid; the error text lists why.
#define AMDM_STATUS_INVALID_GRAPH -9

// A value does not fit: out of range, wrong shape, contradicting another.
#define AMDM_STATUS_INVALID_INPUT -10

// A name that nothing answers to.
#define AMDM_STATUS_NOT_FOUND -11

// Well-formed, but not something that this build, model or device can do.
#define AMDM_STATUS_UNSUPPORTED -12

// The device or the process has no memory left for it.
#define AMDM_STATUS_OUT_OF_MEMORY -13

// A configured bound was reached.
#define AMDM_STATUS_LIMIT_EXCEEDED -14

// Reading or writing failed.
#define AMDM_STATUS_INPUT_OUTPUT -15

// The run was cancelled.
#define AMDM_STATUS_CANCELLED -16

// Not permitted, such as a path outside the run's directories or a pack that is not allow-listed.
#define AMDM_STATUS_DENIED -17

// A defect of a node, a model or the library, found in time.
#define AMDM_STATUS_INTERNAL -18

// A pack crashed; it ran isolated, so nothing else is harmed.
#define AMDM_STATUS_TRAP -19

// The run's time, or a pack's, is up.
#define AMDM_STATUS_TIME_UP -20

// A file is no usable pack.
#define AMDM_STATUS_PACK_INVALID -21

// A pack or node behaves unlike its own description.
#define AMDM_STATUS_PACK_MISMATCH -22

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the interface that the library has: `major << 16 | minor`.
//
// \thread any, also inside callbacks
uint32_t amdm_abi_version(void);

// The version of the library, such as `0.1.0`; lives as long as the process.
//
// \thread any, also inside callbacks
const char *amdm_version_string(void);

// Why the last call on this thread that failed did so, for people; never NULL. It lives until the
// next call of the library on this thread.
//
// \thread any, also inside callbacks
const char *amdm_last_error(void);

// Frees a text that the library gave and clears the struct; NULL, and a cleared struct, are fine.
//
// \thread any, also inside callbacks
AmdmStatus amdm_string_free(AmdmString *text);

// The seed of the noise that lane `lane`, counted from 0, of a sampling with `seed` draws where the
// graph gives the lane none: a stream of `AmdmGeneratorApi` with it gives the same values. Lane 0 has
// `seed` itself. The function never changes.
//
// \thread any, also inside callbacks
uint64_t amdm_lane_seed(uint64_t seed,
                        uint32_t lane);

// The functions of the library as a table, for programs that load it with `dlopen`; NULL where the
// library has another major version than `abi_major`. It lives as long as the library.
//
// \thread any, also inside callbacks
const AmdmApi *amdm_get_api(uint32_t abi_major);

// Reads a graph: in API format (bare or under `prompt`), as editors save workflows, or a PNG or
// WebP picture with either inside.
//
// `data` is copied. `*out` is the caller's, who destroys it; it keeps the host's nodes and models
// alive. The graph need not be valid: `amdm_graph_validate` says what is wrong with it.
//
// \thread one at a time for the host
AmdmStatus amdm_graph_from_json(AmdmHost *host, const char *data, size_t len, AmdmGraph **out);

// Judges a graph: writes `{"error", "node_errors", "warnings"}` as JSON, in the form that node
// editors read; the caller frees the text.
//
// `AMDM_STATUS_OK` where it is valid, else `AMDM_STATUS_INVALID_GRAPH`, with all errors in the
// text and in `amdm_last_error`. `out` may be NULL.
//
// \thread one at a time for the graph
AmdmStatus amdm_graph_validate(AmdmGraph *graph, AmdmString *out);

// Lists the inputs that take values, as JSON; the caller frees the text. Of each: `node` (its id),
// `class`, `input`, `type`, where they apply `title`, `value` (present), `link` (where it comes
// from instead), `min`, `max`, `choices`, `help`, `parameter` (that the graph declares for it),
// and `setting`, the name of all of it. Sockets that images and tensors can be set to are not
// among them.
//
// \thread one at a time for the graph
AmdmStatus amdm_graph_inputs(AmdmGraph *graph, AmdmString *out);

// Sets an input to a JSON value, such as `7`, `"euler"`, or a link `["4", 0]`.
//
// `node` is an id or a title; an empty text where `input` is the name of a parameter that the
// graph declares. Validation judges the value. On failure nothing is changed.
//
// Failures: `INVALID_GRAPH` where the node or input is not there, or a title means several nodes.
//
// \thread one at a time for the graph
AmdmStatus amdm_graph_set_json(AmdmGraph *graph,
                               const char *node,
                               const char *input,
                               const char *json,
                               size_t len);

// Sets an input to an image: an `IMAGE` or `MASK` in place of its link, or an input that names a
// picture, such as `LoadImage.image`. Setting it again replaces what was set.
//
// A `MASK` takes the values of a grey image, or else the alpha, as they are: 1 is inside. (The
// mask that `LoadImage` gives is 1 where its picture is transparent.)
//
// Where a link is replaced, pictures made from the graph are stored without the editor's workflow,
// which has no such node. Nodes that only the replaced link needed stay in the graph and are
// judged with it: where one of them is a `LoadImage` of a missing picture, set that node's `image`
// instead.
//
// The pixels are copied before this returns, and `image->release` is then called, also on failure.
// On failure the graph is what it was. Pictures made from the graph record `memory:<sha256>` in
// place of the image.
//
// \thread one at a time for the graph
AmdmStatus amdm_graph_set_image(AmdmGraph *graph,
                                const char *node,
                                const char *input,
                                const AmdmImage *image);

// Sets an `IMAGE` [batch, height, width, channels], `MASK` [batch, height, width], `LATENT` or
// `SIGMAS` [steps + 1] input to a tensor, in place of its link. A latent has the batch and 2 to 4
// extents, such as [batch, channels, height, width], and is taken to be of the consumer's latent
// space.
//
// The graph keeps a reference of its own.
//
// \thread one at a time for the graph
AmdmStatus amdm_graph_set_tensor(AmdmGraph *graph,
                                 const char *node,
                                 const char *input,
                                 AmdmTensor *tensor);

// Ends a graph. Runs made from it go on. NULL is fine.
//
// \thread one at a time for the graph
AmdmStatus amdm_graph_destroy(AmdmGraph *graph);

// Fills a description with the defaults: `auto`, all cores, 512 MiB of results in memory and none
// on disk, compiled packs in the user's cache directory, no other directories, no log.
//
// `size` is `sizeof(AmdmHostDesc)`; no more is written.
//
// \thread any
AmdmStatus amdm_host_desc_init(AmdmHostDesc *desc, size_t size);

// Opens the device, the standard pack and what the description names.
//
// The description and its texts are copied. `*out` is the caller's, who destroys it.
//
// Failures: `ABI_MISMATCH` for a header of another major version, `UNSUPPORTED` for a device that
// this build or machine has not, `INPUT_OUTPUT` for directories that cannot be read.
//
// \thread any
AmdmStatus amdm_host_create(const AmdmHostDesc *desc, AmdmHost **out);

// Ends a host: its runs are cancelled and waited for, and nothing runs on it any more. Registered
// nodes and models are destroyed with the last graph or run that uses them. NULL is fine.
//
// Graphs and runs of the host stay handles, and are destroyed by their own functions; making or
// starting a run of them is `AMDM_STATUS_WRONG_STATE`.
//
// \thread any, not inside callbacks
AmdmStatus amdm_host_destroy(AmdmHost *host);

// Adds a pack from a file, for the graphs that are made from now on.
//
// Without flags the file is a WebAssembly component, which runs isolated, and `sha256` may be
// NULL; where it is given (64 hexadecimal digits), another file is refused. With
// `AMDM_LOAD_NATIVE` it is a library with the symbol `amdm_pack_entry`, and `sha256` must be
// given: loading it runs its code with all rights of the process. It is never unloaded; see
// `AmdmPackEntry`. Its nodes are there together, or after a failure none of them. From then on
// `amdm_host_info` lists it, and the log of every run of the host begins with a warning
// (`AMDM_LOG_WARN`) that native code is loaded, with its path and SHA-256.
//
// Failures: `PACK_INVALID`; `ABI_MISMATCH` for a native pack of another version, with both
// numbers; `DENIED` for another file than `sha256` says; `INPUT_OUTPUT` for a file that cannot be
// read or is larger than packs may be (64 MiB).
//
// \thread any
AmdmStatus amdm_host_load_pack(AmdmHost *host,
                               const char *path,
                               uint32_t flags,
                               const char *sha256);

// Adds a class of nodes of the caller's own, for the graphs that are made from now on.
//
// The vtable and its texts are copied. `destroy` is called once: when the host is through with the
// class, or at once where this fails.
//
// Failures: `INVALID_ARGUMENT` for what is no descriptor, `INVALID_INPUT` for a class that is
// there already or is not named after its pack, `DENIED` for a pack named `amdm:*`.
//
// \thread any
AmdmStatus amdm_host_register_node(AmdmHost *host, const AmdmNodeVtable *vtable);

// Adds a model of the caller's own, which graphs load by its name in `ModelLoader`.
//
// The vtable and its texts are copied. `destroy` is called once: when the host is through with the
// model, or at once where this fails.
//
// Failures: `INVALID_ARGUMENT` for an `info_json` that does not fit, `INVALID_INPUT` for a name
// that is taken.
//
// \thread any
AmdmStatus amdm_host_register_model(AmdmHost *host, const AmdmModelVtable *vtable);

// A model of the caller's own for one graph: the `MODEL` input `input` of `node`, such as a
// lane's, reads it in place of its link. Setting it again replaces what was set.
//
// `node` and `input` as in `amdm_graph_set_json`, the vtable as in `amdm_host_register_model`, but
// that the model has no name: `name` may be any text and is for messages. What other inputs are
// set to is another model, even with the same vtable; calls of each come one at a time unless it
// is `concurrent`. Conditions that models of one name make are taken for each other's. Results
// that depend on the model are kept in memory for later runs of this graph, until it is set again,
// and never on disk, whatever its `version`; none where it is not `deterministic`. Pictures made
// from the graph record where it was set, and nothing of it.
//
// The vtable and its texts are copied. `destroy` is called once, on any thread: when the graph and
// the last run made of it need the model no more, or at once where this fails.
//
// Failures: `INVALID_ARGUMENT` for an `info_json` that does not fit, `INVALID_INPUT` for an input
// of another type, `INVALID_GRAPH` where the node or input is not there.
//
// \thread one at a time for the graph
AmdmStatus amdm_graph_set_model(AmdmGraph *graph,
                                const char *node,
                                const char *input,
                                const AmdmModelVtable *vtable);

// An object of the caller's own for one graph: the input `input` of `node`, a `CONDITIONING` or a
// socket of a type that none of the library's own nodes has, reads it in place of its link.
// Setting it again replaces what was set.
//
// As a condition it comes to registered models, and to those of `amdm_graph_set_model`, as
// `positive` or `negative` of their requests; any other model refuses it as it does the condition
// of another model. `AmdmObjectApi.user_data` gives `user_data` back. `node` and `input` as in
// `amdm_graph_set_json`. Results that depend on the object are kept as for `amdm_graph_set_model`.
//
// `destroy` may be NULL. It is called once, on any thread: when the graph and the last run made of
// it need the object no more, or at once where this fails.
//
// Failures: `INVALID_INPUT` for an input of another type, `INVALID_GRAPH` where the node or input
// is not there.
//
// \thread one at a time for the graph
AmdmStatus amdm_graph_set_object(AmdmGraph *graph,
                                 const char *node,
                                 const char *input,
                                 void *user_data,
                                 AmdmDestroy destroy);

// Writes all classes of nodes as a JSON list of descriptors; the caller frees the text.
//
// \thread any
AmdmStatus amdm_host_node_schemas(AmdmHost *host, AmdmString *out);

// Writes facts about a model as a JSON object, as `AmdmModelVtable.info_json` has them: for
// instance what it can be conditioned with (`conditioning_schema`, JSON Schema) and how large its
// latents are. The model is loaded, if it was not. The caller frees the text.
//
// Failures: `NOT_FOUND` with the names that there are, and those of loading.
//
// \thread any
AmdmStatus amdm_host_model_info(AmdmHost *host, const char *name, AmdmString *out);

// Writes facts about the host as a JSON object: `version`, `abi`, `device`, `threads`,
// `memory_budget`, `packs`, `models`; the caller frees the text.
//
// Each of `packs` has `name`, `version`, `sha256` (of what was loaded), `built_in`, `native`, and
// where it is not built in `path`. `native` is true for what `AMDM_LOAD_NATIVE` loaded: its code
// is not isolated.
//
// \thread any
AmdmStatus amdm_host_info(AmdmHost *host, AmdmString *out);

// Prepares a run of a graph as it stands now; later changes of the graph do not matter to it.
//
// The description and its texts are copied. `*out` is the caller's, who destroys it.
//
// Failures: `INVALID_GRAPH` with all errors in `amdm_last_error`.
//
// \thread one at a time for the graph
AmdmStatus amdm_run_create(AmdmGraph *graph, const AmdmRunDesc *desc, AmdmRun **out);

// Starts a run on a thread of its own and returns.
//
// Failures: `WRONG_STATE` for a run that was started before.
//
// \thread any
AmdmStatus amdm_run_start(AmdmRun *run);

// Runs a graph and returns when it has ended. Registered nodes and models, and `wakeup`, are
// called on this thread.
//
// Returns the status that the run ended with; `amdm_run_error` says more.
//
// \thread any
AmdmStatus amdm_run_execute(AmdmRun *run);

// Writes the state of a run, `AMDM_RUN_*`.
//
// \thread any, also inside callbacks
AmdmStatus amdm_run_poll(AmdmRun *run, uint32_t *state);

// Waits for the end of a run, at most `timeout_ms` milliseconds; a negative number waits for ever.
// After it has returned the run's end no callback of the run comes any more.
//
// Returns the status that the run ended with, `AMDM_STATUS_TIMEOUT`, or `AMDM_STATUS_WRONG_STATE`
// for a run that was not started.
//
// \thread any
AmdmStatus amdm_run_wait(AmdmRun *run, int64_t timeout_ms);

// Cancels a run: `AMDM_CANCEL_NOW`, or `AMDM_CANCEL_AFTER_IMAGE`. The last event still comes. A
// run that has ended is unharmed. One that was not started is stopped once it is: at its start, or
// after its first picture.
//
// \thread any, also inside callbacks
AmdmStatus amdm_run_cancel(AmdmRun *run, uint32_t when);

// Ends a run: cancels it and waits for it where it goes on. Images and tensors that were fetched
// stay. NULL is fine.
//
// \thread any, not inside callbacks
AmdmStatus amdm_run_destroy(AmdmRun *run);

// Takes the next event, waiting for it at most `timeout_ms` milliseconds; a negative number waits
// for ever. `event->struct_size` is set by the caller.
//
// `AMDM_STATUS_EMPTY` where none came in time, and after the last one (`AMDM_EVENT_FINISHED`).
// Where nobody takes events, the oldest of progress and log are lost beyond 4096 that wait, and of
// previews beyond 8; no other ever is.
//
// \thread any, one at a time for the run; also inside callbacks, there with `timeout_ms` 0
AmdmStatus amdm_run_next_event(AmdmRun *run, int64_t timeout_ms, AmdmEvent *event);

// Writes why a run failed, as JSON: `code`, `node` ({"id", "class", "title"}), `input`,
// `message`; the caller frees the text.
//
// `AMDM_STATUS_EMPTY` for a run that succeeded, `AMDM_STATUS_WRONG_STATE` before the end.
//
// \thread any
AmdmStatus amdm_run_error(AmdmRun *run, AmdmString *out);

// Gives an image of a run that has ended: the `index`-th that the node saved or showed, or of an
// output that was wanted, where `output` is its name (else NULL).
//
// `image` says which layout is wanted by `channels` (0: the image's own), `element_type` (0:
// bytes), `channel_order`, `alpha_mode` and `row_stride` (0: no gaps; -1: no gaps, last row
// first); everything else is filled in. A mask is an image of one channel. The data is the
// caller's until `image->release(image->release_ctx)`, once.
//
// Failures: `EMPTY` where there is no such image, `WRONG_STATE` before the end.
//
// \thread any
AmdmStatus amdm_run_output_image(AmdmRun *run,
                                 const char *node,
                                 const char *output,
                                 uint32_t index,
                                 AmdmImage *image);

// Gives the tensor of an output that was wanted, or what a node saved or showed where `output` is
// NULL (the last batch); of a latent its samples. The caller releases it.
//
// Failures: `EMPTY` where there is none, `WRONG_STATE` before the end.
//
// \thread any
AmdmStatus amdm_run_output_tensor(AmdmRun *run,
                                  const char *node,
                                  const char *output,
                                  AmdmTensor **out);

// Writes all about a run that has ended, as JSON; the caller frees the text. `status` (`finished`
// or `failed`, with `error`, also after a cancel), `outputs` (files: `node`, `path`, `sha256`,
// `bytes`, `width`, `height`), `nodes` (those that ran or were kept, with `seconds`), `passes` of
// networks, `seconds`, `device`, `seeds`, `warnings`, `versions`, and under `values` the wanted
// outputs that are plain, by node and name.
//
// \thread any
AmdmStatus amdm_run_output_json(AmdmRun *run, AmdmString *out);

// Makes a tensor from one of another library, by one copy to the host's device.
//
// `managed` is a `DLManagedTensorVersioned` of DLPack 1.x in memory of the CPU, float32, float16,
// bfloat16, float64, uint8, bool or int64 (read as float32: bytes stay 0 to 255), any strides. On
// success it is consumed: its deleter was called. On failure it stays the caller's. `stream` is
// for devices with streams and is 0 or -1 for the CPU. The tensor has one reference, which the
// caller releases.
//
// \thread any, also inside callbacks
AmdmStatus amdm_tensor_from_dlpack(AmdmHost *host,
                                   struct DLManagedTensorVersioned *managed,
                                   int64_t stream,
                                   AmdmTensor **out);

// Shows a tensor to another library, without a copy.
//
// The caller owns `*out`, a `DLManagedTensorVersioned` of DLPack 1.0 that is read-only, and calls its
// deleter once; the values live until then, whatever happens to the handle. Tensors on a GPU are
// `AMDM_STATUS_UNSUPPORTED` in this version. `stream` as in the array API's `__dlpack__`: 0 or -1 on
// the CPU.
//
// \thread any, also inside callbacks
AmdmStatus amdm_tensor_to_dlpack(const AmdmTensor *tensor,
                                 int64_t stream,
                                 struct DLManagedTensorVersioned **out);

// Says what a tensor is.
//
// `info->struct_size` is set by the caller. `info->device` lives as long as the tensor.
//
// \thread any, also inside callbacks
AmdmStatus amdm_tensor_info(const AmdmTensor *tensor, AmdmTensorInfo *info);

// Adds a reference, so that the tensor outlives the callback or the run it came from.
//
// \thread any, also inside callbacks
AmdmStatus amdm_tensor_retain(AmdmTensor *tensor);

// Gives a reference back; the last one frees the tensor. NULL is fine.
//
// \thread any, also inside callbacks
AmdmStatus amdm_tensor_release(AmdmTensor *tensor);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* AMDM_H */
