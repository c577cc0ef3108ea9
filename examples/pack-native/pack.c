/* A native pack: one node that turns colours into their opposites.
 *
 * Build:  cc -std=c99 -shared -fPIC pack.c -o libopposite.so
 * Allow:  sha256sum libopposite.so > allowed.txt
 * Use:    amdm run graph.json --allow-native-packs allowed.txt
 *
 * A native pack runs with all rights of the process that loads it. Prefer a WebAssembly pack
 * (examples/pack-rust) unless the node needs something that only native code has.
 */
#include "amdm.h"

static const char DESCRIPTOR[] =
    "{\"type\": \"acme.native.Opposite\", \"pack\": \"acme:native\", \"version\": \"1.0.0\","
    " \"title\": \"Opposite\", \"category\": \"Acme/image\","
    " \"description\": \"Turns colours into their opposites.\","
    " \"inputs\": [{\"name\": \"image\", \"type\": \"IMAGE\"},"
    "  {\"name\": \"amount\", \"type\": \"FLOAT\", \"default\": 1.0, \"min\": 0.0, \"max\": 1.0,"
    "   \"tooltip\": \"0 leaves the image as it is.\"}],"
    " \"outputs\": [{\"name\": \"image\", \"type\": \"IMAGE\"}]}";

/* image + amount * (1 - 2 image) */
static AmdmStatus execute(void *user_data, AmdmContext *ctx, const AmdmNodeApi *api) {
    AmdmValue image, amount, result;
    AmdmStatus status;
    (void)user_data;
    if ((status = api->call->input(ctx, "image", &image)) != AMDM_STATUS_OK) return status;
    if ((status = api->call->input(ctx, "amount", &amount)) != AMDM_STATUS_OK) return status;
    result.kind = AMDM_VALUE_TENSOR;
    result.reserved = 0;
    status = api->tensor->affine(ctx, image.as.tensor, 1.0 - 2.0 * amount.as.number,
                                 amount.as.number, &result.as.tensor);
    if (status != AMDM_STATUS_OK) return status;
    return api->call->set_output(ctx, "image", result);
}

static AmdmNodeVtable OPPOSITE;

static const AmdmNodeVtable *node(uint32_t index) {
    (void)index;
    OPPOSITE.struct_size = sizeof OPPOSITE;
    OPPOSITE.descriptor_json = DESCRIPTOR;
    OPPOSITE.execute = execute;
    return &OPPOSITE;
}

static const AmdmNodeFactory NODES = {sizeof(AmdmNodeFactory), 1, 0, node};

static const void *get_factory(const char *id) {
    static const char wanted[] = "amdm.nodes/0";
    unsigned i = 0;
    while (id[i] == wanted[i] && wanted[i] != 0) i++;
    return id[i] == wanted[i] ? &NODES : 0;
}

#ifdef _WIN32
__declspec(dllexport)
#endif
extern const AmdmPackEntry amdm_pack_entry;
const AmdmPackEntry amdm_pack_entry = {
    sizeof(AmdmPackEntry), AMDM_ABI_MAJOR, AMDM_ABI_MINOR, 0, 0, get_factory,
};
