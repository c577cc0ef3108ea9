//! What wasmtime derives from the contract in `wit/`: traits to implement, guests to call.
#![allow(missing_docs, unused_qualifications, clippy::all, clippy::panic, clippy::unwrap_used)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "amdm:node/step-pack",
    with: {
        "amdm:node/tensors.tensor": amdm_diffusion::Tensor,
        "amdm:node/tensors.generator": crate::contract::Generator,
        "amdm:node/objects.object": crate::value::Object,
        "amdm:node/models.model": crate::contract::Model,
        "amdm:node/runtime.call": crate::contract::Call,
        "amdm:node/sampling.step-context": crate::contract::Context,
        "amdm:node/sampling.policy": crate::contract::Policy,
    },
    trappable_error_type: { "amdm:node/types.error" => crate::contract::HostError },
    imports: { default: trappable },
});
