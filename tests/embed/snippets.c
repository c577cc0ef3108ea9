/* Puts the README's node, operator and model into one graph. Argument: the library's path. */
#include <amdm.h>

#include <stdio.h>
#include <string.h>

extern const AmdmApi *load(const char *path);
extern const AmdmNodeVtable INVERT;
extern AmdmStatus add_guidance_fade(AmdmHost *host);
extern AmdmStatus add_grey(AmdmHost *host);
extern AmdmStatus lend(AmdmGraph *graph, void *prompt, void (*end)(void *));

static const char GRAPH[] =
    "{\"model\": {\"class_type\": \"ModelLoader\", \"inputs\": {\"model_name\": \"grey\"}},"
    " \"what\": {\"class_type\": \"ConditionJson\","
    "   \"inputs\": {\"model\": [\"model\", 0], \"json\": \"{}\"}},"
    " \"lane\": {\"class_type\": \"Lane\", \"inputs\":"
    "   {\"model\": [\"model\", 0], \"positive\": [\"what\", 0], \"guidance\": 6}},"
    " \"start\": {\"class_type\": \"EmptyLatent\", \"inputs\": {\"model\": [\"model\", 0]}},"
    " \"fade\": {\"class_type\": \"acme.steps.GuidanceFade\", \"inputs\": {}},"
    " \"watch\": {\"class_type\": \"test.watch.Watch\", \"inputs\": {\"policy\": [\"fade\", 0]}},"
    " \"sampler\": {\"class_type\": \"Sampler\", \"inputs\": {\"lanes\": [\"lane\", 0],"
    "   \"latent\": [\"start\", 0], \"policy\": [\"watch\", 0], \"steps\": 5,"
    "   \"solver\": \"euler\", \"eta\": 0}},"
    " \"image\": {\"class_type\": \"DecodeLatent\","
    "   \"inputs\": {\"model\": [\"model\", 0], \"latent\": [\"sampler\", 0]}},"
    " \"invert\": {\"class_type\": \"acme.image.Invert\","
    "   \"inputs\": {\"image\": [\"image\", 0]}},"
    " \"show\": {\"class_type\": \"PreviewImage\", \"inputs\": {\"images\": [\"invert\", 0]}}}";

static const char WATCH[] =
    "{\"type\": \"test.watch.Watch\", \"pack\": \"test:watch\", \"version\": \"1.0.0\","
    " \"title\": \"w\", \"category\": \"c\", \"description\": \"d\","
    " \"step_operator\": {\"phases\": [\"predicted\"]},"
    " \"inputs\": [{\"name\": \"policy\", \"type\": \"STEP_POLICY\", \"optional\": true}],"
    " \"outputs\": [{\"name\": \"policy\", \"type\": \"STEP_POLICY\"}]}";

static double first = -1, last = -1;

static AmdmStatus make(void *user, AmdmContext *ctx, const AmdmNodeApi *api, void **out)
{
    (void)user, (void)ctx, (void)api;
    *out = NULL;
    return AMDM_STATUS_OK;
}

static AmdmStatus window(void *user, void *operator_data, AmdmContext *ctx, const AmdmNodeApi *api,
                         uint32_t steps, const AmdmWindow *before, size_t count, AmdmWindow *out)
{
    (void)user, (void)operator_data, (void)ctx, (void)api, (void)before, (void)count;
    out->start = 0;
    out->end = steps;
    return AMDM_STATUS_OK;
}

static AmdmStatus apply(void *user, void *operator_data, AmdmContext *ctx, const AmdmNodeApi *api,
                        uint32_t phase)
{
    AmdmStatus status = api->step->guidance(ctx, 0, &last);
    (void)user, (void)operator_data, (void)phase;
    first = first < 0 ? last : first;
    return status;
}

static const char LENDING[] =
    "{\"lane\": {\"class_type\": \"Lane\", \"inputs\": {}},"
    " \"start\": {\"class_type\": \"EmptyLatent\", \"inputs\": {}},"
    " \"sampler\": {\"class_type\": \"Sampler\", \"inputs\": {\"lanes\": [\"lane\", 0],"
    "   \"latent\": [\"start\", 0], \"steps\": 2}}}";

static int heard = 0, ended = 0;

static AmdmStatus hears(void *user_data, AmdmContext *ctx, const AmdmNodeApi *api,
                        const AmdmRequest *requests, size_t count, uint32_t parts,
                        AmdmPrediction *out)
{
    void *prompt = NULL;
    AmdmStatus status = api->object->user_data(ctx, requests[0].positive, &prompt);
    (void)user_data, (void)count, (void)parts;
    if (status != AMDM_STATUS_OK)
        return status;
    heard = *(const int *)prompt;
    return api->tensor->affine(ctx, requests[0].latent, 0.5, 0, &out[0].guided);
}

static void end(void *prompt)
{
    (void)prompt;
    ended++;
}

extern const AmdmModelVtable GREY;
const AmdmModelVtable GREY = {
    sizeof(AmdmModelVtable),
    "{\"name\": \"hears\", \"prediction\": \"flow\", \"latent_shape\": [3, 8, 8],"
    " \"latent_space\": \"hears\"}",
    NULL, NULL, hears, NULL, NULL, NULL, NULL};

/* Runs a graph over what it is lent. */
static int lending(AmdmHost *host)
{
    const AmdmOutputName wanted = {"sampler", "latent"};
    int prompt = 42;
    AmdmRunDesc desc;
    AmdmGraph *graph = NULL;
    AmdmRun *run = NULL;
    memset(&desc, 0, sizeof desc);
    desc.struct_size = sizeof desc;
    desc.wanted = &wanted;
    desc.wanted_count = 1;
    return amdm_graph_from_json(host, LENDING, strlen(LENDING), &graph) || lend(graph, &prompt, end)
        || amdm_run_create(graph, &desc, &run) || amdm_run_execute(run)
        || amdm_run_destroy(run) || amdm_graph_destroy(graph);
}

static int check(const char *what, AmdmStatus status)
{
    if (status != AMDM_STATUS_OK)
        fprintf(stderr, "%s: %s [%d]\n", what, amdm_last_error(), (int)status);
    return status != AMDM_STATUS_OK;
}

int main(int argc, char **argv)
{
    const AmdmNodeVtable watch = {
        sizeof watch, WATCH, NULL, NULL, make, window, NULL, NULL, apply, NULL, NULL};
    const AmdmApi *api = argc == 2 ? load(argv[1]) : NULL;
    AmdmHostDesc desc;
    AmdmRunDesc run_desc;
    AmdmImage image;
    AmdmHost *host = NULL;
    AmdmGraph *graph = NULL;
    AmdmRun *run = NULL;
    if (api == NULL || api->struct_size != sizeof *api)
        return 2;
    memset(&run_desc, 0, sizeof run_desc);
    run_desc.struct_size = sizeof run_desc;
    memset(&image, 0, sizeof image);
    image.struct_size = sizeof image;
    api->host_desc_init(&desc, sizeof desc);
    if (check("host", api->host_create(&desc, &host)) || check("node", amdm_host_register_node(host, &INVERT))
        || check("operator", add_guidance_fade(host)) || check("model", add_grey(host))
        || check("watch", amdm_host_register_node(host, &watch))
        || check("graph", amdm_graph_from_json(host, GRAPH, strlen(GRAPH), &graph))
        || check("create", amdm_run_create(graph, &run_desc, &run))
        || check("run", amdm_run_execute(run))
        || check("image", amdm_run_output_image(run, "show", NULL, 0, &image)))
        return 1;
    printf("guidance %.1f to %.1f\n", first, last);
    printf("pixel %d\n", ((const unsigned char *)image.data)[0]);
    image.release(image.release_ctx);
    amdm_run_destroy(run);
    amdm_graph_destroy(graph);
    if (check("lending", lending(host)))
        return 1;
    printf("prompt %d, ended %d\n", heard, ended);
    amdm_host_destroy(host);
    return 0;
}
