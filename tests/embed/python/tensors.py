"""Tensors in and out: buffers, sequences, DLPack, graphs and runs. Run in examples/embed-c."""

import array
import ctypes
import gc
import math
import struct

import amdm
from amdm import _dlpack, registry
from amdm import _library as library
from kit import described, fails, filter_of, numpy_or_none, raises, shown

SOCKET = [{"name": "image", "type": "IMAGE"}]


class Make(amdm.Node):
    """Hands a callback to whoever tests it."""

    descriptor = described("Make", inputs=SOCKET, deterministic=False)

    def execute(self, call):
        self.work(call)


def within(host, work):
    """Does `work(call)` in a callback; `call["image"]` is [1, 2, 3, 3]. Raises what it raises."""
    raised = []

    def kept(call):
        try:
            work(call)
        except BaseException as error:
            raised.append(error)

    host.made.work = kept
    graph = host.graph({"1": {"class_type": "test.kit.Make", "inputs": {}}})
    graph.set_tensor("1", "image", host.tensor([i / 32 for i in range(18)], [1, 2, 3, 3]))
    graph.run().execute()
    if raised:
        raise raised[0]


class Theirs:
    """Another library's tensor, made with ctypes alone: the values 0 to 5, in a column order."""

    def __init__(self, versioned, code=2, size=4):
        self.versioned, self.deleted = versioned, 0
        form = "<i8" if code == 0 else "<d" if size == 8 else "<f"
        numbers = struct.pack("<6" + {"<i8": "q", "<d": "d", "<f": "f"}[form], 0, 3, 1, 4, 2, 5)
        self.values = ctypes.create_string_buffer(numbers)
        self.shape, self.strides = (ctypes.c_int64 * 2)(2, 3), (ctypes.c_int64 * 2)(1, 2)
        tensor = _dlpack.DLTensor(
            data=ctypes.addressof(self.values),
            device_type=1,
            ndim=2,
            code=code,
            bits=8 * size,
            lanes=1,
            shape=self.shape,
            strides=self.strides,
        )
        self.deleter = _dlpack.Deleter(self.delete)
        made = _dlpack.Versioned(1, 0) if versioned else _dlpack.Unversioned()
        made.tensor, made.deleter = tensor, self.deleter
        self.made = made

    def delete(self, _):
        self.deleted += 1

    def __dlpack__(self, **options):
        if options and not self.versioned:
            raise TypeError("from before versions")
        name = _dlpack.NEW if self.versioned else _dlpack.OLD
        self.capsule = _dlpack._new(ctypes.addressof(self.made), name, None)
        return self.capsule

    def __dlpack_device__(self):
        return 1, 0


def read(capsule, name=_dlpack.NEW, flags=1):
    """What a consumer of another library's does: takes the tensor, reads it, gives it back.

    flags: 1 where nobody may write, 2 for a copy, which is written to.
    """
    managed = _dlpack._pointer(capsule, name)
    _dlpack._set_name(capsule, b"used_" + name)
    if name == _dlpack.NEW:
        seen = _dlpack.Versioned.from_address(managed)
        assert seen.major == 1 and seen.flags == flags
    else:
        seen = _dlpack.Unversioned.from_address(managed)
    tensor, count = seen.tensor, 1
    shape = tensor.shape[: tensor.ndim]
    for extent in shape:
        count *= extent
    assert (tensor.code, tensor.bits, tensor.lanes, tensor.byte_offset) == (2, 32, 1, 0)
    assert (tensor.device_type, tensor.device_id) == (1, 0)
    strides = tensor.strides[: tensor.ndim] if tensor.strides else []
    assert strides == [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    memory = (ctypes.c_float * count).from_address(tensor.data)
    values = list(memory)
    if flags & 2:
        assert tensor.data % 64 == 0
        memory[:] = [7] * count
    seen.deleter(managed)
    return shape, values


def sources(host):
    """What is taken as a tensor, outside callbacks and inside."""
    flat = array.array("f", range(6))
    rows = memoryview(flat).cast("B").cast("f", [2, 3])
    good = [
        (rows, None),
        (rows.toreadonly(), None),
        (flat, [2, 3]),
        (bytes(range(6)), (2, 3)),
        (array.array("d", range(6)), [2, 3]),
        (array.array("q", range(6)), [2, 3]),
        ((ctypes.c_float * 3 * 2)((0, 1, 2), (3, 4, 5)), None),
        ([[0, 1, 2], [3, 4.0, True + 4]], None),
        (((0, 1, 2), array.array("i", [3, 4, 5])), None),
        (range(6), [2, 3]),
        (Theirs(True), None),
        (Theirs(True, code=0, size=8), None),
        (Theirs(True, size=8), None),
        (Theirs(False), None),
        (host.tensor(flat, [2, 3]), None),
    ]
    numpy = numpy_or_none()
    if numpy:
        whole = numpy.arange(6)
        for kind in "f4 f8 f2 i1 u2 i4 >f4 >i8".split():
            good.append((whole.astype(kind).reshape(2, 3), None))
        turned = numpy.array([[0, 3], [1, 4], [2, 5]], "f4").T
        good += [(turned, None), (turned[:, ::-1][:, ::-1], None), (list(turned), None)]
        good.append((numpy.ma.masked_array(turned), None))

    def right(tensor):
        assert tensor.shape == (2, 3) and list(tensor.values()) == [0, 1, 2, 3, 4, 5], tensor
        assert tensor.data.tolist() == [[0, 1, 2], [3, 4, 5]] and tensor.data.readonly

    for make in (host.tensor, None):
        for source, shape in good:
            if make:
                right(make(source, shape))
            else:
                within(host, lambda call: right(call.tensor(source, shape)))
    for theirs in [source for source, _ in good if isinstance(source, Theirs)]:
        assert theirs.deleted == 2, "each taken once, and given back"
    assert host.tensor(1.5).shape == () and host.tensor(1.5).values()[0] == 1.5
    for make in (host.tensor, lambda *given: within(host, lambda call: call.tensor(*given))):
        assert "unequal" in raises(ValueError, lambda: make([[1, 2], [3]]))
        assert "6 values" in raises(ValueError, lambda: make(flat, [2, 2]))
        assert "real numbers" in raises(TypeError, lambda: make(memoryview(b"ab").cast("c")))
        raises(TypeError, lambda: make(["one"]))
        raises(TypeError, lambda: make({"a": 1}))
        theirs = Theirs(True, code=5, size=4)
        fails("UNSUPPORTED", lambda: make(theirs))
        assert theirs.deleted == 0 and _dlpack._is_valid(id(theirs.capsule), _dlpack.NEW)


def shared(host):
    """DLPack out, without a copy; capsules end what nobody takes."""
    tensor = host.tensor([[1, 2], [3, 4]])
    assert tensor.__dlpack_device__() == (1, 0) and tensor.device == "cpu"
    assert repr(tensor) == "<amdm.Tensor (2, 2) on cpu>"
    capsule = tensor.__dlpack__(max_version=(1, 1), stream=None, dl_device=(1, 0))
    assert "dltensor_versioned" in repr(capsule) and len(library.SHOWN) == 1
    assert read(capsule) == ([2, 2], [1, 2, 3, 4])
    del capsule
    unused = tensor.__dlpack__(max_version=(1, 0))
    view, kept = tensor.data, host.tensor(tensor)
    tensor.close()
    assert read(unused) == ([2, 2], [1, 2, 3, 4]), "the view outlives the handle"
    ended = []
    delete, _dlpack.delete = _dlpack.delete, lambda managed: (ended.append(1), delete(managed))
    del unused
    assert kept.shape and not ended and not library.SHOWN, "it was taken"
    dropped = kept.__dlpack__(max_version=(1, 0))
    assert kept.shape and not ended, "somebody has it"
    # A consumer that fails: its error is what comes out, and the tensor is given back.
    assert "int()" in raises(TypeError, lambda held=dropped: int(held))
    assert "int()" in raises(TypeError, lambda: int(kept.__dlpack__(max_version=(1, 0))))
    del dropped
    assert kept.shape and ended == [1, 1] and not library.SHOWN, "they were not"
    _dlpack.delete = delete
    assert view.tolist() == [[1, 2], [3, 4]]
    for wrong in (
        {"copy": False},
        {"max_version": (0, 8), "copy": False},
        {"max_version": (1, 0), "dl_device": (2, 0)},
        {"max_version": (1, 0), "dl_device": (2, 0), "copy": True},
    ):
        assert "found a request" in raises(BufferError, lambda: kept.__dlpack__(**wrong))
    copies(host, kept)
    fails("INVALID_HANDLE", lambda: tensor.shape)
    assert "ended" in repr(tensor)
    numpy = numpy_or_none()
    if not numpy:
        return
    array_ = numpy.asarray(kept)
    assert array_.dtype == numpy.float32 and not array_.flags.writeable
    again = numpy.asarray(kept)
    assert array_.ctypes.data == again.ctypes.data, "no copies"
    assert numpy.array(kept, dtype="f8", copy=True).flags.writeable
    assert kept.numpy().ctypes.data == array_.ctypes.data and not kept.numpy().flags.writeable
    assert kept.numpy(copy=True).flags.writeable and kept.numpy().dtype == numpy.float32
    imported = numpy.from_dlpack(kept)
    assert not imported.flags.writeable and imported.tolist() == [[1, 2], [3, 4]]
    if numpy.lib.NumpyVersion(numpy.__version__) >= "2.1.0":
        own = numpy.from_dlpack(kept, copy=True)
        own += 1
        seen = numpy.from_dlpack(kept, copy=False)
        assert kept.data.tolist() == [[1, 2], [3, 4]] == seen.tolist()
        imported = numpy.from_dlpack(kept)
        assert imported.ctypes.data == array_.ctypes.data and imported.tolist() == [[1, 2], [3, 4]]
        kept.close()
        gc.collect()
        assert imported.tolist() == [[1, 2], [3, 4]] 


def copies(host, tensor):
    """Copies are the taker's, and end without Python; who knows no read-only views gets one."""
    new, old = _dlpack.NEW, _dlpack.OLD
    for given, name in (
        ({"max_version": (1, 0), "copy": True}, new),
        ({"max_version": (2, 0), "copy": True, "dl_device": (1, 0), "stream": None}, new),
        ({"copy": True}, old),
        ({}, old),
        ({"max_version": (0, 8)}, old),
    ):
        assert read(tensor.__dlpack__(**given), name, 2) == ([2, 2], [1, 2, 3, 4])
        tensor.__dlpack__(**given)
        assert tensor.data.tolist() == [[1, 2], [3, 4]] and not library.SHOWN
        assert host.tensor(Shows(tensor, given)).data.tolist() == [[1, 2], [3, 4]]
    one = host.tensor(1.5)
    assert read(one.__dlpack__(copy=True), old, 2) == ([], [1.5])
    deep = host.tensor(range(24), [1, 2, 3, 4]).__dlpack__(max_version=(1, 0), copy=True)
    assert read(deep, new, 2) == ([1, 2, 3, 4], list(range(24)))
    # From a callback, too, where the copy stays.
    def work(call):
        work.copy = call["image"].__dlpack__(copy=True)

    within(host, work)
    assert read(work.copy, old, 2)[1][17] == 17 / 32


class Shows:
    """Gives what a tensor shows, asked in its own way."""

    def __init__(self, tensor, given):
        self.tensor, self.given = tensor, given

    def __dlpack__(self, **_):
        return self.tensor.__dlpack__(**self.given)


def refused(host):
    """What lies on another device, and what learns."""

    class Elsewhere(Theirs):
        def __init__(self, kind):
            super().__init__(True)
            self.kind, self.made.tensor.device_type = kind, kind

        def __dlpack_device__(self):
            return self.kind, 1

    class Learns:
        requires_grad = True

        def detach(self):
            return Theirs(True)

        def __dlpack__(self, **_):
            raise BufferError("it learns")

    for make in (host.tensor, lambda *given: within(host, lambda call: call.tensor(*given))):
        for kind, name in ((2, "cuda:1"), (8, "metal:1"), (99, "device type 99:1")):
            theirs = Elsewhere(kind)
            error = fails("UNSUPPORTED", lambda: make(theirs))
            assert f"found a tensor on {name}, expected one in" in error.message, error
            assert ".cpu()" in error.message and theirs.deleted == 0
        make(Elsewhere(3))
        make(Learns())


def lent(host):
    """Tensors of callbacks: given and still there, kept beyond, worked with."""

    def work(call):
        image = call["image"]
        assert image.shape == (1, 2, 3, 3) and image.data[0, 1, 2, 2] == 17 / 32
        made = (2 * image + 1 - image) / 2 * image - (1 - -image)
        expected = [(x + 1) / 2 * x - (1 + x) for x in image.values()]
        assert max(abs(a - b) for a, b in zip(made.values(), expected)) < 1e-6
        assert (image / image).values()[1] == 1 and (image - image).values()[5] == 0
        assert image.clamp(0.25, 0.5).minimum(image).maximum(image).values() == image.values()
        assert (image * image).sqrt().values()[4] == 4 / 32
        assert image.sin().shape == image.acos().shape == image.shape
        chosen = image.select(0.26, image, image * 0).values()
        assert chosen[8] == 0 and chosen[9] == 9 / 32
        assert image.reshape(18).narrow(0, 3, 2).values().tolist() == [3 / 32, 4 / 32]
        assert image.sample_dot(image).shape == (1,)
        assert call.concat([image, image], 0).shape == (2, 2, 3, 3)
        assert call.combine([image, image], [2, -1]).values() == image.values()
        assert call.noise(7, [2, 2]).values() == call.noise(7, [2, 2]).values()
        assert call.tensor(image).handle != image.handle
        numpy = numpy_or_none()
        if numpy:
            assert numpy.asarray(image).shape == image.shape, "an array, not an object in one"
            assert numpy.asarray(call["image"]).sum() == sum(image.values())
        work.kept, work.lent, work.view = image.keep(), image, image.data

    within(host, work)
    assert work.kept.values()[17] == 17 / 32 == work.view[0, 1, 2, 2]
    fails("INVALID_HANDLE", work.lent.values)
    raises(TypeError, lambda: work.kept + 1)


def through_graphs(host):
    class Twice(amdm.Node):
        """Sets one tensor, and one object, twice; takes an array in place of a tensor."""

        descriptor = {
            **filter_of("Twice"),
            "outputs": [{"name": name, "type": "IMAGE"} for name in ("image", "same", "flat")],
        }

        def execute(self, call):
            image = call["image"]
            call["image"] = image
            call["same"] = image
            call["flat"] = memoryview(image.values()).cast("B").cast("f", [1, 2, 3, 3])
            assert image.shape == (1, 2, 3, 3), "it is still there"

    host.register_node(Twice())
    nodes = shown("test.kit.Twice")
    del nodes["load"]
    graph = host.graph(nodes)
    numbers = [i / 32 for i in range(18)]
    given = memoryview(array.array("f", numbers)).cast("B").cast("f", [1, 2, 3, 3])
    graph.set_tensor("not", "image", given)
    run = graph.run(wanted=[("not", name) for name in ("image", "same", "flat")])
    fails("WRONG_STATE", lambda: run.tensor("not", "image"))
    run.execute()
    for name in ("image", "same", "flat"):
        tensor = run.tensor("not", name)
        assert tensor.shape == (1, 2, 3, 3) and list(tensor.values()) == numbers
    assert run.tensor("show").shape == (1, 2, 3, 3)
    fails("EMPTY", lambda: run.tensor("not", "none"))
    run.close()
    assert list(tensor.values()) == numbers, "it outlives the run"
    # Out of one run and into another.
    graph.set_tensor("not", "image", tensor)
    run = graph.run(wanted=[("not", "image")])
    run.execute()
    assert run.tensor("not", "image").data == tensor.data
    assert fails("INVALID_INPUT", lambda: graph.set_tensor("not", "image", [1.0])).message


def same_tensor_twice(host):
    """A model may answer with one tensor in several places."""
    alphas = [1 - step / 10 for step in range(1, 10)]

    class Same(amdm.Denoiser):
        info = {
            "name": "same",
            "prediction": "epsilon",
            "latent_shape": [3, 8, 8],
            "latent_space": "test-same",
            "alphas_cumprod": alphas,
            "parts": True,
        }

        def condition(self, call, text, tensors):
            self.made = call.object("TEST", {"json": {"text": text}, "number": 2, "flag": True})
            assert self.made["number"] == 2 and self.made["flag"] is True
            assert self.made.kind == "TEST" and len(self.made) == 1
            pair = call.object("PAIR", {"one": self.made, "other": self.made})
            assert pair["one"]["number"] == pair["other"]["number"] == 2
            return self.made

        def predict(self, call, requests, parts):
            assert all(request.positive["number"] == 2 for request in requests)
            latent = requests[0].latent
            return [(latent,) * 3 if parts else latent for _ in requests]

        def decode(self, call, latent):
            return latent.values().tolist() and [[[[0.5] * 3] * 8] * 8] * latent.shape[0]

    host.register_model(Same())
    graph = {
        "model": {"class_type": "ModelLoader", "inputs": {"model_name": "same"}},
        "what": {"class_type": "ConditionJson", "inputs": {"model": ["model", 0], "json": "{}"}},
        "one": {
            "class_type": "Lane",
            "inputs": {"model": ["model", 0], "positive": ["what", 0], "guidance": 2},
        },
        "two": {
            "class_type": "Lane",
            "inputs": {
                "model": ["model", 0],
                "positive": ["what", 0],
                "guidance": 2,
                "lanes": ["one", 0],
            },
        },
        "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
        "sampler": {
            "class_type": "Sampler",
            "inputs": {"lanes": ["two", 0], "latent": ["start", 0], "steps": 4},
        },
        "image": {
            "class_type": "DecodeLatent",
            "inputs": {"model": ["model", 0], "latent": ["sampler", 0]},
        },
    }
    run = host.graph(graph).run(wanted=[("image", "image"), ("sampler", "latent")])
    run.execute()
    assert run.tensor("image", "image").shape == (1, 8, 8, 3)
    assert run.tensor("sampler", "latent").shape == (1, 3, 8, 8)


def main():
    with amdm.Host(cache_bytes=0) as host:
        host.made = Make()
        host.register_node(host.made)
        for part in (sources, shared, refused, lent, through_graphs, same_tensor_twice):
            part(host)
    gc.collect()
    assert registry.left() == 0, "hosts end the nodes that were registered"
    print("ok")


main()
