"""The tables that callbacks are handed, and the vtables that they stand in; as <amdm.h> has them.

A table is only read as far as its `struct_size` goes. Tables of which nothing is used here are left
opaque.
"""

from __future__ import annotations

from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double
from ctypes import c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any

from ._types import Floats, Handles, NamedValue, NoiseLevel, Prediction, Request, Shape, Sized, Str
from ._types import TensorInfo, Value, Window

Handle = c_void_p
Text = c_char_p


def table(name: str, functions: dict[str, tuple[Any, ...]]) -> Any:
    """A struct of functions that take the context first and give a status."""
    fields: list[tuple[str, Any]] = [("struct_size", c_size_t)]
    for function, arguments in functions.items():
        fields.append((function, CFUNCTYPE(c_int32, Handle, *arguments)))
    return type(name, (Structure,), {"_fields_": fields})


CallApi = table(
    "CallApi",
    {
        "input": (Text, POINTER(Value)),
        "inputs": (Text, POINTER(POINTER(NamedValue)), POINTER(c_size_t)),
        "set_output": (Text, Value),
        "output_wanted": (Text, POINTER(c_uint32)),
        "set_ui": (Text,),
        "progress": (c_uint32, c_uint32),
        "preview": (Handle, Handle),
        "cancelled": (POINTER(c_uint32),),
        "log": (c_uint32, Text),
        "depends_on_more": (),
        "fail": (c_int32, Text, Text),
    },
)

Asked, Number, Lane = POINTER(c_uint32), POINTER(c_double), c_uint32

StepApi = table(
    "StepApi",
    {
        "index": (Asked,),
        "steps": (Asked,),
        "lanes": (Asked,),
        "target": (Asked,),
        "set_target": (Lane,),
        "weight": (Lane, Number),
        "set_weight": (Lane, c_double),
        "guidance": (Lane, Number),
        "set_guidance": (Lane, c_double),
        "refine": (Lane, Number),
        "set_refine": (Lane, c_double),
        "wanted": (Lane, Asked),
        "stochastic": (Asked,),
        "now": (POINTER(NoiseLevel),),
        "next": (POINTER(NoiseLevel),),
        "alphas_cumprod": (Floats, c_size_t, POINTER(c_size_t)),
        "active": (Lane, Asked),
        "set_active": (Lane, c_uint32),
        "input": (Lane, Handles),
        "set_input": (Lane, Handle),
        "epsilon": (Lane, c_uint32, Handles),
        "denoised": (Lane, c_uint32, Handles),
        "has_prediction": (Lane, Asked),
        "set_epsilon": (Lane, Handle),
        "set_denoised": (Lane, Handle),
        "mean": (Lane, Handles),
        "latent": (Lane, Handles),
        "set_latent": (Lane, Handle),
        "rewritten": (Lane, Asked),
        "slot": (Text, Handles),
        "set_slot": (Text, Handle),
        "trace": (Text, c_int32, c_double),
        "cancelled": (Asked,),
    },
)

Unary = (Handle, Handles)
Binary = (Handle, Handle, Handles)

TensorApi = table(
    "TensorApi",
    {
        "from_f32": (Shape, c_size_t, Floats, Handles),
        "info": (Handle, POINTER(TensorInfo)),
        "share": Unary,
        "linear_combination": (Handles, POINTER(c_double), c_size_t, Handles),
        "sample_combination": (Handles, Handles, c_size_t, Handles),
        "add": Binary,
        "sub": Binary,
        "mul": Binary,
        "div": Binary,
        "affine": (Handle, c_double, c_double, Handles),
        "minimum": Binary,
        "maximum": Binary,
        "clamp": (Handle, c_double, c_double, Handles),
        "sample_dot": Binary,
        "sqrt": Unary,
        "sin": Unary,
        "acos": Unary,
        "select": (Handle, c_double, Handle, Handle, Handles),
        "reshape": (Handle, Shape, c_size_t, Handles),
        "narrow": (Handle, c_uint32, c_uint32, c_uint32, Handles),
        "concat": (Handles, c_size_t, c_uint32, Handles),
        "read_f32": (Handle, Floats, c_size_t),
        "from_dlpack": (c_void_p, c_int64, Handles),
    },
)

ObjectApi = table(
    "ObjectApi",
    {
        "create": (Text, POINTER(NamedValue), c_size_t, Handles),
        "kind": (Handle, POINTER(Str)),
        "field": (Handle, Text, POINTER(Value)),
        "count": (Handle, POINTER(c_size_t)),
        "item": (Handle, c_size_t, Handles),
        "append": (Handle, Handle, Handles),
        "retain": (Handle,),
        "release": (Handle,),
        "user_data": (Handle, POINTER(c_void_p)),
    },
)

ModelApi = table(
    "ModelApi",
    {
        "load": (Text, Text, Handles),
        "from_object": (Handle, Handles),
        "to_object": (Handle, Handles),
        "info": (Handle, POINTER(Str)),
        "timesteps": (Handle, c_uint32, POINTER(c_double)),
        "predict": (POINTER(Request), c_size_t, c_uint32, POINTER(Prediction)),
        "condition": (Handle, Text, POINTER(Text), Handles, c_size_t, Handles),
        "encode": (Handle, Handle, Handles),
        "decode": (Handle, Handle, Handles),
        "retain": (Handle,),
        "release": (Handle,),
        "with_adapter": (Handle, Text, Text, Handles),
        "list_names": (Text, POINTER(Str)),
        "predict_at": (
            POINTER(Request),
            c_size_t,
            c_double,
            c_double,
            c_uint32,
            POINTER(Prediction),
        ),
        "request_level": (c_size_t, POINTER(NoiseLevel)),
    },
)

GeneratorApi = table(
    "GeneratorApi",
    {
        "create": (c_uint64, Handles),
        "normal": (Handle, Shape, c_size_t, Handles),
        "retain": (Handle,),
        "release": (Handle,),
    },
)


class NodeApi(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("call", POINTER(CallApi)),
        ("step", POINTER(StepApi)),
        ("tensor", POINTER(TensorApi)),
        ("object", POINTER(ObjectApi)),
        ("model", POINTER(ModelApi)),
        ("image", c_void_p),
        ("generator", POINTER(GeneratorApi)),
    ]


Api = POINTER(NodeApi)
Destroy = CFUNCTYPE(None, c_void_p)
Execute = CFUNCTYPE(c_int32, c_void_p, Handle, Api)
MakeOperator = CFUNCTYPE(c_int32, c_void_p, Handle, Api, Handles)
OperatorWindow = CFUNCTYPE(
    c_int32,
    c_void_p,
    c_void_p,
    Handle,
    Api,
    c_uint32,
    POINTER(Window),
    c_size_t,
    POINTER(Window),
)
WantsParts = CFUNCTYPE(c_int32, c_void_p, c_void_p, Handle, Api, POINTER(c_uint32))
OperatorCheck = CFUNCTYPE(c_int32, c_void_p, c_void_p, Handle, Api)
OperatorApply = CFUNCTYPE(c_int32, c_void_p, c_void_p, Handle, Api, c_uint32)
OperatorDestroy = CFUNCTYPE(None, c_void_p, c_void_p)
Timesteps = CFUNCTYPE(c_int32, c_void_p, Handle, Api, c_uint32, POINTER(c_double))
Predict = CFUNCTYPE(
    c_int32, c_void_p, Handle, Api, POINTER(Request), c_size_t, c_uint32, POINTER(Prediction)
)
Condition = CFUNCTYPE(
    c_int32, c_void_p, Handle, Api, Text, POINTER(Text), Handles, c_size_t, Handles
)
Codec = CFUNCTYPE(c_int32, c_void_p, Handle, Api, Handle, Handles)


class NodeVtable(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("descriptor_json", Text),
        ("user_data", c_void_p),
        ("execute", Execute),
        ("make_operator", MakeOperator),
        ("operator_window", OperatorWindow),
        ("operator_wants_parts", WantsParts),
        ("operator_check", OperatorCheck),
        ("operator_apply", OperatorApply),
        ("operator_destroy", OperatorDestroy),
        ("destroy", Destroy),
    ]


class ModelVtable(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("info_json", Text),
        ("user_data", c_void_p),
        ("timesteps", Timesteps),
        ("predict", Predict),
        ("condition", Condition),
        ("decode", Codec),
        ("encode", Codec),
        ("destroy", Destroy),
    ]
