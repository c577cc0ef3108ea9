//! `PrimitiveInt`, `PrimitiveFloat`, `PrimitiveString`, `PrimitiveStringMultiline`,
//! `PrimitiveBoolean`: a value for several nodes at once.

use crate::pack::{
    primitive_boolean, primitive_float, primitive_int, primitive_string, primitive_string_multiline,
};

pub(crate) fn int(inputs: primitive_int::Inputs) -> primitive_int::Outputs {
    primitive_int::Outputs { value: inputs.value }
}

pub(crate) fn float(inputs: primitive_float::Inputs) -> primitive_float::Outputs {
    primitive_float::Outputs { value: inputs.value }
}

pub(crate) fn string(inputs: primitive_string::Inputs) -> primitive_string::Outputs {
    primitive_string::Outputs { value: inputs.value }
}

pub(crate) fn paragraphs(
    inputs: primitive_string_multiline::Inputs,
) -> primitive_string_multiline::Outputs {
    primitive_string_multiline::Outputs { value: inputs.value }
}

pub(crate) fn boolean(inputs: primitive_boolean::Inputs) -> primitive_boolean::Outputs {
    primitive_boolean::Outputs { value: inputs.value }
}
