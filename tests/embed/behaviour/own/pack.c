/* The node and the operator as a native pack. What they are and what they say is in descriptors.h,
 * which the test writes. The file that AMDM_TEST_APPLIED names gets a line with phase and step for
 * each call of the operator. */
#include <stdio.h>
#include <stdlib.h>

#include "amdm.h"
#include "descriptors.h"

#define TRY(call)                                                                                    \
    do {                                                                                             \
        AmdmStatus status_ = (call);                                                                 \
        if (status_ != AMDM_STATUS_OK) return status_;                                               \
    } while (0)

static AmdmStatus execute(void *user, AmdmContext *ctx, const AmdmNodeApi *api) {
    const AmdmCallApi *call = api->call;
    AmdmValue image, amount, turned, half;
    (void)user;
    TRY(call->input(ctx, "amount", &amount));
    TRY(call->progress(ctx, 1, 2));
    if (amount.as.number == REFUSED) {
        TRY(call->fail(ctx, AMDM_STATUS_INVALID_INPUT, REFUSAL, "amount"));
        return AMDM_STATUS_INVALID_INPUT;
    }
    TRY(call->log(ctx, AMDM_LOG_WARN, WARNING));
    TRY(call->set_ui(ctx, "{\"turned\": true}"));
    TRY(call->input(ctx, "image", &image));
    turned.kind = AMDM_VALUE_TENSOR;
    turned.reserved = 0;
    TRY(api->tensor->affine(ctx, image.as.tensor, 1.0 - 2.0 * amount.as.number, amount.as.number,
                            &turned.as.tensor));
    TRY(call->set_output(ctx, "image", turned));
    half.kind = AMDM_VALUE_FLOAT;
    half.reserved = 0;
    half.as.number = amount.as.number / 2.0;
    TRY(call->set_output(ctx, "half", half));
    return call->progress(ctx, 2, 2);
}

static AmdmStatus make(void *user, AmdmContext *ctx, const AmdmNodeApi *api, void **out) {
    AmdmValue by;
    double *made = malloc(sizeof *made);
    AmdmStatus status;
    (void)user;
    if (!made) return AMDM_STATUS_OUT_OF_MEMORY;
    status = api->call->input(ctx, "by", &by);
    if (status != AMDM_STATUS_OK) {
        free(made);
        return status;
    }
    *made = by.as.number;
    *out = made;
    return AMDM_STATUS_OK;
}

static AmdmStatus window(void *user, void *data, AmdmContext *ctx, const AmdmNodeApi *api,
                         uint32_t steps, const AmdmWindow *before, size_t count, AmdmWindow *out) {
    uint32_t start = 0;
    size_t i;
    (void)user;
    (void)data;
    (void)ctx;
    (void)api;
    for (i = 0; i < count; i++) {
        if (before[i].start > start) start = before[i].start;
    }
    out->start = start + 1;
    out->end = steps;
    return AMDM_STATUS_OK;
}

static AmdmStatus wants_parts(void *user, void *data, AmdmContext *ctx, const AmdmNodeApi *api,
                              uint32_t *out) {
    (void)user;
    (void)data;
    (void)ctx;
    (void)api;
    *out = 1;
    return AMDM_STATUS_OK;
}

static AmdmStatus check(void *user, void *data, AmdmContext *ctx, const AmdmNodeApi *api) {
    uint32_t lanes;
    (void)user;
    (void)data;
    TRY(api->step->lanes(ctx, &lanes));
    if (lanes > 2) {
        TRY(api->call->fail(ctx, AMDM_STATUS_INVALID_INPUT, THREE_LANES, NULL));
        return AMDM_STATUS_INVALID_INPUT;
    }
    return AMDM_STATUS_OK;
}

static AmdmStatus predicted(AmdmContext *ctx, const AmdmNodeApi *api, uint32_t lane, double by) {
    AmdmTensor *with, *without, *made;
    const AmdmTensor *terms[2];
    double weights[2];
    uint32_t has;
    TRY(api->step->has_prediction(ctx, lane, &has));
    if (!has) return AMDM_STATUS_OK;
    TRY(api->step->epsilon(ctx, lane, AMDM_PART_CONDITIONAL, &with));
    TRY(api->step->epsilon(ctx, lane, AMDM_PART_UNCONDITIONAL, &without));
    terms[0] = with;
    terms[1] = without;
    weights[0] = 1.0 + by;
    weights[1] = -by;
    TRY(api->tensor->linear_combination(ctx, terms, weights, 2, &made));
    return api->step->set_epsilon(ctx, lane, made);
}

static void note(uint32_t phase, uint32_t index) {
    const char *path = getenv("AMDM_TEST_APPLIED");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) {
        fprintf(file, "%u %u\n", (unsigned)phase, (unsigned)index);
        fclose(file);
    }
}

static AmdmStatus apply(void *user, void *data, AmdmContext *ctx, const AmdmNodeApi *api,
                        uint32_t phase) {
    double by = *(double *)data, guidance;
    uint32_t lane, lanes, index;
    AmdmTensor *latent, *made;
    (void)user;
    TRY(api->step->index(ctx, &index));
    note(phase, index);
    TRY(api->step->lanes(ctx, &lanes));
    for (lane = 0; lane < lanes; lane++) {
        if (phase == AMDM_PHASE_PREPARE) {
            TRY(api->step->guidance(ctx, lane, &guidance));
            TRY(api->step->set_guidance(ctx, lane, guidance + by));
        } else if (phase == AMDM_PHASE_PREDICTED) {
            TRY(predicted(ctx, api, lane, by));
        } else {
            TRY(api->step->latent(ctx, lane, &latent));
            TRY(api->tensor->affine(ctx, latent, 1.0 - by / 16.0, 0.0, &made));
            TRY(api->step->set_latent(ctx, lane, made));
        }
    }
    return AMDM_STATUS_OK;
}

static void destroy_operator(void *user, void *data) {
    (void)user;
    free(data);
}

static AmdmNodeVtable nodes[2];

static const AmdmNodeVtable *node(uint32_t index) {
    nodes[0].struct_size = nodes[1].struct_size = sizeof nodes[0];
    nodes[0].descriptor_json = TURN;
    nodes[0].execute = execute;
    nodes[1].descriptor_json = NUDGE;
    nodes[1].make_operator = make;
    nodes[1].operator_window = window;
    nodes[1].operator_wants_parts = wants_parts;
    nodes[1].operator_check = check;
    nodes[1].operator_apply = apply;
    nodes[1].operator_destroy = destroy_operator;
    return &nodes[index];
}

static const AmdmNodeFactory factory = {sizeof(AmdmNodeFactory), 2, 0, node};

static const void *get_factory(const char *id) {
    (void)id;
    return &factory;
}

extern const AmdmPackEntry amdm_pack_entry;
const AmdmPackEntry amdm_pack_entry = {
    sizeof(AmdmPackEntry), AMDM_ABI_MAJOR, AMDM_ABI_MINOR, NULL, NULL, get_factory,
};
