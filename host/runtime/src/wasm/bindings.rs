//! What wasmtime derives from the contract in `wit/`: traits to implement, guests to call.
#![allow(missing_docs, unused_qualifications, clippy::all, clippy::panic, clippy::unwrap_used)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "amdm:node/step-pack",
    with: {
        "amdm:node/tensors.tensor": amdm_diffusion::Tensor,
        "amdm:node/tensors.generator": crate::wasm::interfaces::Generator,
        "amdm:node/objects.object": crate::value::Object,
        "amdm:node/codecs.codec": crate::wasm::interfaces::Codec,
        "amdm:node/encoders.text-encoder": crate::wasm::interfaces::TextEncoder,
        "amdm:node/models.model": crate::wasm::interfaces::Model,
        "amdm:node/runtime.call": crate::core::NodeCall,
        "amdm:node/sampling.step-context": crate::core::StepView,
        "amdm:node/sampling.policy": crate::core::Policy,
    },
    trappable_error_type: { "amdm:node/types.error" => crate::wasm::interfaces::HostError },
    imports: { default: trappable },
});
