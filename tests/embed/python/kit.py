"""What the parts of the test of the Python package share."""

import importlib

import amdm

MODULES = {}
DESCRIPTOR = {
    "pack": "test:kit",
    "version": "1.0.0",
    "title": "t",
    "category": "c",
    "description": "d",
    "inputs": [],
    "outputs": [],
    "output_node": True,
}
IMAGE = [{"name": "image", "type": "IMAGE"}]


def described(name, **more):
    return {**DESCRIPTOR, "type": f"test.kit.{name}", **more}


def filter_of(name):
    """The descriptor of a node from image to image."""
    return described(name, inputs=IMAGE, outputs=IMAGE, output_node=False)


def one(kind):
    return {"1": {"class_type": kind, "inputs": {}}}


def shown(kind):
    """A picture through a node of `kind`, shown."""
    return {
        "load": {"class_type": "LoadImage", "inputs": {"image": "none.png"}},
        "not": {"class_type": kind, "inputs": {"image": ["load", 0]}},
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["not", 0]}},
    }


def fails(name, work):
    try:
        work()
    except amdm.Error as error:
        assert error.name == name, error
        return error
    raise AssertionError(f"expected {name}")


def raises(kind, work):
    try:
        work()
    except kind as error:
        return str(error)
    raise AssertionError(f"expected {kind.__name__}")


def module_or_none(name):
    """A module that may not be there; says so, once, where it is not."""
    if name not in MODULES:
        try:
            MODULES[name] = importlib.import_module(name)
        except ImportError:
            MODULES[name] = None
            print(f"skipped: {name} is not there")
    return MODULES[name]


def numpy_or_none():
    return module_or_none("numpy")


def torch_or_none():
    return module_or_none("torch")
