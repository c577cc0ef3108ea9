// libamdm in C++17: owners that end what they own, and failures as exceptions.
//
// A header to copy and change. `get()` gives the handle, to call what is not here. Owners move and
// do not copy. Threads: as <amdm.h> says.
#ifndef AMDM_HPP
#define AMDM_HPP

#include <amdm.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace amdm {

// What the library says of a failed call, with its status.
struct Error : std::runtime_error {
    Error(AmdmStatus code, const std::string &text) : std::runtime_error(text), status(code) {}
    AmdmStatus status;
};

// Throws where a call failed.
inline void check(AmdmStatus status)
{
    if (status != AMDM_STATUS_OK)
        throw Error(status, amdm_last_error());
}

// A struct with its size set and all else 0.
template <class Struct> Struct sized()
{
    Struct all{};
    all.struct_size = sizeof all;
    return all;
}

// Owns a handle that `make(&handle)` gives.
template <class T, AmdmStatus (*Destroy)(T *)> class Owner {
  public:
    T *get() const { return handle_.get(); }

  protected:
    template <class Make> explicit Owner(Make make)
    {
        T *handle = nullptr;
        check(make(&handle));
        handle_.reset(handle);
    }

  private:
    struct End {
        void operator()(T *handle) const { Destroy(handle); }
    };
    std::unique_ptr<T, End> handle_;
};

// An image of the library's, ended with this object; a preview, which has no `release`, is the
// event's and good until the next one.
class Image {
  public:
    explicit Image(AmdmImage image) : image_(image) {}
    Image(Image &&other) noexcept : image_(std::exchange(other.image_, AmdmImage{})) {}
    ~Image()
    {
        if (image_.release)
            image_.release(image_.release_ctx);
    }
    const AmdmImage &get() const { return image_; }
    const unsigned char *row(uint32_t y) const
    {
        auto first = static_cast<const unsigned char *>(image_.data);
        return first + std::ptrdiff_t(y) * image_.row_stride;
    }

  private:
    AmdmImage image_;
};

// What a node's function works with: inputs, outputs, and all tables in `api`.
struct Call {
    AmdmContext *context;
    const AmdmNodeApi *api;

    AmdmValue input(const char *name) const
    {
        AmdmValue value{};
        check(api->call->input(context, name, &value));
        return value;
    }
    std::vector<uint32_t> shape(const AmdmTensor *tensor) const
    {
        auto info = sized<AmdmTensorInfo>();
        check(api->tensor->info(context, tensor, &info));
        return {info.shape, info.shape + info.rank};
    }
    std::vector<float> values(const AmdmTensor *tensor) const
    {
        std::size_t count = 1;
        for (uint32_t extent : shape(tensor))
            count *= extent;
        std::vector<float> all(count);
        check(api->tensor->read_f32(context, tensor, all.data(), count));
        return all;
    }
    void output(const char *name, const std::vector<uint32_t> &shape, const float *values) const
    {
        AmdmValue value{};
        value.kind = AMDM_VALUE_TENSOR;
        auto tensor = &value.as.tensor;
        check(api->tensor->from_f32(context, shape.data(), shape.size(), values, tensor));
        check(api->call->set_output(context, name, value));
    }
};

class Host : public Owner<AmdmHost, amdm_host_destroy> {
  public:
    static AmdmHostDesc defaults()
    {
        AmdmHostDesc desc;
        check(amdm_host_desc_init(&desc, sizeof desc));
        return desc;
    }
    explicit Host(const AmdmHostDesc &desc = defaults())
        : Owner([&](AmdmHost **out) { return amdm_host_create(&desc, out); }) {}
    // Adds a class of nodes. Exceptions of the function become the error of the run.
    void add_node(const std::string &descriptor, std::function<void(const Call &)> execute)
    {
        using Execute = std::function<void(const Call &)>;
        auto vtable = sized<AmdmNodeVtable>();
        vtable.descriptor_json = descriptor.c_str();
        vtable.user_data = new Execute(std::move(execute));
        vtable.destroy = [](void *data) { delete static_cast<Execute *>(data); };
        vtable.execute = [](void *data, AmdmContext *context, const AmdmNodeApi *api) {
            AmdmStatus status = AMDM_STATUS_OK;
            try {
                (*static_cast<Execute *>(data))(Call{context, api});
            } catch (const Error &error) {
                api->call->fail(context, status = error.status, error.what(), nullptr);
            } catch (const std::exception &error) {
                api->call->fail(context, status = AMDM_STATUS_INTERNAL, error.what(), nullptr);
            } catch (...) { // nothing may unwind into the library
                const char *said = "an exception that is no std::exception";
                api->call->fail(context, status = AMDM_STATUS_INTERNAL, said, nullptr);
            }
            return status;
        };
        check(amdm_host_register_node(get(), &vtable));
    }
};

class Graph : public Owner<AmdmGraph, amdm_graph_destroy> {
  public:
    Graph(const Host &host, const std::string &json)
        : Owner([&](AmdmGraph **out) {
              return amdm_graph_from_json(host.get(), json.data(), json.size(), out);
          }) {}
    // Sets an input to a value as JSON: `7`, `"euler"`.
    void set(const std::string &node, const std::string &input, const std::string &json)
    {
        check(amdm_graph_set_json(get(), node.c_str(), input.c_str(), json.data(), json.size()));
    }
};

class Run : public Owner<AmdmRun, amdm_run_destroy> {
  public:
    explicit Run(const Graph &graph, const AmdmRunDesc &desc = sized<AmdmRunDesc>())
        : Owner([&](AmdmRun **out) { return amdm_run_create(graph.get(), &desc, out); }) {}
    void start() { check(amdm_run_start(get())); }
    void execute() { check(amdm_run_execute(get())); }
    void cancel(uint32_t when = AMDM_CANCEL_NOW) { check(amdm_run_cancel(get(), when)); }
    // Calls `see(event)` for every event to the last, then throws where the run failed.
    template <class See> void follow(See see)
    {
        auto event = sized<AmdmEvent>();
        while (event.kind != AMDM_EVENT_FINISHED) {
            check(amdm_run_next_event(get(), -1, &event));
            see(static_cast<const AmdmEvent &>(event));
        }
        check(amdm_run_wait(get(), -1));
    }
    // An image that a node saved or showed, in bytes of `channels`.
    Image image(const std::string &node, uint32_t index = 0, uint32_t channels = 3) const
    {
        auto image = sized<AmdmImage>();
        image.channels = channels;
        check(amdm_run_output_image(get(), node.c_str(), nullptr, index, &image));
        return Image(image);
    }
};

} // namespace amdm

#endif
