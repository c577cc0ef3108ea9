// Runs a graph that has a node written here: a vignette.
//
//     embed GRAPH OUTPUT_DIR
//
// Exit codes: 0 done, 1 failed, 2 called wrongly.
#include "amdm.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

const char *const VIGNETTE = R"({
  "type": "acme.frame.Vignette", "pack": "acme:frame", "version": "1.0.0",
  "title": "Vignette", "category": "acme/image",
  "description": "Darkens an image towards its corners.",
  "inputs": [
    {"name": "image", "type": "IMAGE"},
    {"name": "strength", "type": "FLOAT", "default": 0.5, "min": 0, "max": 1, "step": 0.05,
     "tooltip": "0 leaves the image as it is, 1 makes the corners black."}
  ],
  "outputs": [{"name": "image", "type": "IMAGE"}]
})";

// Images are [batch, height, width, channels], in [0, 1].
void vignette(const amdm::Call &call)
{
    const AmdmTensor *image = call.input("image").as.tensor;
    const float strength = static_cast<float>(call.input("strength").as.number);
    const auto shape = call.shape(image);
    auto values = call.values(image);
    const std::size_t height = shape[1], width = shape[2], channels = shape[3];
    if (channels == 4)
        throw std::invalid_argument("found an image with alpha, expected one without");
    for (std::size_t i = 0; i < values.size(); i++) {
        const std::size_t x = i / channels % width, y = i / (channels * width) % height;
        const float dx = 2 * (static_cast<float>(x) + 0.5f) / static_cast<float>(width) - 1;
        const float dy = 2 * (static_cast<float>(y) + 0.5f) / static_cast<float>(height) - 1;
        values[i] *= std::max(0.0f, 1 - strength * (dx * dx + dy * dy) / 2);
    }
    call.output("image", shape, values.data());
}

std::string read(const char *path)
{
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    if (!file || !(text << file.rdbuf()))
        throw std::runtime_error(std::string("cannot read ") + path);
    return text.str();
}

void run(const char *path, const char *dir)
{
    amdm::Host host;
    host.add_node(VIGNETTE, vignette);
    amdm::Graph graph(host, read(path));
    graph.set("sampler", "seed", "7");
    auto desc = amdm::sized<AmdmRunDesc>();
    desc.output_dir = dir;
    amdm::Run run(graph, desc);
    run.start();
    run.follow([](const AmdmEvent &event) {
        if (event.kind == AMDM_EVENT_NODE_DONE)
            std::cout << std::string(event.node.ptr, event.node.len) << ": " << event.seconds
                      << " s\n";
    });
    const amdm::Image image = run.image("save");
    const unsigned char *corner = image.row(0);
    const unsigned char *middle = image.row(image.get().height / 2) + 3 * (image.get().width / 2);
    std::cout << "corner " << int(corner[0]) << ", middle " << int(middle[0]) << "\n";
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " GRAPH OUTPUT_DIR\n";
        return 2;
    }
    try {
        run(argv[1], argv[2]);
        return 0;
    } catch (const amdm::Error &error) {
        std::cerr << error.what() << " [" << error.status << "]\n";
    } catch (const std::exception &error) {
        std::cerr << error.what() << "\n";
    }
    return 1;
}
